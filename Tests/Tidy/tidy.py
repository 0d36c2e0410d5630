#!/usr/bin/env python3
"""Checks what neither the compiler nor the formatter does: arrows between modules, sizes, and what is declared for nothing.

- A file imports those of our modules that its target names, and a target names those that a file imports; the table of
  modules in Docs/Architecture.md says the same.
- Nothing below CountermarkNode speaks of a `Node`: what stands upon it may.
- A file of more than 400 lines, or a function of more than 60, says in its first comment why it is long.
- No line has more than 120 columns.
- The faults of Tests/Mutations still fit the code.
"""

import itertools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, COLUMNS = 400, 60, 120
# Those that may know a node.
UPPER = {"CountermarkNode", "NodeDocuments", "OperatorPage", "countermark"}
FUNCTION = re.compile(r"^(\s*)(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|private|fileprivate|static|mutating|override|"
                      r"nonisolated|convenience|class)\s+)*(?:func\s|init[?(<])")


def targets():
    """Our own targets: name, folder, and the own targets that each names."""
    dumped = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True, text=True)
    found = json.loads(dumped.stdout)["targets"]
    own = {target["name"] for target in found}
    for target in found:
        if target["type"] == "system":
            continue
        default = "Tests" if target["type"] == "test" else "Sources"
        folder = ROOT / (target.get("path") or f"{default}/{target['name']}")
        names = [next(iter(d.values()))[0] for d in target["dependencies"]]
        yield target["name"], folder, own, [name for name in names if name in own]


def files(folder):
    return sorted(folder.rglob("*.swift"))


def imports(text):
    return set(re.findall(r"^(?:@testable )?import (?:struct |enum |class |func )?(\w+)", text, re.M))


def arrows(complain):
    below = {}
    for name, folder, own, named in targets():
        below[name] = set(named)
        used = {}
        for file in files(folder):
            for module in imports(file.read_text()) & own:
                used.setdefault(module, file)
        for module in sorted(set(used) - set(named)):
            complain(used[module], f"imports {module}, which target {name} does not name in Package.swift")
        for module in sorted(set(named) - set(used)):
            complain("Package.swift", f"target {name} names {module}, and no file of it imports that")
        if folder.is_relative_to(ROOT / "Sources") and name not in UPPER:
            for file in files(folder):
                for number, line in enumerate(file.read_text().splitlines(), 1):
                    if re.search(r"\bNode\b", line.split("//")[0]):
                        complain(f"{file}:{number}", "speaks of a Node, of which nothing below CountermarkNode knows")
    return below


def documented(below, complain):
    """The table of Docs/Architecture.md."""
    text = (ROOT / "Docs/Architecture.md").read_text()
    rows = dict(re.findall(r"^\| (\w+) \|[^|]*\| ([^|]*) \|$", text, re.M))
    shipped = {path.name for path in (ROOT / "Sources").iterdir()} - {"CZlib", "COpenSSL", "CFileBirth"}
    for name in sorted(shipped):
        if name not in rows:
            complain("Docs/Architecture.md", f"has no row for {name}")
            continue
        if name in UPPER:
            continue
        said = set(re.findall(r"\w+", rows[name])) & set(below)
        true = below[name] - {"CZlib", "COpenSSL", "CFileBirth"}
        if said - {"CZlib", "COpenSSL", "CFileBirth"} != true:
            complain("Docs/Architecture.md", f"says that {name} imports {sorted(said)}; it is {sorted(true)}")


def comment_above(lines, index):
    """The comment above a line, attributes between."""
    found = []
    while index > 0 and re.match(r"\s*(///|//|@)", lines[index - 1]):
        index -= 1
        found.append(lines[index])
    return " ".join(reversed(found))


def first_comment(lines):
    found = []
    for line in lines:
        if line.strip().startswith("//"):
            found.append(line)
        elif found:
            return " ".join(found)
    return " ".join(found)


def is_explained(comment):
    """Whether a comment says of its subject that it is long, and not of something else: "as long as", "for long"."""
    return re.search(r"\blong\b", re.sub(r"\b(as|so|how|for|no|too) long\b", "", comment, flags=re.I)) is not None


def sizes(complain):
    for top in ("Sources", "Tests"):
        for file in files(ROOT / top):
            lines = file.read_text().splitlines()
            place = file.relative_to(ROOT)
            if len(lines) > FILE_LINES and not is_explained(first_comment(lines)):
                complain(place, f"has {len(lines)} lines: cut it, or say in its first comment why it is long")
            is_text = False
            for number, line in enumerate(lines, 1):
                # What lies in a text is somebody's file, line by line.
                is_text ^= line.count('"""') % 2 == 1
                is_file = top == "Tests" and re.match(r'\s*(\?\? |\+ )?#?"', line)
                if len(line) > COLUMNS and not is_text and not is_file:
                    complain(f"{place}:{number}", f"has {len(line)} columns")
            functions(place, lines, complain)


def functions(place, lines, complain):
    for index, line in enumerate(lines):
        match = FUNCTION.match(line)
        if not match:
            continue
        end = next((i for i in range(index, len(lines)) if lines[i].startswith(match[1] + "}")), index)
        # A requirement without a body ends nowhere: what ends next is something else.
        signature = itertools.takewhile(lambda part: part.strip() and not part.lstrip().startswith("//"),
                                        lines[index:end])
        if not any(part.rstrip().endswith("{") for part in signature):
            continue
        if end - index + 1 > FUNCTION_LINES and not is_explained(comment_above(lines, index)):
            complain(f"{place}:{index + 1}", f"is a function of {end - index + 1} lines: cut it, or say in its "
                     "comment why it is long")


def mutations(complain):
    listed = subprocess.run([sys.executable, "Tests/Mutations/run.py", "--list"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        complain("Tests/Mutations/mutations.txt", listed.stderr.strip())


def main():
    faults = []
    documented(arrows(lambda place, what: faults.append(f"{place}: {what}")),
               lambda place, what: faults.append(f"{place}: {what}"))
    sizes(lambda place, what: faults.append(f"{place}: {what}"))
    mutations(lambda place, what: faults.append(f"{place}: {what}"))
    for fault in faults:
        print(fault.replace(f"{ROOT}/", ""))
    if faults:
        sys.exit(f"FAILED: {len(faults)} things are not tidy")
    print("tidy: arrows, sizes and columns are as they should be")


if __name__ == "__main__":
    main()
