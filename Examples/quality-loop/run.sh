#!/usr/bin/env bash
# Sets up what is missing, builds the program and runs the loop: label blind, measure, sharpen, label again, release.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"

if [ -z "${COUNTERMARK:-}" ]; then
    bash "$root/Tests/setup.sh" python3-venv
    swift build --package-path "$root" -c release --product countermark
    COUNTERMARK="$root/.build/release/countermark"
fi
exec python3 "$here/run.py" --program "$COUNTERMARK" "$@"
