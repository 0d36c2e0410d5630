#!/usr/bin/env python3
"""Imports files that grow, with records that must be skipped, and compares two programs; prints ratios.

    python3 Tests/Benchmarks/linear.py [--program PATH] [--base PATH]

First, for CVAT, VOC and COCO: imports of once, four times and sixteen times as many labels, of which every tenth is
skipped with its place in the file. What a label costs must not grow with their number. Then, with --base, first
imports of COCO, CSV and JSON Lines by both programs in turns, in one run, as the ratio of this program's time to
the other's. CPU seconds of the process, medians; the seconds of an empty import are taken off the first table.
Ends with 1 where a ratio is above its limit. Build first: `swift build -c release --product countermark`.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STEPS = [1, 4, 16]
# What a label may cost with sixteen times as many, as a ratio: caches and trees take some, a busy machine more; what is
# quadratic takes sixteen.
GROWTH_MAX = 2.0
# This program's time to the other's.
BASE_MAX = 1.05


def timings():
    """import.py beside this file, whose files and homes serve here, too."""
    spec = importlib.util.spec_from_file_location("import_timings", HERE / "import.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TIMINGS = timings()


def boxes(count):
    """Boxes of pictures with ten each; every tenth is broken."""
    source = random.Random(9)
    for number in range(count):
        x, y = source.randrange(900), source.randrange(700)
        yield number, number // 10, "part", (x, y, x + 9, y + 7), number % 10 == 7


def cvat(folder, count):
    path = folder / "annotations.xml"
    with open(path, "w") as file:
        file.write("<annotations><version>1.1</version>\n")
        for number, image, name, (l, t, r, b), broken in boxes(count):
            if number % 10 == 0:
                file.write(f'{"</image>" if number else ""}\n<image id="{image}" name="p/{image}.png" width="999" '
                           'height="999">\n')
            corner = "far" if broken else l
            file.write(f'<box label="{name}" xtl="{corner}" ytl="{t}" xbr="{r}" ybr="{b}"/>\n')
        file.write("</image></annotations>\n")
    return path


def voc(folder, count):
    (folder / "Annotations").mkdir()
    groups = {}
    for entry in boxes(count):
        groups.setdefault(entry[1] // 5, []).append(entry)
    # Fifty objects a file: its positions are looked for again and again.
    for image, entries in groups.items():
        objects = "".join(
            f"<object>\n<name>{name}</name>\n<bndbox>\n<xmin>{'far' if broken else l}</xmin><ymin>{t}</ymin>"
            f"<xmax>{r}</xmax><ymax>{b}</ymax></bndbox></object>\n" for _, _, name, (l, t, r, b), broken in entries)
        (folder / "Annotations" / f"{image}.xml").write_text(
            f"<annotation><filename>{image}.jpg</filename>\n{objects}</annotation>")
    return folder


def coco(folder, count):
    path = folder / "coco.json"
    records = [{"id": n + 1, "image_id": image + 1, "category_id": 1,
                "bbox": "far" if broken else [l, t, r - l, b - t]} for n, image, _, (l, t, r, b), broken in boxes(count)]
    images = [{"id": n + 1, "file_name": f"p/{n}.png"} for n in range((count + 9) // 10)]
    path.write_text(json.dumps({"images": images, "categories": [{"id": 1, "name": "part"}], "annotations": records},
                               indent=1))
    return path


FILES = {"cvat": cvat, "voc": voc, "coco": coco}


def cpu(program, path, form, home):
    """CPU seconds of a first import, and its report."""
    TIMINGS.home_of(program, home)
    words = [program, "import", "boards", path, "--format", form, "--home", home, "--json"]
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(word) for word in words], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        text = out.read()
    if status != 0:
        sys.exit(f"{form}: the import of {path} ended with {status}: {text[:500]!r}")
    return usage.ru_utime + usage.ru_stime, json.loads(text)


def median(program, path, form, rounds):
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="countermark-linear-") as home:
            found.append(cpu(program, path, form, pathlib.Path(home) / "h"))
    return statistics.median(seconds for seconds, _ in found), found[-1][1]


def growth(program, labels, rounds):
    """The table of sizes; returns what is above its limit."""
    high = []
    print(f"{'format':8}{'labels':>9}{'skipped':>9}{'CPU s':>9}{'µs/label':>10}{'ratio':>8}")
    for form, make in FILES.items():
        with tempfile.TemporaryDirectory(prefix="countermark-linear-") as folder:
            base = pathlib.Path(folder)
            (base / "none").mkdir()
            empty, _ = median(program, make(base / "none", 10), form, rounds)
            first = None
            for step in STEPS:
                place = base / str(step)
                place.mkdir()
                count = labels * step
                seconds, report = median(program, make(place, count), form, rounds if step < 16 else 1)
                if (report["added"], report["skippedCount"]) != (count - count // 10, count // 10):
                    sys.exit(f"{form}: {report['added']} added and {report['skippedCount']} skipped of {count}")
                each = max(seconds - empty, 1e-6) / count
                first = first or each
                print(f"{form:8}{count:>9}{report['skippedCount']:>9}{seconds:>9.2f}{each * 1e6:>10.1f}"
                      f"{each / first:>8.2f}")
                if each / first > GROWTH_MAX:
                    high.append(f"{form} of {count} labels costs {each / first:.2f} times as much a label")
    return high


def compare(program, base, labels, rounds):
    """First imports by both programs in turns; returns what is above its limit."""
    high = []
    print(f"\n{'format':8}{'labels':>9}{'base s':>9}{'this s':>9}{'ratio':>8}")
    with tempfile.TemporaryDirectory(prefix="countermark-linear-") as folder:
        paths = TIMINGS.make(pathlib.Path(folder), labels, False)
        for form, path in paths.items():
            times = {base: [], program: []}
            for round_ in range(rounds):
                order = [base, program] if round_ % 2 == 0 else [program, base]
                for each in order:
                    with tempfile.TemporaryDirectory(prefix="countermark-linear-") as home:
                        times[each].append(cpu(each, path, form, pathlib.Path(home) / "h")[0])
            before, now = statistics.median(times[base]), statistics.median(times[program])
            # Each pair ran side by side: the median of their ratios is steadier than that of the medians.
            ratio = statistics.median(n / b for n, b in zip(times[program], times[base]))
            print(f"{form:8}{labels:>9}{before:>9.2f}{now:>9.2f}{ratio:>8.3f}")
            if ratio > BASE_MAX:
                high.append(f"{form}: {ratio:.3f} times the time of {base}")
    return high


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=".build/release/countermark")
    parser.add_argument("--base", help="another build of the program")
    parser.add_argument("--labels", type=int, default=10_000, help="of the smallest file")
    parser.add_argument("--compared", type=int, default=200_000, help="labels of the comparison")
    parser.add_argument("--rounds", type=int, default=3)
    choice = parser.parse_args()
    for program in [choice.program] + ([choice.base] if choice.base else []):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is missing: swift build -c release --product countermark")
    program = str(pathlib.Path(choice.program).resolve())
    high = growth(program, choice.labels, choice.rounds)
    if choice.base:
        high += compare(program, str(pathlib.Path(choice.base).resolve()), choice.compared, choice.rounds)
    if high:
        sys.exit("above the limit: " + "; ".join(high))


if __name__ == "__main__":
    main()
