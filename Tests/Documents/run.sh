#!/usr/bin/env bash
# Opens the documents that countermark writes for those who have no node with other people's readers from PyPI:
# Croissant with mlcroissant, PROV with prov and pyshacl.
#
# COUNTERMARK is the program, .build/debug/countermark by default. The readers live in a cached environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi
readers="$(bash Tests/environment.sh documents Tests/Documents/requirements.txt \
    --constraints Tests/Documents/constraints.txt)"
PYTHONPATH="$PWD/Tests/EndToEnd" PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore \
    exec "$readers/bin/python" Tests/Documents/documents.py --program "$program"
