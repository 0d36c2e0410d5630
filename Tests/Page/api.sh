#!/usr/bin/env bash
# Tries the API of the operator's page: against the commands, against who attacks it, and against its own description.
#
# COUNTERMARK is the program, .build/debug/countermark by default. schemathesis lives in a cached environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi
export PYTHONDONTWRITEBYTECODE=1
python3 Tests/Page/api.py --program "$program"
environment="$(bash Tests/environment.sh described Tests/Page/described-requirements.txt \
    --constraints Tests/Page/described-constraints.txt)"
python3 Tests/Page/described.py --program "$program" --python "$environment/bin/python"
