#!/usr/bin/env bash
# Sets up what is missing and checks a label's proof, run.sh PROOF --trust ROOT.pem, or a release,
# run.sh RELEASE --leaves RELEASE.leaves --trust ROOT.pem.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="$here/../../.build/verify-elsewhere"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
script=verify.py
for word in "$@"; do [ "$word" = --leaves ] && script=release.py; done
exec "$venv/bin/python" "$here/$script" "$@"
