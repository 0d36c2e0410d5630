#!/usr/bin/env bash
# Sets up what is missing, then checks the format, builds, runs all tests and the example.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash Tests/setup.sh faketime softhsm2 libengine-pkcs11-openssl
swift format lint --strict --recursive Package.swift Sources Tests
swift build --build-tests
swift test --skip-build
python3 Tests/Crash/kill.py --program .build/debug/countermark --rounds 300
python3 Tests/EndToEnd/badinput.py --program .build/debug/countermark
python3 Tests/EndToEnd/trust.py --program .build/debug/countermark
python3 Tests/EndToEnd/carry.py --program .build/debug/countermark
python3 Tests/EndToEnd/restore.py --program .build/debug/countermark
python3 Tests/EndToEnd/witness.py --program .build/debug/countermark
python3 Tests/EndToEnd/fork.py --program .build/debug/countermark
python3 Tests/EndToEnd/pairing.py --program .build/debug/countermark
python3 Tests/EndToEnd/keys.py --program .build/debug/countermark
python3 Tests/EndToEnd/stages.py --program .build/debug/countermark
python3 Tests/EndToEnd/schema.py --program .build/debug/countermark
COUNTERMARK="$PWD/.build/debug/countermark" bash Tests/Independent/check.sh
bash Tests/Independent/proofs.sh
COUNTERMARK="$PWD/.build/debug/countermark" bash Tests/Independent/labelproof.sh
COUNTERMARK="$PWD/.build/debug/countermark" bash Tests/Clients/run.sh
python3 Tests/Formats/matrix.py --check
COUNTERMARK="$PWD/.build/debug/countermark" bash Examples/three-companies/run.sh

# The public sample beside the project, where somebody put it.
public=../shared/data/pcb-deeppcb
if [ -d "$public" ]; then
    COUNTERMARK="$PWD/.build/debug/countermark" \
        bash Examples/three-companies/run.sh --boards "$public"
else
    echo "SKIPPED: the example on the public DeepPCB sample, which is not beside the project"
fi
