#!/usr/bin/env bash
# Makes a log with the built program and checks it with other people's implementations: the tree and
# its checkpoint with golang.org/x/mod/sumdb, the signatures with the Python packages cwt, cbor2 and
# cryptography. Damaged copies of the log must be refused.
#
# COUNTERMARK is the program, .build/debug/countermark by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

here="$PWD/Tests/Independent"
work="$PWD/.build/independent"
program="$(realpath "${COUNTERMARK:-.build/debug/countermark}")"
if [ ! -x "$program" ]; then
    echo "$program is missing: build it first" >&2
    exit 2
fi
mkdir -p "$work"

# MARK: Tools

bash Tests/setup.sh golang-go golang-golang-x-mod-dev
. "$here/python.sh"
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' go build -o "$work/tlogcheck" "$here/tlogcheck.go"
tlogcheck="$work/tlogcheck"
cosecheck() { "$python" "$here/cosecheck.py" "$@"; }

# MARK: The log

org=oem.example
dataset="$org/boards"
export COUNTERMARK_HOME="$work/home"
log="$COUNTERMARK_HOME/logs/$org/$dataset"
rm -rf "$COUNTERMARK_HOME" "$work/other" "$work/damaged"

run() { "$program" "$@" >/dev/null; }
json() {
    "$program" "${@:2}" --json |
        "$python" -c "import json, sys; print(json.load(sys.stdin)$1, end='')"
}
size() { sed -n 2p "$log/checkpoint"; }
annotate() {
    run annotate boards "board-$1.png" --class open --box "$1,2,30,40" --attr severity=high \
        --confidence 0.75 --author kim
}
sizes=0
check() {
    sizes=$((sizes + 1))
    echo "at $(size) entries:"
    "$tlogcheck" "$log" "$vkey"
    cosecheck "$log" "$org" "$dataset" "$work/root.pem" "$vkey"
}

run init --org "$org" --name "OEM"
run dataset create boards --title "Boards"
vkey="$(json "['datasets'][0]['logs'][0]['vkey']" status)"
json "['root']" key show >"$work/root.pem"
check
for number in 1 2 3 4 5; do annotate "$number"; done
check

labels=2000
"$python" - "$labels" >"$work/labels.json" <<'END'
import json, sys

count = int(sys.argv[1])
json.dump({
    "images": [
        {"id": i, "file_name": f"image-{i:03}.png", "width": 640, "height": 480}
        for i in range(1, 101)
    ],
    "categories": [{"id": 1, "name": "open"}, {"id": 2, "name": "short"}],
    "annotations": [
        {
            "id": i + 1, "image_id": i % 100 + 1, "category_id": i % 2 + 1, "iscrowd": 0,
            "bbox": [i % 600, i % 400, 10.5, 20 + i % 7], "area": 10.5 * (20 + i % 7),
        }
        for i in range(count)
    ],
}, sys.stdout)
END
before="$(size)"
run import boards "$work/labels.json" --format coco --author kim
[ "$(size)" -eq "$((before + 1))" ] || { echo "the import is not one entry" >&2; exit 1; }
echo "imported $labels labels in one entry"
check

# The sizes around a full tile are where a tree's edge is made of other files.
for wanted in 255 256 257 300; do
    while [ "$(size)" -lt "$wanted" ]; do annotate "$(size)"; done
    check
done
entries="$(size)"
# All entries but the first, which adds the key, and the import hold one label each.
stated="$((labels + entries - 2))"
found="$(json "['datasets'][0]['annotations']" status)"
if [ "$found" -ne "$stated" ]; then
    echo "the table has $found labels, not $stated" >&2
    exit 1
fi

# MARK: What must be refused

refusals=0
# Runs a checker, which must exit with 3, the sign of a refusal and not of a fault of its own.
refuses() {
    local what="$1" code=0 output
    shift
    output="$("$@" 2>&1)" || code=$?
    if [ "$code" -ne 3 ]; then
        printf 'not refused: %s (exit %s)\n%s\n' "$what" "$code" "$output" >&2
        exit 1
    fi
    echo "$what: ${output/"$work/"/}"
    refusals=$((refusals + 1))
}
# A fresh copy of the log in which one byte of a file differs.
damage() {
    rm -rf "$work/damaged"
    cp -r "$log" "$work/damaged"
    "$python" - "$work/damaged/$1" "$2" <<'END'
import sys

path, offset = sys.argv[1], int(sys.argv[2])
with open(path, "r+b") as file:
    file.seek(offset)
    byte = file.read(1)[0]
    file.seek(offset)
    file.write(bytes([byte ^ 1]))
END
}
tree_refuses() { refuses "$1" "$tlogcheck" "$work/damaged" "$vkey"; }
entries_refuse() {
    refuses "$1" cosecheck "$work/damaged" "$org" "$dataset" "$work/root.pem" "$vkey"
}

for tile in 0/000 0/001.p/44 1/000.p/1; do
    damage "tile/$tile" 17
    tree_refuses "one bit of tile/$tile"
done
damage checkpoint "$((${#org} + 1))"
tree_refuses "one bit of the checkpoint's origin"
damage checkpoint "$(($(wc -c <"$log/checkpoint") - 20))"
tree_refuses "one bit of the checkpoint's signature"
# In the first bundle a header, the certificate, the imported labels and the last signature; then the
# partial bundle.
first="$(wc -c <"$log/tile/entries/000")"
for place in 000:40 000:400 000:20000 "000:$((first - 1))" 001.p/44:150; do
    damage "tile/entries/${place%:*}" "${place#*:}"
    tree_refuses "one bit of entries/$place"
    entries_refuse "one bit of entries/$place"
done

# Another organisation of the same name has another root and another key.
COUNTERMARK_HOME="$work/other" run init --org "$org" --name "Other"
COUNTERMARK_HOME="$work/other" run dataset create boards --title "Boards"
COUNTERMARK_HOME="$work/other" json "['root']" key show >"$work/other.pem"
other="$(COUNTERMARK_HOME="$work/other" json "['datasets'][0]['logs'][0]['vkey']" status)"
refuses "another log key" "$tlogcheck" "$log" "$other"
refuses "another log key" cosecheck "$log" "$org" "$dataset" "$work/root.pem" "$other"
refuses "another root" cosecheck "$log" "$org" "$dataset" "$work/other.pem" "$vkey"
refuses "another dataset" cosecheck "$log" "$org" "$org/wafers" "$work/root.pem" "$vkey"
refuses "another origin" cosecheck "$log" tier1.example "$dataset" "$work/root.pem" "$vkey"

rm -rf "$work/damaged" "$work/other"
echo "independent check passed: $entries entries with $found labels, at $sizes sizes," \
    "by sumdb and cwt; $refusals damaged or foreign inputs refused"
