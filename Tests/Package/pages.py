#!/usr/bin/env python3
"""Each command of the program has its manual page, with every option that its help names.

    pages.py --program PROGRAM FOLDER
"""

import argparse
import concurrent.futures
import gzip
import pathlib
import re
import subprocess
import sys


def help_of(program, path):
    done = subprocess.run([program, *path, "--help"], check=True, capture_output=True, text=True)
    return done.stdout


def commands(program, path=()):
    """The words of each command, as the help of the one above lists it, with its own help."""
    text = help_of(program, path)
    yield path, text
    listed = text.partition("\nSUBCOMMANDS:\n")[2]
    below = re.findall(r"^  ([a-z][a-z-]*)\b", listed, re.M)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for found in pool.map(lambda name: list(commands(program, (*path, name))), below):
            yield from found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    missing, seen = [], set()
    for path, text in commands(options.program):
        name = "-".join(["countermark", *path])
        page = options.folder / f"{name}.1.gz"
        seen.add(page.name)
        if not page.exists():
            missing.append(f"{name} has no page")
            continue
        shown = gzip.decompress(page.read_bytes()).decode().replace("\\-", "-")
        named = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text.partition("\nSUBCOMMANDS:\n")[0], re.M))
        missing += [f"the page of {name} does not name {option}" for option in sorted(named)
                    if f"\\fB{option}\\fR" not in shown]
    missing += [f"{page.name} is no command's" for page in sorted(options.folder.iterdir()) if page.name not in seen]
    if len(seen) < 100 or missing:
        sys.exit("FAILED: " + "\n".join(missing or ["the program lists hardly any commands"]))
    print(f"ok: {len(seen)} commands have their manual pages, with every option")


if __name__ == "__main__":
    main()
