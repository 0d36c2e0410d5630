#!/usr/bin/env python3
"""Measures how fast the page is, and prints the table of Docs/Benchmarks.md: in headless Chromium, drawn by software.

    bash Tests/environment.sh page Tests/Page/requirements.txt     # prints the environment
    ENVIRONMENT/bin/python Tests/Benchmarks/page.py --program .build/release/countermark
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Page"))
from browser import Browser, Node, free_port, go  # noqa: E402
from homes import Home, large, lines  # noqa: E402

# The time from an event to the second frame after it: the first one draws what the event asked for.
FRAMES = """(run) => new Promise((done) => { const start = performance.now(); run();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start))); })"""
KEY = "(key) => (" + FRAMES + ")(() => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })))"
CLICK = """([x, y]) => (""" + FRAMES + """)(() => { const c = document.querySelector('.layer.top'); const f = c.getBoundingClientRect();
    c.setPointerCapture = () => {};
    for (const kind of ['pointerdown', 'pointerup']) c.dispatchEvent(new PointerEvent(kind, { clientX: f.left + f.width * x, clientY: f.top + f.height * y, button: 0, pointerId: 1, bubbles: true })); })"""
WHEEL = """(delta) => (""" + FRAMES + """)(() => { const c = document.querySelector('.layer.top'); const f = c.getBoundingClientRect();
    c.dispatchEvent(new WheelEvent('wheel', { deltaY: delta, clientX: f.left + 300, clientY: f.top + 300, cancelable: true })); })"""
SCROLL = """(steps) => new Promise((done) => { const s = document.querySelector('.screen.items .scroller'); const frames = []; let last = performance.now(); let step = 0;
    const tick = (now) => { frames.push(now - last); last = now; step += 1; if (step > steps) { done(frames.slice(2)); return; }
        s.scrollTop += step % 50 === 0 ? 400000 : 300; requestAnimationFrame(tick); }; requestAnimationFrame(tick); })"""
PAN = """(steps) => new Promise((done) => { const c = document.querySelector('.plot canvas'); const frames = []; let last = performance.now(); let step = 0;
    const tick = (now) => { frames.push(now - last); last = now; step += 1; if (step > steps) { done(frames.slice(2)); return; }
        c.dispatchEvent(new WheelEvent('wheel', { deltaX: step % 60 < 30 ? 12 : -12, cancelable: true })); requestAnimationFrame(tick); }; requestAnimationFrame(tick); })"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def row(what, value, unit, wanted):
    print(f"| {what} | {value:,.0f} {unit} | {wanted} |", flush=True)


def paint(page, node):
    """First paint of a page that is loaded whole, the middle of five."""
    times = []
    for _ in range(5):
        page.goto("about:blank")
        page.goto(node.base)
        page.wait_for_selector(".screen.home h1")
        times.append(page.evaluate(PAINT))
    row("first paint of a page", statistics.median(times), "ms", "≤ 400 ms")


def opened(page, node, dataset):
    """From an address to the first cells of a dataset's items."""
    times = []
    for _ in range(4):
        go(page, node, "/", ".screen.home table")
        started = time.monotonic()
        go(page, node, f"/d/oem.example/{dataset}/items", ".cell .key:not(:empty)")
        times.append((time.monotonic() - started) * 1000)
    return statistics.median(times)


def many_labels(page, node, labels):
    """Every action on a picture with many labels, the worst of several each."""
    started = time.monotonic()
    go(page, node, "/d/oem.example/large/item/many%2F0000000.png", "html[data-loaded]")
    row(f"a picture with {labels:,} labels opens", (time.monotonic() - started) * 1000, "ms", "")
    page.wait_for_timeout(1500)
    worst = lambda script, *values: max(page.evaluate(script, value) for value in values)
    places = [(0.31, 0.4), (0.52, 0.5), (0.66, 0.3), (0.4, 0.7), (0.58, 0.62)]
    row("… a click selects", worst(CLICK, *places), "ms", "≤ 100 ms")
    row("… the next label by a key", worst(KEY, *"]]]]]"), "ms", "≤ 100 ms")
    row("… hide all, show all", worst(KEY, *"aaaa"), "ms", "≤ 100 ms")
    row("… hide one", worst(KEY, *"hhhh"), "ms", "≤ 100 ms")
    row("… zoom in and out", worst(WHEEL, -120, -120, 120, 120), "ms", "≤ 100 ms")
    page.wait_for_timeout(400)
    page.evaluate(CLICK, places[0])
    row("… another class", worst(KEY, *"2323"), "ms", "≤ 100 ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=5_000_000)
    parser.add_argument("--million", action="store_true", help="also a dataset of 1,000,000 labels")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        folder = pathlib.Path(folder)
        home = Home(os.path.abspath(chosen.program), folder, "oem")
        home.run("init", "--org", home.origin, "--name", home.name)
        large(folder, home, chosen.items, chosen.labels)
        large(folder, home, 1000, 1000, "small")
        if chosen.million:
            home.run("dataset", "create", "million", "--title", "A million labels")
            box = {"kind": "box", "x": 1, "y": 2, "width": 30, "height": 40}
            file = lines(folder / "million.jsonl", ({"item": f"m/{n // 100:05}.png", "class": "open", "selector": box | {"x": n % 100}} for n in range(1_000_000)))
            home.run("import", "million", file, "--format", "jsonl")
        (folder / "media").mkdir()
        with open(folder / "media/long.csv", "w") as file:
            file.write("time,value\n")
            file.writelines(f"{n * 0.001:.3f},{(n * 7919 % 10007) / 100 + n / 50000:.2f}\n" for n in range(chosen.points))
        home.run("dataset", "create", "series", "--title", "A long series")
        home.run("items", "add", "series", str(folder / "media"))
        home.run("annotate", "series", "long.csv", "--class", "anomaly", "--selector", '{"kind":"interval","start":10,"end":12,"channels":[]}')
        node = Node(home, free_port(), folder / "media")
        node.start()
        try:
            page = browser.page(node)
            print("| what | measured | wanted |\n| --- | --- | --- |")
            paint(page, node)
            row(f"a dataset of {chosen.items:,} items opens", opened(page, node, "large"), "ms", "")
            row("a dataset of 1,000 labels opens", opened(page, node, "small"), "ms", "")
            if chosen.million:
                row("a dataset of 1,000,000 labels opens", opened(page, node, "million"), "ms", "as one of 1,000")
            go(page, node, "/d/oem.example/large/items", ".cell .key:not(:empty)")
            page.wait_for_timeout(1000)
            frames = page.evaluate(SCROLL, 300)
            row(f"the longest frame while {chosen.items:,} items scroll", max(frames), "ms", "≤ 100 ms")
            row("… and the middle one", statistics.median(frames), "ms", "")
            many_labels(page, node, chosen.labels)
            started = time.monotonic()
            go(page, node, "/d/oem.example/series/item/long.csv", "html[data-loaded='long.csv']")
            row(f"a series of {chosen.points:,} points opens", (time.monotonic() - started) * 1000, "ms", "")
            page.wait_for_timeout(1500)
            frames = page.evaluate(PAN, 120)
            row("… and pans, frames a second", 1000 * len(frames) / sum(frames), "", "≥ 30")
        finally:
            node.stop()


if __name__ == "__main__":
    main()
