#!/usr/bin/env python3
"""How long an honest partner's sync takes while another partner floods, stalls and sends garbage, and without.

Three homes on this machine: the steward serves, one supplier writes and syncs, the other one attacks with its own
valid certificate in three ways at once, each from processes of their own. Quiet and loud stretches take turns, so that whatever
else the machine does is in both. Prints medians and their ratio, and ends with status 1 above `--most`.
"""

import argparse
import multiprocessing
import os
import pathlib
import shutil
import socket
import ssl
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company, free_port  # noqa: E402

OEM, HONEST, MALLORY = "oem.example", "honest.example", "mallory.example"
DATASET = f"{OEM}/boards"
FOLDER = pathlib.Path("/tmp/countermark-flood")


class Attacker:
    """A member that keeps the steward's node busy in three ways, from several processes."""

    def __init__(self, home, port, nice):
        self.home, self.port, self.nice = home, port, nice
        self.counts = {way: multiprocessing.Value("q", 0) for way in ("requests", "stalls", "garbage")}
        self.processes = []

    def start(self):
        ways = [self.requests, self.requests, self.stalls, self.garbage]
        self.processes = [multiprocessing.Process(target=self.repeat, args=(way,), daemon=True) for way in ways]
        for process in self.processes:
            process.start()

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.join()
        self.processes = []

    def count(self, way, number):
        with self.counts[way].get_lock():
            self.counts[way].value += number

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(self.home / "trust/own.pem", self.home / "keys/node.key")
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return context.wrap_socket(plain, server_hostname="localhost")

    def repeat(self, act):
        # On the internet the attacker's own work is done by its own machine.
        os.nice(self.nice)
        while True:
            try:
                act()
            except OSError:
                time.sleep(0.05)

    def requests(self):
        """The dearest of all calls, as fast as it goes."""
        with self.connect() as link:
            while True:
                link.sendall(b"GET /v1/logs HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
                self.count("requests", 20)
                if not link.recv(65536):
                    return

    def stalls(self):
        """Begins many pushes whose checkpoint is signed and of which the rest never comes."""
        links = []
        path = f"/v1/logs/{MALLORY}/{DATASET}/entries?from=0&at=0&more=1"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n".encode()
        note = (self.home / "logs" / MALLORY / DATASET / "checkpoint").read_bytes()
        for _ in range(20):
            link = self.connect()
            link.sendall(head + len(note).to_bytes(4, "big") + note)
            links.append(link)
            self.count("stalls", 1)
        time.sleep(2)
        for link in links:
            link.close()

    def garbage(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(b"\x16\x03\x01\xff\xff" + b"\xff" * 4096)
            self.count("garbage", 1)
            link.settimeout(1)
            link.recv(1024)


def measure(honest, rounds, first):
    times = []
    for number in range(first, first + rounds):
        words = ["annotate", DATASET, f"{number}.png", "--class", "open", "--box", "1,2,3,4"]
        honest.run(*words)
        start = time.perf_counter()
        honest.run("sync")
        times.append(time.perf_counter() - start)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--stretches", type=int, default=3)
    parser.add_argument("--nice", type=int, default=19)
    parser.add_argument("--most", type=float, help="the largest ratio that is good")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    port = free_port()
    oem = Company(program, FOLDER, OEM)
    others = [Company(program, FOLDER, origin) for origin in [HONEST, MALLORY]]
    for company in [oem, *others]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (FOLDER / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    oem.run("dataset", "create", "boards", "--title", "Boards")
    for other in others:
        oem.run("partner", "add", other.origin, "--root", str(FOLDER / f"{other.origin}.pem"))
        other.run("partner", "add", OEM, "--root", str(FOLDER / f"{OEM}.pem"),
                  "--url", f"https://127.0.0.1:{port}")
        oem.run("member", "set", "boards", other.origin, "--role", "annotator")
    oem.serve(port, FOLDER / "oem.log")
    attacker = Attacker(others[1].home, port, options.nice)
    quiet, loud = [], []
    try:
        for other in others:
            other.run("dataset", "join", DATASET)
        others[1].run("annotate", DATASET, "m.png", "--class", "open", "--box", "1,2,3,4")
        measure(others[0], 3, 0)
        each = options.rounds // options.stretches
        for stretch in range(options.stretches):
            quiet += measure(others[0], each, 1000 * (2 * stretch + 1))
            attacker.start()
            time.sleep(1)
            loud += measure(others[0], each, 1000 * (2 * stretch + 2))
            attacker.stop()
            time.sleep(0.5)
    finally:
        attacker.stop()
        oem.stop()
    calm, attacked = statistics.median(quiet), statistics.median(loud)
    ratio = attacked / calm
    sent = ", ".join(f"{count.value} {way}" for way, count in attacker.counts.items())
    print(f"sync of one label, median of {len(quiet)}: {calm * 1000:.0f} ms alone, "
          f"{attacked * 1000:.0f} ms beside the attacker, ratio {ratio:.2f}; "
          f"slowest {max(quiet) * 1000:.0f} and {max(loud) * 1000:.0f} ms; "
          f"the attacker sent {sent}")
    if options.most and ratio > options.most:
        sys.exit(f"the ratio is above {options.most}")


if __name__ == "__main__":
    main()
