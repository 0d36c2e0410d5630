#!/usr/bin/env bash
# Installs what the build needs, and the Debian packages that are named, where the machine lacks them: as root or with
# sudo. Swift itself must be there.
set -euo pipefail

need=()
has() {
    case "$1" in
        # Where Python does not come from Debian, these come with it.
        python3) command -v python3 >/dev/null ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        *) dpkg -s "$1" >/dev/null 2>&1 ;;
    esac
}
for package in libssl-dev libsqlite3-dev zlib1g-dev pkg-config ca-certificates openssl python3 "$@"; do
    has "$package" || need+=("$package")
done

if [ "${#need[@]}" -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
        command -v sudo >/dev/null || {
            echo "these packages are missing, and neither root nor sudo is here to install them: ${need[*]}" >&2
            exit 2
        }
    fi
    echo "installing: ${need[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "${need[@]}" >/dev/null
fi
if ! command -v swift >/dev/null; then
    echo "Swift 6.2 or newer is needed: see https://www.swift.org/install/linux" >&2
    exit 2
fi
