#!/usr/bin/env bash
# Makes proof files and COSE receipts with this package's own code and checks them with other people's
# implementations: the Python packages proofbundle and cwt. Damaged copies must be refused.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
here="$PWD"
cd "${COUNTERMARK_PACKAGE:-../..}"
work="$PWD/.build/independent"
mkdir -p "$work"

. "$here/python.sh"

rm -f "$work/artefacts.json"
COUNTERMARK_ARTEFACTS="$work" swift test --filter ArtefactTests >"$work/artefacts.log" 2>&1 || {
    cat "$work/artefacts.log" >&2
    exit 1
}
"$python" "$here/proofcheck.py" "$work/artefacts.json"
