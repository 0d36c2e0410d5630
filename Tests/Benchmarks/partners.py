#!/usr/bin/env python3
"""Measures a node with many partners: the memory of the serving process, and how fast it answers and tells.

    python3 Tests/Benchmarks/partners.py --program .build/release/countermark

So many companies take part in one dataset, each with a log of its own and a connection that watches over mutual TLS;
beside it the node holds many small datasets. The watching ends are this script's: what is measured is the one node.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "EndToEnd"))
from raw import DATASET, OEM, Company, answer, companies, connect, free_port  # noqa: E402


def row(what, value):
    print(f"| {what} | {value} |", flush=True)


def median(values, unit):
    return f"{statistics.median(values):.1f} {unit} (at most {max(values):.1f})"


def resident(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def processor(process):
    return sum(map(int, open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def timed(work):
    started = time.monotonic()
    before = os.times()
    work()
    after = os.times()
    return time.monotonic() - started, (after.children_user + after.children_system) - (before.children_user + before.children_system)


def logs_of_all(oem, members, folder):
    """Every member labels something in a log of its own, and one folder brings all of them."""
    for member in members:
        oem.run("carry", "out", DATASET, str(folder / f"to-{member.origin}"), "--for", member.origin)
        member.run("carry", "in", str(folder / f"to-{member.origin}"))
        member.run("annotate", DATASET, "b.png", "--class", "spur", "--box", "5,2,3,4")
        member.run("carry", "out", DATASET, str(folder / "all"), "--for", OEM)
    row(f"`carry in` of {len(members)} logs of one label",
        "{:.2f} s, {:.2f} CPU s".format(*timed(lambda: oem.run("carry", "in", str(folder / "all")))))


def small_datasets(oem, members, count, folder):
    """Datasets of a few logs each, all of which the node holds."""
    for number in range(count):
        name = f"small{number}"
        oem.run("dataset", "create", name, "--title", name)
        for member in members:
            oem.run("member", "set", name, member.origin, "--role", "annotator")
        oem.run("annotate", name, "a.png", "--class", "spur", "--box", "1,2,3,4")
        for member in members:
            stick = folder / f"{name}-{member.origin}"
            oem.run("carry", "out", f"{OEM}/{name}", str(stick), "--for", member.origin)
            member.run("carry", "in", str(stick))
            member.run("annotate", f"{OEM}/{name}", "a.png", "--class", "short", "--box", "1,2,3,4")
            member.run("carry", "out", f"{OEM}/{name}", str(stick), "--for", OEM)
            oem.run("carry", "in", str(stick))


class Watch:
    """A partner's connection that is told what is new."""

    def __init__(self, company, port):
        self.link = connect(company, port)
        self.link.sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
        self.heard = 0.0
        self.data = b""
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while piece := self.link.recv(65536):
            self.data += piece
            self.heard = time.monotonic()


def asked(link, path):
    started = time.monotonic()
    link.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    status, _ = answer(link)
    if status != 200:
        raise SystemExit(f"{path} was answered with {status}")
    return 1000 * (time.monotonic() - started)


def told(oem, watches):
    """Milliseconds from the end of an `annotate` of another process until all watches have heard of it, once."""
    sizes = [len(watch.data) for watch in watches]
    started = time.monotonic()
    oem.run("annotate", DATASET, "c.png", "--class", "spur", "--box", "1,2,3,4")
    written = time.monotonic()
    deadline = started + 30
    while any(len(watch.data) == size for watch, size in zip(watches, sizes)) and time.monotonic() < deadline:
        time.sleep(0.001)
    return 1000 * max(0, max(watch.heard for watch in watches) - written)


def measure(oem, members, port):
    """What the serving node takes, and how fast it answers and tells."""
    row("resident, before anybody calls", f"{resident(oem.node):.0f} MiB")
    watches = [Watch(member, port) for member in members]
    time.sleep(3)
    link = connect(members[0], port)
    lists = [asked(link, "/v1/logs") for _ in range(20)]
    row("resident, with all of them watching", f"{resident(oem.node):.0f} MiB")
    row("`/v1/logs`, the list of logs", median(lists, "ms"))
    checkpoints = [asked(link, f"/logs/{OEM}/{DATASET}/checkpoint") for _ in range(50)]
    row("a checkpoint", median(checkpoints, "ms"))
    before = processor(oem.node)
    seen = [told(oem, watches) for _ in range(10)]
    row("from the end of an `annotate` beside the node to the last watching partner", median(seen, "ms"))
    row("CPU of the node for each of these", f"{1000 * (processor(oem.node) - before) / len(seen):.0f} ms")
    for member in members[:20]:
        link = connect(member, port)
        asked(link, "/v1/logs")
        link.close()
    row("resident, at the end", f"{resident(oem.node):.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--partners", type=int, default=200)
    parser.add_argument("--datasets", type=int, default=200)
    given = parser.parse_args()
    program = str(pathlib.Path(given.program).resolve())
    with tempfile.TemporaryDirectory(prefix="countermark-partners-") as name:
        folder, port = pathlib.Path(name), free_port()
        oem, *members = companies(program, folder, port, *(f"p{number:03}.example" for number in range(given.partners)))
        print(f"{given.partners} partners with a log each in one dataset, {given.datasets} datasets of 5 logs; load {os.getloadavg()[0]:.1f}\n\n"
              "| what | seen |\n| --- | --- |")
        logs_of_all(oem, members, folder)
        small_datasets(oem, members[:4], given.datasets, folder)
        opened = [timed(lambda: oem.run("status", DATASET)) for _ in range(5)]
        row("`status` of the large dataset as a process", median([1000 * seconds for seconds, _ in opened], "ms"))
        oem.serve(port, folder / "node.log")
        try:
            measure(oem, members, port)
        finally:
            oem.stop()


main()
