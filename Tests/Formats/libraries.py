#!/usr/bin/env python3
"""Imports whole libraries of drawings and of molecules, and nothing of them may vanish without a word.

Debian's librecad-data has 1,335 DXF drawings of many programs and years, rdkit-data the molecules on which RDKit
tests itself. Each file must give an item, or be named in what the program says; each record of a file of many
molecules must be an item or be skipped with its place. Each label must come back from an export.

    python3 Tests/Formats/libraries.py [--program PATH] [--all]

Without --all a fixed sample of the drawings is imported, every molecule always.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRAWINGS = ("librecad-data", ".dxf")
MOLECULES = ("rdkit-data", (".sdf", ".mol"))
SAMPLE = 300
# The most seconds that one command may take: far above what any needs.
SECONDS = 300


def files(package, endings):
    """The files of an installed package with one of the endings."""
    done = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{package} is not installed: bash Tests/setup.sh {package}")
    found = (pathlib.Path(line) for line in done.stdout.splitlines())
    return sorted(path for path in found if path.name.lower().endswith(endings) and path.is_file())


class Home:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.run("init", "--org", "oem.example", "--name", "OEM")

    def run(self, *words, codes=(0,)):
        done = subprocess.run([self.program, *map(str, words), "--home", str(self.folder), "--json"],
                              capture_output=True, text=True, timeout=SECONDS)
        if done.returncode not in codes:
            sys.exit(f"{' '.join(map(str, words))} ended with {done.returncode}: {done.stderr or done.stdout[:2000]}")
        return json.loads(done.stdout)


def expect(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def bring(home, dataset, folder, form):
    """Imports a folder; returns the report, the items, and the labels by item."""
    home.run("dataset", "create", dataset, "--title", dataset)
    report = home.run("import", dataset, folder, "--format", form, codes=(0, 1))
    lines = folder.parent / f"{dataset}.jsonl"
    home.run("export", dataset, "--format", "jsonl", "-o", lines)
    records = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    items = {r["item"]: r.get("fields", {}) for r in records if r["kind"] == "item"}
    labels = collections.Counter(r["item"] for r in records if r["kind"] == "annotation")
    return report, items, labels


def said(report, name):
    """What the program says of a file."""
    parts = report["refused"] + report["skipped"] + report["notes"]
    return [entry.get("why", entry.get("what")) for entry in parts if name in entry["where"]]


def link(folder, paths):
    """A folder of the files under their own paths."""
    for path in paths:
        place = folder / path.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path)
    return folder


def drawings(home, folder, everything):
    paths = files(*DRAWINGS)
    expect(len(paths) > 1000, f"librecad-data has its drawings: {len(paths)}")
    if not everything:
        paths = sorted(random.Random(5).sample(paths, SAMPLE))
    link(folder, paths)
    report, items, labels = bring(home, "drawings", folder, "dxf")
    silent = []
    for path in paths:
        key = str(path.relative_to("/"))
        if key not in items and not said(report, path.name):
            silent.append(key)
        elif key in items and not labels[key] and entities(path) and not said(report, path.name):
            silent.append(f"{key} (no label of {entities(path)} entities)")
    expect(not silent, f"nothing is said of {len(silent)} drawings: {silent[:20]}")
    print(f"{len(paths)} drawings: {len(items)} items, {sum(labels.values())} labels, "
          f"{len(report['refused'])} files refused, {report['skippedCount']} skipped, {report['noteCount']} notes")
    return report


def entities(path):
    """How many entities a drawing's section of that name has, by its pairs of lines."""
    lines = path.read_bytes().replace(b"\r\n", b"\n").split(b"\n")
    pairs = [(lines[n].strip(), lines[n + 1].strip()) for n in range(0, len(lines) - 1, 2)]
    inside, count = False, 0
    for code, value in pairs:
        if code == b"2" and value == b"ENTITIES":
            inside = True
        elif inside and code == b"0":
            if value == b"ENDSEC":
                break
            count += 1
    return count


def molecules(home, folder):
    paths = files(*MOLECULES)
    wanted = {path: records(path) for path in paths}
    expect(sum(wanted.values()) > 900, f"rdkit-data has its molecules: {sum(wanted.values())}")
    link(folder, paths)
    report, items, labels = bring(home, "molecules", folder, "sdf")
    for path, count in wanted.items():
        stem = str(path.relative_to("/").with_suffix(""))
        found = sum(key == stem or key.startswith(stem + "/") for key in items)
        named = sum(path.name in entry["where"] for entry in report["skipped"])
        whole = any(path.name in entry["where"] for entry in report["refused"])
        expect(found + named == count or whole,
               f"{path}: {count} molecules, {found} items and {named} skipped")
    structures = {tuple(structure(text)) for path in paths for text in parts(path)}
    lost = [key for key, fields in items.items()
            if tuple(structure(fields.get("sdf.molfile", ""))) not in structures]
    expect(not lost, f"every molecule keeps its structure: {lost[:5]}")
    again = home.run("export", "molecules", "--format", "sdf", "-o", folder.parent / "out")
    out = folder.parent / "out"
    written = [out] if out.is_file() else [path for path in out.rglob("[!.]*") if path.is_file()]
    expect(again["items"] == sum(map(records, written)) > 0, f"what leaves is {again['items']} molecules")
    back = {tuple(structure(text)) for path in written for text in parts(path)}
    expect(back <= structures, "every molecule that leaves has the structure that it came with")
    print(f"{len(paths)} files of {sum(wanted.values())} molecules: {len(items)} items, {sum(labels.values())} labels, "
          f"{len(report['refused'])} files refused, {report['skippedCount']} skipped, {report['noteCount']} notes")


def parts(path):
    """The texts of the molecules in a file."""
    texts = path.read_text("latin-1").replace("\r\n", "\n").split("$$$$\n")
    return [text for text in texts if text.strip()]


def records(path):
    """How many molecules a file holds."""
    return len(parts(path))


def structure(text):
    """The lines of atoms and bonds; what stands before is a title, what stands behind are properties."""
    lines = [line.rstrip() for line in text.split("\n")]
    return lines[3:lines.index("M  END") + 1] if "M  END" in lines else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / ".build" / "debug" / "countermark"))
    parser.add_argument("--all", action="store_true", help="all drawings, not a sample")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="countermark-libraries-") as place:
        base = pathlib.Path(place)
        home = Home(str(pathlib.Path(choice.program).resolve()), base / "home")
        drawings(home, base / "drawings", choice.all)
        molecules(home, base / "molecules")


if __name__ == "__main__":
    main()
