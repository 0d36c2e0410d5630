#!/usr/bin/env python3
"""Tests the page: what it is made of, then every screen by mouse and by keyboard in Chromium, with two companies' nodes.

Screenshots lie in .build/page-screenshots: they are made to be looked at.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile  # noqa: E402
import item  # noqa: E402
import pictures  # noqa: E402
import screens  # noqa: E402
import settle  # noqa: E402
import setup  # noqa: E402
import sources  # noqa: E402
import work  # noqa: E402
from browser import Browser, Node, free_port  # noqa: E402
from homes import make  # noqa: E402

failures = []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--pictures", action="store_true", help="makes the pictures of Docs/Page.md anew")
    parser.add_argument("names", nargs="*", help="tests whose names begin so; else all")
    chosen = parser.parse_args()
    program = os.path.abspath(chosen.program)
    wanted = lambda test: not chosen.names or any(test.__name__.startswith(name) for name in chosen.names)

    def run(test, *words):
        if not wanted(test):
            return
        started = time.monotonic()
        before = len(failures)
        try:
            test(*words, lambda holds, what: None if holds else failures.append(f"{test.__name__}: {what}"))
        except Exception:
            failures.append(f"{test.__name__}: {traceback.format_exc(limit=4)}")
        print(f"{'ok' if len(failures) == before else 'FAILED'}  {test.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        for failure in failures[before:]:
            print(f"   {failure}", flush=True)

    for test in (sources.texts, sources.sources, sources.markup):
        run(test)
    browsers = [*screens.TESTS, *item.TESTS, *hostile.TESTS, *setup.TESTS, *work.TESTS, *settle.TESTS]
    if any(wanted(test) for test in browsers):
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            folder = pathlib.Path(folder)
            ports = {"oem": free_port(), "tier1": free_port()}
            nodes = [Node(home, ports[home.name], folder / "media") for home in make(program, folder, ports)]
            try:
                for node in nodes:
                    node.start()
                for test in browsers:
                    run(test, browser, nodes)
            finally:
                for node in nodes:
                    node.stop()
    if chosen.pictures and not failures:
        pictures.make(os.environ.get("PAGE_SCREENSHOTS", ".build/page-screenshots"))
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
