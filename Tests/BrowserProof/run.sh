#!/usr/bin/env bash
# Checks in headless Chromium what the page's own cryptography says: proofs of the program, thousands of damaged ones,
# changesets byte for byte, and other people's vectors.
#
# COUNTERMARK is the program, .build/debug/countermark by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
proofs=.build/independent/labelproof
# The step before makes the proofs; without it, it is made up for.
[ -s "$proofs/released.proof" ] || COUNTERMARK="$program" bash Tests/Independent/labelproof.sh
bash Tests/setup.sh chromium
python="$(bash Tests/environment.sh page Tests/Page/requirements.txt)/bin/python"
"$python" Tests/BrowserProof/browserproof.py "$program" "$proofs" "$@"
"$python" Tests/BrowserProof/personkey.py "$program" .build/personkey
