#!/usr/bin/env python3
"""Times the merge and the files of labels beside programs that do less, in turns in one run, and prints the ratios.

Beside the merge of `countermark bench` (verified, durable, queryable):

- Yjs (`pycrdt` of PyPI) over root maps, one map entry for each operation of the same workload: a document that
  has the first company's labels takes the updates of the two others. Neither signatures nor a disk.
- `flat.c`: verifies a signature for each 256 operations and merges in flat memory. Neither formats nor a disk.
- `openssl speed ed25519`, for changesets of one operation.

Beside imports and exports of COCO: `orjson.loads` of the file that is imported and `orjson.dumps` of the one that is
exported, which says of each label who added it; Python's garbage collector off.

CPU seconds; read the ratios. Build first: `swift build -c release --product countermark`; needs a C compiler and
OpenSSL's headers, and `python3 -m pip install pycrdt orjson`.
"""

import argparse
import importlib.util
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def beside(name):
    """A script of this folder as a module."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RUN, FILES = beside("run"), beside("import")

# In a process of its own: what it has done before, and the collector, are in no figure.
YJS = """
import gc, random, sys, time
from pycrdt import Doc, Map
labels = int(sys.argv[1])
classes = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]
source = random.Random(5)

def document():
    doc = Doc()
    return doc, {name: doc.get(name, type=Map) for name in ("label", "class", "status", "review")}

def add(company):
    doc, maps = document()
    with doc.transaction():
        for n in range(company, labels, 3):
            maps["label"][str(n)] = [f"boards/{n // 10:07d}.jpg", classes[n % 6],
                                     round(source.random() * 600, 2), round(source.random() * 600, 2),
                                     round(source.random() * 60, 2), round(source.random() * 60, 2)]
    return doc.get_update()

def change(company, added):
    doc, maps = document()
    for update in added:
        doc.apply_update(update)
    before, count = doc.get_state(), 0
    with doc.transaction():
        for n in range(labels):
            if n % 10 == 4 and company != n // 10 % 3:
                maps["class"][str(n)] = classes[(n + company + 1) % 6]
                count += 1
            if n % 100 < 3 and company == n % 3:
                maps["status"][str(n)] = 1
                count += 1
            if n % 10 == 7 and company == (n % 3 + 1) % 3:
                maps["review"][str(n)] = "accept"
                count += 1
    return doc.get_update(before), count

added = [add(company) for company in range(3)]
changed = [change(company, added) for company in range(3)]
here, _ = document()
here.apply_update(added[0])
here.apply_update(changed[0][0])
updates = [added[1], added[2], changed[1][0], changed[2][0]]
count = sum(len(range(company, labels, 3)) + changed[company][1] for company in (1, 2))
gc.disable()
start = time.process_time()
for update in updates:
    here.apply_update(update)
taken = time.process_time() - start
assert len(here.get("label", type=Map)) == labels
print(count / taken)
"""

JSON = """
import gc, sys, time
import orjson
data = open(sys.argv[1], "rb").read()
gc.disable()
start = time.process_time()
document = orjson.loads(data)
read = time.process_time() - start
start = time.process_time()
orjson.dumps(document)
print(read, time.process_time() - start)
"""


def python(code, *words):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def merges(options, flat, note):
    rows = RUN.bench(options.program, "--labels", str(options.labels))
    note("merge", RUN.merged(rows, "operations/CPU s"))
    note("merge, peak MB", RUN.merged(rows, "peak resident MB"))
    note("Yjs", python(YJS, options.labels)[0])
    done = subprocess.run([flat, str(options.labels)], capture_output=True, text=True, check=True)
    note("flat", float(done.stdout))
    single = RUN.bench(options.program, "--labels", "20000", "--per-changeset", "1")
    note("single", RUN.merged(single, "entries/CPU s"))
    note("openssl", RUN.openssl_verifications())


def files(options, work, note):
    path = pathlib.Path(work) / "coco.json"
    note("orjson.loads", python(JSON, path)[0])
    with tempfile.TemporaryDirectory(dir=work) as home:
        FILES.home_of(options.program, home)
        words = [options.program, "import", "boards", path, "--format", "coco", "--home", home,
                 "--json", "--quiet"]
        for name in ("import", "again"):
            cpu, _, _, report = FILES.run(words)
            expected = "added" if name == "import" else "unchanged"
            if report[expected] != options.labels:
                sys.exit(f"{name}: {expected} is {report[expected]} of {options.labels}")
            note(name, cpu)
        cpu, _, _, _ = FILES.run(
            [options.program, "export", "boards", "--format", "coco", "-o", f"{work}/out.json",
             "--home", home, "--json", "--quiet"])
        note("export", cpu)
        note("orjson.dumps", python(JSON, f"{work}/out.json")[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/countermark")
    parser.add_argument("--labels", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for module in ("pycrdt", "orjson"):
        if importlib.util.find_spec(module) is None:
            sys.exit(f"this compares with {module}: python3 -m pip install {module}")
    figures = {}

    def note(name, value):
        figures.setdefault(name, []).append(value)
        print(f"{value:16,.2f}  {name}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as work:
        flat = f"{work}/flat"
        subprocess.run(["cc", "-O2", "-o", flat, HERE / "flat.c", "-lcrypto"], check=True)
        FILES.make(pathlib.Path(work), options.labels, shuffled=False)
        for _ in range(options.rounds):
            merges(options, flat, note)
            files(options, work, note)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    print(f"{options.labels} labels, medians of {options.rounds} rounds\n")
    for name, value in medians.items():
        print(f"{value:14,.2f}  {name}  ({min(figures[name]):,.2f} to {max(figures[name]):,.2f})")
    print()
    for above, below in (("merge", "Yjs"), ("merge", "flat"), ("single", "openssl"),
                         ("import", "orjson.loads"), ("again", "orjson.loads"),
                         ("export", "orjson.dumps")):
        ratios = [a / b for a, b in zip(figures[above], figures[below])]
        print(f"{statistics.median(ratios):8.2f}  {above} / {below}")


if __name__ == "__main__":
    main()
