#!/usr/bin/env bash
# Opens what countermark exports with the clients that the formats' users have, from PyPI, and takes
# every modality through two companies on real data. With names (`coco`, `molecules`), only those.
#
# COUNTERMARK is the program, .build/debug/countermark by default. The clients live in a cached
# environment of their own; what they read is noted in .build/clients.jsonl, a line for each format.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi

# MARK: The clients

clients="$(bash Tests/environment.sh clients Tests/Clients/requirements.txt \
    --alone Tests/Clients/requirements-alone.txt --constraints Tests/Clients/constraints.txt)"

# MARK: The checks

chosen() {
    local name="$1" wanted
    shift
    [ "$#" -eq 0 ] && return
    for wanted in "$@"; do [ "$wanted" = "$name" ] && return; done
    return 1
}

mkdir -p .build
[ "$#" -gt 0 ] || rm -f .build/clients.jsonl
export COUNTERMARK="$program" PYTHONPATH="$PWD/Tests/Clients" PYTHONDONTWRITEBYTECODE=1
export MPLBACKEND=Agg PYTHONWARNINGS=ignore
work="$(mktemp -d)"
trap 'rm -rf "$work" ${building:+"$building"}' EXIT

# Runs one check, whose output is shown when it is over, so that two do not mix.
check() {
    local script="$1" name="$2" begun=$SECONDS code=0
    "$clients/bin/python" "$script" >"$work/$name.log" 2>&1 || code=$?
    cat "$work/$name.log"
    if [ "$code" -eq 0 ]; then
        touch "$work/$name.passed"
        echo "$script: passed in $((SECONDS - begun)) s"
    else
        echo "$script: FAILED" | tee "$work/$name.failed" >&2
    fi
}

# A check waits for nodes half of its time; more than two at once would wait for processors.
for script in Tests/Clients/check_*.py Tests/Modalities/*.py; do
    [ -f "$script" ] || continue
    name="$(basename "$script" .py)"
    chosen "${name#check_}" "$@" || continue
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
    check "$script" "$name" &
done
wait
passed="$(find "$work" -name '*.passed' | wc -l)"
mapfile -t failed < <(cat "$work"/*.failed 2>/dev/null)
if [ "$((passed + ${#failed[@]}))" -eq 0 ]; then
    echo "no check is called $*" >&2
    exit 2
fi
if [ "${#failed[@]}" -gt 0 ]; then
    printf '%s\n' "${failed[@]}" >&2
    exit 1
fi
echo "$passed checks by the formats' own clients passed"
