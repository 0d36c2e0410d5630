#!/usr/bin/env python3
"""How long an honest partner's sync takes while another partner floods, stalls and sends garbage, and without.

Three homes on this machine: the steward serves, one supplier writes and syncs, the other one attacks with its own
valid certificate for as long as the second half of the measurement lasts. Prints medians and their ratio.
"""

import argparse
import pathlib
import shutil
import socket
import ssl
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company, free_port  # noqa: E402

OEM, HONEST, MALLORY = "oem.example", "honest.example", "mallory.example"
DATASET = f"{OEM}/boards"
FOLDER = pathlib.Path("/tmp/countermark-flood")


class Attacker:
    """A member that keeps the steward's node busy in three ways, from several threads."""

    def __init__(self, home, port):
        self.home, self.port = home, port
        self.over = threading.Event()
        self.requests = 0
        ways = [self.flood, self.flood, self.stall, self.garbage]
        self.threads = [threading.Thread(target=way, daemon=True) for way in ways]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=5)

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(self.home / "trust/own.pem", self.home / "keys/node.key")
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return context.wrap_socket(plain, server_hostname="localhost")

    def repeat(self, act):
        while not self.over.is_set():
            try:
                act()
            except OSError:
                time.sleep(0.05)

    def flood(self):
        def act():
            with self.connect() as link:
                while not self.over.is_set():
                    link.sendall(b"GET /v1/logs HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
                    self.requests += 20
                    if not link.recv(65536):
                        return
        self.repeat(act)

    def stall(self):
        """Begins many pushes of which the rest never comes."""
        def act():
            links = []
            for _ in range(20):
                link = self.connect()
                path = f"/v1/logs/{MALLORY}/{DATASET}/entries?from=0"
                link.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n"
                             "Content-Length: 30000000\r\n\r\n".encode() + b"\0" * 100_000)
                links.append(link)
            self.over.wait(2)
            for link in links:
                link.close()
        self.repeat(act)

    def garbage(self):
        def act():
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(b"\x16\x03\x01\xff\xff" + b"\xff" * 4096)
                link.settimeout(1)
                link.recv(1024)
        self.repeat(act)


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
    attacker = Attacker(others[1].home, port)
    try:
        for other in others:
            other.run("dataset", "join", DATASET)
        measure(others[0], 3, 0)
        quiet = measure(others[0], options.rounds, 100)
        attacker.start()
        time.sleep(1)
        loud = measure(others[0], options.rounds, 1000)
    finally:
        attacker.stop()
        oem.stop()
    calm, attacked = statistics.median(quiet), statistics.median(loud)
    print(f"sync of one label, median of {options.rounds}: {calm * 1000:.0f} ms alone, "
          f"{attacked * 1000:.0f} ms beside the attacker, ratio {attacked / calm:.2f}; "
          f"slowest {max(quiet) * 1000:.0f} and {max(loud) * 1000:.0f} ms; "
          f"the attacker sent {attacker.requests} requests")


if __name__ == "__main__":
    main()
