#!/usr/bin/env bash
# Compares countermark's figures of quality with those of public libraries from PyPI, on made-up and on real data.
#
# COUNTERMARK is the program, .build/debug/countermark by default. The libraries live in a cached environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi

libraries="$(bash Tests/environment.sh quality Tests/Quality/requirements.txt \
    --constraints Tests/Quality/constraints.txt)"

export COUNTERMARK="$program" PYTHONPATH="$PWD/Tests/Clients:$PWD/Tests/Quality" PYTHONDONTWRITEBYTECODE=1
PYTHONWARNINGS=ignore exec "$libraries/bin/python" Tests/Quality/references.py "$@"
