#!/usr/bin/env bash
# Tests the page in Debian's Chromium, with two companies' nodes. Screenshots lie in .build/page-screenshots.
#
#     Tests/Page/run.sh [NAME...]     all tests, or those whose names begin so
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bash Tests/setup.sh chromium tidy default-jre-headless fonts-noto-cjk
environment="$(bash Tests/environment.sh page Tests/Page/requirements.txt)"
exec "$environment/bin/python" Tests/Page/run.py --program "${COUNTERMARK:-.build/debug/countermark}" "$@"
