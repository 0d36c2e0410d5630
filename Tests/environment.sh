#!/usr/bin/env bash
# Makes an environment of Python packages once, in the cache, and prints its folder; all else goes to standard error.
#
#     Tests/environment.sh NAME REQUIREMENTS [--alone FILE] [--constraints FILE]
#
# --alone names packages that are installed without what they depend on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name="$1" requirements="$2" needs=("$2") alone="" constraints=()
shift 2
while [ "$#" -gt 0 ]; do
    case "$1" in
        --alone) alone="$2" ;;
        --constraints) constraints=(-c "$2") ;;
        *) echo "$1 is no option" >&2; exit 2 ;;
    esac
    needs+=("$2")
    shift 2
done

bash Tests/setup.sh python3-venv >&2
# Without a home folder, as under some services, beside the build.
cache="${XDG_CACHE_HOME:-${HOME:-$PWD/.build}/.cache}/countermark"
hash="$({ python3 --version && cat "${needs[@]}"; } | sha256sum | cut -c1-16)"
environment="$cache/$name-$hash"
if [ ! -d "$environment" ]; then
    echo "installing what $name needs into $environment" >&2
    mkdir -p "$cache"
    # Built aside and renamed: an installation that was interrupted is never taken for whole.
    building="$(mktemp -d "$cache/building-XXXXXX")"
    trap 'rm -rf "$building"' EXIT
    python3 -m venv "$building" >&2
    pip=("$building/bin/python" -m pip install --quiet --disable-pip-version-check)
    "${pip[@]}" -r "$requirements" "${constraints[@]}" >&2
    if [ -n "$alone" ]; then "${pip[@]}" --no-deps -r "$alone" >&2; fi
    # Where another run was faster, its environment serves.
    mv -T "$building" "$environment" 2>/dev/null || [ -d "$environment" ]
fi
# Environments of other versions go when nobody has used them for a month.
touch "$environment"
find "$cache" -maxdepth 1 -name "$name-*" -mtime +30 -exec rm -rf {} +
echo "$environment"
