#!/usr/bin/env bash
# Compares countermark's figures of quality with those of public libraries from PyPI, on made-up and on real data.
#
# COUNTERMARK is the program, .build/debug/countermark by default. The libraries live in a cached environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi

needs=(Tests/Quality/requirements.txt Tests/Quality/constraints.txt)
bash Tests/setup.sh python3-venv
# Without a home folder, as under some services, beside the build.
cache="${XDG_CACHE_HOME:-${HOME:-$PWD/.build}/.cache}/countermark"
hash="$({ python3 --version && cat "${needs[@]}"; } | sha256sum | cut -c1-16)"
libraries="$cache/quality-$hash"
if [ ! -d "$libraries" ]; then
    echo "installing the libraries into $libraries"
    mkdir -p "$cache"
    # Built aside and renamed: an installation that was interrupted is never taken for whole.
    building="$(mktemp -d "$cache/building-XXXXXX")"
    trap 'rm -rf "$building"' EXIT
    python3 -m venv "$building"
    "$building/bin/python" -m pip install --quiet --disable-pip-version-check -r "${needs[0]}" -c "${needs[1]}"
    # Where another run was faster, its environment serves.
    mv -T "$building" "$libraries" 2>/dev/null || [ -d "$libraries" ]
fi
# Environments of other versions go when nobody has used them for a month.
touch "$libraries"
find "$cache" -maxdepth 1 -name 'quality-*' -mtime +30 -exec rm -rf {} +

export COUNTERMARK="$program" PYTHONPATH="$PWD/Tests/Clients:$PWD/Tests/Quality" PYTHONDONTWRITEBYTECODE=1
PYTHONWARNINGS=ignore exec "$libraries/bin/python" Tests/Quality/references.py "$@"
