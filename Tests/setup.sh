#!/usr/bin/env bash
# Installs what the build needs and the machine lacks, as root or with sudo. Swift itself must be there.
set -euo pipefail

need=()
has() { dpkg -s "$1" >/dev/null 2>&1; }
for package in libssl-dev libsqlite3-dev pkg-config ca-certificates openssl "$@"; do
    has "$package" || need+=("$package")
done
command -v python3 >/dev/null || need+=(python3)

if [ "${#need[@]}" -gt 0 ]; then
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
    echo "installing: ${need[*]}"
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${need[@]}" >/dev/null
fi
if ! command -v swift >/dev/null; then
    echo "Swift 6.2 or newer is needed: see https://www.swift.org/install/linux" >&2
    exit 2
fi
