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
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Page"))
from browser import Browser, Node, free_port, go  # noqa: E402
from homes import LARGE, Home, carry, large, lines, pair  # noqa: E402
from sources import WEB, weight  # noqa: E402

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


class Table:
    """Rows of medians: each measure is taken so many times, in turns with the others as far as they share a screen."""

    def __init__(self, rounds):
        self.rounds = rounds
        self.missed = 0
        print("| what | median | all | wanted | load |\n| --- | --- | --- | --- | --- |", flush=True)

    def add(self, what, values, unit, most=None, least=None):
        middle = statistics.median(values)
        wanted = f"≤ {most} {unit}" if most else f"≥ {least} {unit}" if least else ""
        if most and middle > most or least and middle < least:
            self.missed += 1
            wanted += " (missed)"
        spread = f"{min(values):,.0f} to {max(values):,.0f}" if len(values) > 1 else ""
        print(f"| {what} | {middle:,.0f} {unit} | {spread} | {wanted} | {os.getloadavg()[0]:.1f} |", flush=True)


def paints(table, page, node):
    """First paint of each screen, loaded whole: with nothing of the page in memory but what the browser keeps of files."""
    label = node.home.run("list", LARGE, "--limit", "1")["annotations"][0]["id"]
    inside = {"dataset": ("", ".card"), "items": ("/items", ".cell .key:not(:empty)"), "conflicts": ("/conflicts", "h1"), "quality": ("/quality", ".card"),
              "releases": ("/releases", "h1"), "history": ("/history", ".historyrow"), "item": ("/item/many%2F0000001.png", "html[data-loaded]"),
              "label": (f"/label/{urllib.parse.quote(label, safe='')}", ".write")}
    screens = {"home": ("/", ".screen.home h1"), "partners": ("/partners", ".screen.partners h1"), "me": ("/me", ".screen.me .card"), "setup": ("/setup", ".steps")}
    screens |= {name: (f"/d/{LARGE}{path}", selector) for name, (path, selector) in inside.items()}
    for name, (hash, selector) in screens.items():
        first, whole = [], []
        for _ in range(table.rounds):
            page.goto("about:blank")
            started = time.monotonic()
            page.goto(node.base + "#" + hash)
            page.wait_for_selector(selector)
            whole.append((time.monotonic() - started) * 1000)
            first.append(page.evaluate(PAINT))
        table.add(f"first paint: {name}", first, "ms", most=400)
        table.add(f"… all of it there: {name}", whole, "ms")


def opened(table, page, node, datasets):
    """From a click to the first cells of a dataset's items, the datasets in turns."""
    times = {dataset: [] for dataset in datasets}
    for _ in range(table.rounds):
        for dataset in datasets:
            go(page, node, "/", ".screen.home table")
            started = time.monotonic()
            go(page, node, f"/d/oem.example/{dataset}/items", ".cell .key:not(:empty)")
            times[dataset].append((time.monotonic() - started) * 1000)
    for dataset, what in datasets.items():
        table.add(f"opens: {what}", times[dataset], "ms")


def answers(table, page, node, labels):
    """What the node itself takes for all labels of one item."""
    ask = f"""async () => {{ const started = performance.now(); await (await fetch('api/v1/datasets/oem.example/large/labels?item=many%2F0000000.png&limit={labels}', {{ cache: 'no-store' }})).text(); return performance.now() - started; }}"""
    table.add(f"the API's {labels:,} labels of one item", [page.evaluate(ask) for _ in range(table.rounds)], "ms")


def many_labels(table, page, node, labels):
    """Every action on a picture with many labels, the worst of several each."""
    key = urllib.parse.quote("many/0000000.png", safe="")
    times, all_there = [], []
    for _ in range(table.rounds):
        go(page, node, "/", ".screen.home table")
        started = time.monotonic()
        go(page, node, f"/d/oem.example/large/item/{key}", "html[data-loaded='many/0000000.png']")
        times.append((time.monotonic() - started) * 1000)
        page.wait_for_selector(f".panelhead h2:has-text('{labels:,}')")
        all_there.append((time.monotonic() - started) * 1000)
        page.evaluate("() => delete document.documentElement.dataset.loaded")
    table.add(f"a picture with {labels:,} labels opens", times, "ms")
    table.add("… all of them are there", all_there, "ms")
    page.wait_for_timeout(1500)
    places = [(0.31, 0.4), (0.52, 0.5), (0.66, 0.3), (0.4, 0.7), (0.58, 0.62)]
    actions = {"a click selects": (CLICK, places), "the next label by a key": (KEY, "]]]]]"), "hide all, show all": (KEY, "aaaa"), "hide one": (KEY, "hhhh"),
               "zoom in and out": (WHEEL, (-120, -120, 120, 120)), "another class": (KEY, "2323"), "names on and off": (KEY, "ll")}
    for what, (script, values) in actions.items():
        worst = []
        for _ in range(table.rounds):
            page.wait_for_timeout(400)
            page.evaluate(CLICK, places[0])
            page.wait_for_timeout(300)
            worst.append(max(page.evaluate(script, value) for value in values))
        table.add(f"… {what}, the worst of {len(values)}", worst, "ms", most=100)


def scrolls(table, page, node, items):
    longest, middles = [], []
    for _ in range(table.rounds):
        go(page, node, "/", ".screen.home table")
        go(page, node, "/d/oem.example/large/items", ".cell .key:not(:empty)")
        page.wait_for_timeout(800)
        frames = page.evaluate(SCROLL, 300)
        longest.append(max(frames))
        middles.append(statistics.median(frames))
    table.add(f"the longest frame while {items:,} items scroll", longest, "ms", most=100)
    table.add("… and the middle one", middles, "ms")


def pans(table, page, node, points):
    times, rates = [], []
    for _ in range(table.rounds):
        go(page, node, "/", ".screen.home table")
        started = time.monotonic()
        go(page, node, "/d/oem.example/series/item/long.csv", "html[data-loaded='long.csv']")
        times.append((time.monotonic() - started) * 1000)
        page.wait_for_timeout(1000)
        # Whole, and near: each is drawn from another level of the pyramid.
        for factor in (1, 40, 40):
            page.evaluate("(factor) => { const c = document.querySelector('.plot canvas'); for (let x = 1; x < factor; x *= 1.2) c.dispatchEvent(new WheelEvent('wheel', { deltaY: -91, clientX: 400, cancelable: true })); }", factor)
            frames = page.evaluate(PAN, 120)
            rates.append(1000 * len(frames) / sum(frames))
        page.evaluate("() => delete document.documentElement.dataset.loaded")
    table.add(f"a series of {points:,} points opens", times, "ms")
    table.add("… and pans, frames a second, from far to near", rates, "", least=30)


def reaches(table, pages, nodes):
    """From a key in one company's browser to the other's, which is open on the same picture."""
    here, there = pages
    for page, node in zip(pages, nodes):
        go(page, node, "/d/oem.example/joint/item/many%2F0000000.png", "html[data-loaded='many/0000000.png']")
    count = "() => document.querySelector('.panelhead h2').textContent"
    times = []
    for _ in range(max(5, table.rounds)):
        before = there.evaluate(count)
        started = time.monotonic()
        here.keyboard.press("b")
        here.keyboard.press("Enter")
        there.wait_for_function("(before) => document.querySelector('.panelhead h2').textContent !== before", arg=before, polling=20)
        times.append((time.monotonic() - started) * 1000)
        here.keyboard.press("Escape")
        here.wait_for_timeout(700)
    table.add("a label drawn here is on the partner's open page", times, "ms", most=1000)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=5_000_000)
    parser.add_argument("--million", action=argparse.BooleanOptionalAction, default=True, help="a dataset of 1,000,000 labels, too")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        folder = pathlib.Path(folder)
        home, partner = (Home(os.path.abspath(chosen.program), folder, name) for name in ("oem", "tier1"))
        ports = {"oem": free_port(), "tier1": free_port()}
        pair(folder, home, partner, ports)
        large(folder, home, chosen.items, chosen.labels)
        large(folder, home, 1000, 1000, "small")
        large(folder, home, 10, 20, "joint")
        home.run("member", "set", "joint", partner.origin, "--role", "annotator")
        carry(folder, "oem.example/joint", home, partner)
        if chosen.million:
            million(folder, home)
        series(folder, home, chosen.points)
        nodes = [Node(each, ports[each.name], folder / "media") for each in (home, partner)]
        for node in nodes:
            node.start()
        try:
            measure(chosen, browser, nodes)
        finally:
            for node in nodes:
                node.stop()


def million(folder, home):
    home.run("dataset", "create", "million", "--title", "A million labels")
    box = {"kind": "box", "x": 1, "y": 2, "width": 30, "height": 40}
    file = lines(folder / "million.jsonl", ({"item": f"m/{n // 100:05}.png", "class": "open", "selector": box | {"x": n % 100}} for n in range(1_000_000)))
    home.run("import", "million", file, "--format", "jsonl")


def series(folder, home, points):
    (folder / "media").mkdir()
    with open(folder / "media/long.csv", "w") as file:
        file.write("time,value\n")
        file.writelines(f"{n * 0.001:.3f},{(n * 7919 % 10007) / 100 + n / 50000:.2f}\n" for n in range(points))
    home.run("dataset", "create", "series", "--title", "A long series")
    home.run("items", "add", "series", str(folder / "media"))
    home.run("annotate", "series", "long.csv", "--class", "anomaly", "--selector", '{"kind":"interval","start":10,"end":12,"channels":[]}')


def measure(chosen, browser, nodes):
    """Prints the table."""
    node = nodes[0]
    page = browser.page(node)
    table = Table(chosen.rounds)
    paints(table, page, node)
    opened(table, page, node, {"small": "1,000 labels", "large": f"{chosen.items:,} items", **({"million": "1,000,000 labels"} if chosen.million else {})})
    scrolls(table, page, node, chosen.items)
    answers(table, page, node, chosen.labels)
    many_labels(table, page, node, chosen.labels)
    pans(table, page, node, chosen.points)
    reaches(table, [page, browser.page(nodes[1])], nodes)
    weights = {screen.stem: weight(screen) for screen in sorted((WEB / "screens").glob("*.js"))}
    heaviest = max(weights, key=weights.get)
    table.add(f"weight of the heaviest screen ({heaviest}), with all that it may load", [weights[heaviest] / 1000], "kB", most=400)
    print(f"{table.missed} marks missed; {os.cpu_count()} processors, load averages {os.getloadavg()}", flush=True)


if __name__ == "__main__":
    main()
