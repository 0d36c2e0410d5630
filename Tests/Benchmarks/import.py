#!/usr/bin/env python3
"""Times imports of large files beside a parse of the same file, in one run, and prints a table.

The same labels as COCO, JSON Lines and CSV. In turns, for every format: the fastest parser of Python
(`orjson.loads`; the csv module for CSV) in a fresh process, once as it comes and once without Python's
garbage collector; the import into an empty dataset; the same import again, which changes nothing. And
once a round, what `countermark bench` needs to encode, sign and write as many labels to the log.

CPU seconds, medians of all rounds: read the ratios. `memory` is the largest part of the process that is
its own and not the mapped file. Build first: `swift build -c release --product countermark`.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

CLASSES = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]

PARSERS = {
    "coco": "orjson.loads(data)",
    "jsonl": "[orjson.loads(line) for line in data.splitlines()]",
    "csv": "list(csv.reader(io.StringIO(data.decode(), newline='')))",
}


def labels(count):
    source = random.Random(5)
    for number in range(count):
        box = (round(source.random() * 1800, 2), round(source.random() * 1000, 2),
               round(5 + source.random() * 100, 2), round(5 + source.random() * 60, 2))
        yield number, number // 10, source.randrange(6), box


def make(folder, count, shuffled):
    """Writes the three files; pictures in order, or labels of all pictures mixed."""
    order = list(labels(count))
    if shuffled:
        random.Random(6).shuffle(order)
    with open(folder / "coco.json", "w") as coco, open(folder / "jsonl.jsonl", "w") as lines, \
            open(folder / "csv.csv", "w") as table:
        coco.write('{"images":[')
        coco.write(",".join(
            '{"id":%d,"file_name":"boards/%07d.png","width":1920,"height":1080}' % (n + 1, n)
            for n in range((count + 9) // 10)))
        coco.write('],"categories":[')
        coco.write(",".join('{"id":%d,"name":"%s"}' % (n + 1, c) for n, c in enumerate(CLASSES)))
        coco.write('],"annotations":[')
        table.write("item,class,selector,external_id\n")
        for place, (number, item, name, (x, y, width, height)) in enumerate(order):
            coco.write('%s{"id":%d,"image_id":%d,"category_id":%d,"bbox":[%s,%s,%s,%s],"area":%s,'
                       '"iscrowd":0}' % ("," if place else "", number + 1, item + 1, name + 1, x, y,
                                         width, height, round(width * height, 4)))
            lines.write('{"item":"boards/%07d.png","class":"%s","selector":{"kind":"box","x":%s,"y":%s,'
                        '"width":%s,"height":%s},"externalID":"%d"}\n'
                        % (item, CLASSES[name], x, y, width, height, number + 1))
            table.write('boards/%07d.png,%s,"{""kind"":""box"",""x"":%s,""y"":%s,""width"":%s,'
                        '""height"":%s}",%d\n'
                        % (item, CLASSES[name], x, y, width, height, number + 1))
        coco.write("]}")
    return {"coco": folder / "coco.json", "jsonl": folder / "jsonl.jsonl", "csv": folder / "csv.csv"}


def parse(name, path, collects):
    """CPU seconds of the parse alone, the file being in memory."""
    code = f"""
import csv, gc, io, sys, time
import orjson
data = open(sys.argv[1], "rb").read()
{"" if collects else "gc.disable()"}
start = time.process_time()
kept = {PARSERS[name]}
print(time.process_time() - start)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"parsing {path} failed: {done.stderr}")
    return float(done.stdout)


def run(words):
    """CPU seconds, wall seconds and the peak of anonymous memory in MB of a command; and its JSON."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(word) for word in words], stdout=out)
        peak = 0
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            try:
                text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                peak = max(peak, int(text.split("RssAnon:")[1].split()[0]))
            except (OSError, IndexError):
                pass
            time.sleep(0.02)
        if status != 0:
            sys.exit(f"{' '.join(map(str, words))} failed")
        out.seek(0)
        result = json.load(out)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, peak / 1024, result


def write_seconds(program, count):
    """CPU seconds to encode, sign and durably write so many operations to the log."""
    rows = run([program, "bench", "--labels", count, "--json"])[3]["benchmarks"]
    rate = next(r["figures"]["operations/CPU s"] for r in rows if r["name"].startswith("write"))
    return count * 1.1 / rate


def home_of(program, folder):
    for words in (["init", "--org", "oem.example", "--name", "OEM"],
                  ["dataset", "create", "boards", "--title", "Boards"]):
        subprocess.run([program, *words, "--home", folder], check=True, capture_output=True)


def round_of(options, files, work, note):
    program = options.program
    written = write_seconds(program, options.labels)
    note("log", "write", written)
    for name, path in files.items():
        note(name, "parse", parse(name, path, collects=True))
        note(name, "parse, no collector", parse(name, path, collects=False))
        with tempfile.TemporaryDirectory(dir=work) as folder:
            home_of(program, folder)
            words = [program, "import", "boards", path, "--format", name, "--home", folder, "--json",
                     "--quiet"]
            cpu, wall, peak, report = run(words)
            if report["added"] != options.labels or report["skippedCount"]:
                sys.exit(f"{name}: not everything was imported: {report}")
            note(name, "import", cpu)
            note(name, "import, wall", wall)
            note(name, "memory, MB", peak)
            cpu, _, peak, report = run(words)
            if report["unchanged"] != options.labels or report["changesets"]:
                sys.exit(f"{name}: the second import changed something: {report}")
            note(name, "again", cpu)
            note(name, "again, memory, MB", peak)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/countermark")
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shuffled", action="store_true", help="mix the labels of all pictures")
    options = parser.parse_args()
    try:
        import orjson
    except ImportError:
        sys.exit("this compares with orjson: python3 -m pip install orjson==3.13.0")
    figures = {}

    def note(format, name, value):
        figures.setdefault(format, {}).setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as work:
        files = make(pathlib.Path(work), options.labels, options.shuffled)
        for _ in range(options.rounds):
            round_of(options, files, work, note)
        sizes = {name: path.stat().st_size / 1e6 for name, path in files.items()}
    medians = {f: {n: statistics.median(v) for n, v in rows.items()} for f, rows in figures.items()}
    write = medians["log"]["write"]
    print(f"{options.labels} labels, {options.rounds} rounds, orjson {orjson.__version__}; "
          f"write the log: {write:.2f} CPU s\n")
    for name, size in sizes.items():
        row = medians[name]
        print(f"{name}, {size:.0f} MB")
        for figure, value in row.items():
            print(f"{value:10.2f}  {figure}")
        for baseline in ("parse", "parse, no collector"):
            allowed = 2 * row[baseline] + write
            print(f"{row['import'] / allowed:10.2f}  of twice the {baseline}, and the write")
        print()


if __name__ == "__main__":
    main()
