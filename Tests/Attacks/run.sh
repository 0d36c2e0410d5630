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

bash Tests/setup.sh python3-venv
cache="${XDG_CACHE_HOME:-${HOME:-$PWD/.build}/.cache}/countermark"
hash="$({ python3 --version && cat "$here/requirements.txt"; } | sha256sum | cut -c1-16)"
packages="$cache/attacks-$hash"
if [ ! -d "$packages" ]; then
    echo "installing what the attacks need into $packages"
    mkdir -p "$cache"
    # Built aside and renamed: an installation that was interrupted is never taken for whole.
    building="$(mktemp -d "$cache/building-XXXXXX")"
    trap 'rm -rf "$building"' EXIT
    python3 -m venv "$building"
    "$building/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "$here/requirements.txt"
    # Where another run was faster, its environment serves.
    mv -T "$building" "$packages" 2>/dev/null || [ -d "$packages" ]
fi
# Environments of other versions go when nobody has used them for a month.
touch "$packages"
find "$cache" -maxdepth 1 -name 'attacks-*' -mtime +30 -exec rm -rf {} +

# MARK: The attacks

export PYTHONDONTWRITEBYTECODE=1
"$packages/bin/python" "$here/test_toolkit.py"
"$packages/bin/python" "$here/run.py" --program "$program" "$@"
