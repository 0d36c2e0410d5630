#!/usr/bin/env bash
# Sets up what is missing, then checks the format, builds, and runs laws, tests, processes and the example.
#
#     Tests/run.sh                          everything
#     Tests/run.sh --list                   the steps
#     Tests/run.sh --only NAME [NAME...]    these steps alone, on what has been built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

debug=.build/debug/countermark
laws=.build/release/countermark-laws
packages="faketime softhsm2 libengine-pkcs11-openssl libpq5 python3-venv golang-go golang-golang-x-mod-dev"
public=../shared/data/pcb-deeppcb

# Each step with the seconds that it takes on a quiet machine with two slow cores, and its command. The optimised
# laws want the processors for themselves: they come before what talks over sockets or starts processes.
steps=(
    "setup         10  bash Tests/setup.sh $packages"
    "format        30  swift format lint --strict --recursive Package.swift Sources Tests"
    "tidy           3  python3 Tests/Tidy/tidy.py"
    "build        900  swift build --build-tests"
    "laws-build   110  swift build -c release --product countermark-laws"
    "laws         185  $laws"
    "swift        300  swift test --skip-build --skip PartnerTLSTests --skip OperatorPageTests"
    "sockets       35  swift test --skip-build --filter PartnerTLSTests --filter OperatorPageTests"
    "objects       30  python3 Tests/EndToEnd/objects.py"
    "crash         60  python3 Tests/Crash/kill.py --program $debug --rounds 300"
    "stops        200  python3 Tests/Crash/stops.py --program $debug --points 3 --seed 11"
    "flips         90  python3 Tests/Crash/flips.py --program $debug --entries 4500 --logs 320 --files 200 --seed 1"
    "interrupt     30  python3 Tests/EndToEnd/interrupt.py --program $debug"
    "badinput      55  python3 Tests/EndToEnd/badinput.py --program $debug"
    "trust         14  python3 Tests/EndToEnd/trust.py --program $debug"
    "carry          5  python3 Tests/EndToEnd/carry.py --program $debug"
    "words         60  python3 Tests/EndToEnd/words.py --program $debug"
    "misuse       25  python3 Tests/EndToEnd/misuse.py --program $debug"
    "again         27  python3 Tests/EndToEnd/again.py --program $debug"
    "pages         65  python3 Tests/EndToEnd/pages.py --program $debug"
    "store        115  several_nodes"
    "tiles         25  python3 Tests/Store/tiles.py --program $debug"
    "figures       15  figures_of_a_node"
    "disk          25  python3 Tests/EndToEnd/disk.py --program $debug"
    "oldhome        4  python3 Tests/EndToEnd/oldhome.py --program $debug"
    "notify         4  python3 Tests/EndToEnd/notify.py --program $debug"
    "package       60  bash Tests/Package/check.sh --program $debug"
    "downgrade      4  python3 Tests/Package/downgrade.py --program $debug"
    "restore        6  python3 Tests/EndToEnd/restore.py --program $debug"
    "restores     180  python3 Tests/EndToEnd/restores.py --program $debug"
    "witness       10  python3 Tests/EndToEnd/witness.py --program $debug"
    "fork           4  python3 Tests/EndToEnd/fork.py --program $debug"
    "pairing       15  python3 Tests/EndToEnd/pairing.py --program $debug"
    "keys          15  python3 Tests/EndToEnd/keys.py --program $debug"
    "stages         8  python3 Tests/EndToEnd/stages.py --program $debug"
    "schema         8  python3 Tests/EndToEnd/schema.py --program $debug"
    "releases       8  python3 Tests/EndToEnd/releases.py --program $debug"
    "outputs       60  python3 Tests/EndToEnd/outputs.py --program $debug"
    "page-api      50  bash Tests/Page/api.sh"
    "limits       180  python3 Tests/EndToEnd/limits.py --program $debug"
    "hostile      120  python3 Tests/EndToEnd/hostile.py --program $debug"
    "requests     120  python3 Tests/EndToEnd/requests.py --program $debug"
    "attacks      300  bash Tests/Attacks/run.sh"
    "independent   60  bash Tests/Independent/check.sh"
    "proofs        20  bash Tests/Independent/proofs.sh"
    "labelproof    60  bash Tests/Independent/labelproof.sh"
    "browserproof  55  bash Tests/BrowserProof/run.sh"
    "clients      400  bash Tests/Clients/run.sh"
    "quality      150  bash Tests/Quality/run.sh"
    "documents     30  bash Tests/Documents/run.sh"
    "page         150  bash Tests/Page/run.sh"
    "formats        1  python3 Tests/Formats/matrix.py --check"
    "libraries     40  libraries_of_others"
    "example       15  bash Examples/three-companies/run.sh"
    "loop          20  bash Examples/quality-loop/run.sh"
    "public        30  example_on_public_boards"
)

example_on_public_boards() {
    if [ -d "$public" ]; then
        bash Examples/three-companies/run.sh --boards "$public"
    else
        echo "SKIPPED: the example on the public DeepPCB sample, which is not beside the project"
    fi
}

# Drawings and molecules of many programs, from Debian.
libraries_of_others() {
    bash Tests/setup.sh librecad-data rdkit-data
    python3 Tests/Formats/libraries.py --program "$debug"
}

# Several nodes of one company on a PostgreSQL of the test's own.
several_nodes() {
    bash Tests/setup.sh postgresql
    python3 Tests/Store/postgres.py with swift test --skip-build --filter SharedStoreTests --filter RowsTests \
        --filter CompanyDocumentsTests --filter CompanyUnionTests
    python3 Tests/Store/nodes.py --program "$debug"
    python3 Tests/Store/common.py --program "$debug"
    python3 Tests/Store/rows.py --program "$debug"
}

# What a monitor reads, with the linter of Debian's package.
figures_of_a_node() {
    bash Tests/setup.sh prometheus
    python3 Tests/EndToEnd/figures.py --program "$debug"
}

export debug public
export -f libraries_of_others several_nodes figures_of_a_node example_on_public_boards

# MARK: Choosing

wanted=()
case "${1:-}" in
    "") ;;
    --list)
        for step in "${steps[@]}"; do
            read -r name seconds command <<<"$step"
            printf '%-12s %4s s  %s\n' "$name" "$seconds" "$command"
        done
        exit
        ;;
    --only) wanted=("${@:2}") ;;
    *) set -- --only ;;
esac
if [ "${1:-}" = --only ] && [ "${#wanted[@]}" -eq 0 ]; then
    sed -n '4,6s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
for name in "${wanted[@]}"; do
    printf '%s\n' "${steps[@]}" | grep -q "^$name " || { echo "no step is called $name" >&2; exit 2; }
done
is_wanted() {
    [ "${#wanted[@]}" -eq 0 ] || printf '%s\n' "${wanted[@]}" | grep -qxF -- "$1"
}

# MARK: Running

export COUNTERMARK="$PWD/$debug" PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
unset COUNTERMARK_HOME COUNTERMARK_PASSPHRASE COUNTERMARK_PIN
long=20

# How much slower this machine is, as busy as it is now, than the table's.
slowness() {
    if command -v python3 >/dev/null; then python3 Examples/three-companies/patience.py; else echo 1; fi
}

# Seconds of the table as seconds of this machine, in words.
estimate() {
    awk -v s="$1" -v f="$(slowness)" 'BEGIN { t = s * f; if (t < 90) printf "%d s", t; else printf "%d min", t / 60 + 0.5 }'
}

# In a run of all steps, those that only compute run beside those that mostly wait for processes and sockets, and are
# over before those that measure.
beside="clients quality documents libraries"
beside_from=interrupt
beside_until=limits
lane=""
lane_log=.build/beside.log

# Runs a command of the table. One that takes five times what it should hangs: it and what it started are ended, so that
# nobody waits for ever.
bounded() {
    local seconds
    seconds="$(awk -v s="$1" -v f="$slow" 'BEGIN { printf "%d", (300 + 5 * s) * f }')"
    set -m
    timeout --kill-after=30 "$seconds" bash -euo pipefail -c "$2" &
    step=$!
    set +m
    wait "$step" || {
        local status=$?
        [ "$status" -ne 124 ] || echo "it was not over after $seconds s, and was ended" >&2
        return "$status"
    }
    step=""
}

# Runs steps one after another.
run_steps() {
    local name seconds command started
    for step in "${steps[@]}"; do
        read -r name seconds command <<<"$step"
        grep -qxF -- "$name" <(tr ' ' '\n' <<<"$1") || continue
        if [ "$seconds" -ge "$long" ]; then
            echo "== $name: takes about $(estimate "$seconds")"
        else
            echo "== $name"
        fi
        running="$name"
        started=$SECONDS
        bounded "$seconds" "$command"
        running=""
        echo "== $name: passed in $((SECONDS - started)) s"
    done
}

fail() {
    [ -z "$step" ] || kill "$step" 2>/dev/null || true
    if [ -n "$lane" ]; then
        kill -- "-$lane" 2>/dev/null || true
        if [ -z "$running" ]; then cat "$lane_log"; fi
    fi
    [ -z "$running" ] || echo "FAILED: $running (again: bash Tests/run.sh --only $running)" >&2
}

# Waits for the steps beside, and shows what they said.
join_lane() {
    [ -n "$lane" ] || return 0
    wait "$lane"
    lane=""
    cat "$lane_log"
}

running=""
step=""
slow="$(slowness)"
trap fail EXIT
begun=$SECONDS
count=0
for step in "${steps[@]}"; do
    read -r name _ <<<"$step"
    is_wanted "$name" || continue
    count=$((count + 1))
    if [ "${#wanted[@]}" -eq 0 ]; then
        if [ "$name" = "$beside_from" ]; then
            echo "== beside what follows: $beside"
            mkdir -p .build
            # A process group of its own, to be ended as a whole.
            set -m
            ( trap fail EXIT; lane=""; run_steps "$beside" ) >"$lane_log" 2>&1 &
            lane=$!
            set +m
        fi
        if [ "$name" = "$beside_until" ]; then join_lane; fi
        if grep -qxF -- "$name" <(tr ' ' '\n' <<<"$beside"); then continue; fi
    fi
    run_steps "$name"
done
join_lane
echo "passed $count steps in $((SECONDS - begun)) s; processor time of this script and of its children:"
times
