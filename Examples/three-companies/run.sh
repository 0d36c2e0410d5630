#!/usr/bin/env bash
# Sets up what is missing, builds the program and runs the three companies.
# Options go to run.py: --boards DIR takes the public DeepPCB layout instead of the drawn boards.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"

if [ -z "${COUNTERMARK:-}" ]; then
    bash "$root/Tests/setup.sh" faketime
    swift build --package-path "$root" -c release --product countermark
    COUNTERMARK="$root/.build/release/countermark"
fi
exec python3 "$here/run.py" --program "$COUNTERMARK" "$@"
