#!/usr/bin/env bash
# Makes labels of two companies over real sockets and checks their proofs with the verifier in
# Examples/verify-elsewhere, which shares no code with the program, and with proofbundle and cwt.
#
# COUNTERMARK is the program, .build/debug/countermark by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here="$PWD/Tests/Independent"
work="$PWD/.build/independent"
program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
mkdir -p "$work"

. "$here/python.sh"
"$python" "$here/labelproof.py" "$program" "$work/labelproof"
"$python" "$here/proofcheck.py" "$work/labelproof/artefacts.json"
