#!/usr/bin/env bash
# Attacks the built program: hostile companies, servers, files and sticks, over real sockets. With
# names (`ghosts`, `heads`), only those attacks or files of attacks. The options are those of run.py.
#
# COUNTERMARK is the program, .build/debug/countermark by default. The two packages that the attacks
# need live in a cached environment of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi
here="$PWD/Tests/Attacks"

# MARK: The packages

packages="$(bash Tests/environment.sh attacks Tests/Attacks/requirements.txt)"

# MARK: The attacks

export PYTHONDONTWRITEBYTECODE=1
"$packages/bin/python" "$here/test_toolkit.py"
"$packages/bin/python" "$here/run.py" --program "$program" "$@"
