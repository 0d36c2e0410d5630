#!/usr/bin/env python3
"""A node on a disk that is full goes on serving, says so, loses nothing, and recovers by itself.

The home lies on a tmpfs of a few MB that is mounted for the test; where nothing may be mounted it is skipped, aloud.
"""

import argparse
import ctypes
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
DISK_BYTES = 6 << 20
RECOVERY_SECONDS = 30


def check(holds, what, seen=""):
    if not holds:
        sys.exit(f"FAILED: {what}\n{seen}")
    print(f"ok: {what}", flush=True)


def mounted(folder):
    """Mounts a small disk that only this process and its children see; false where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    clone_newns, clone_newuser, ms_rec_private = 0x20000, 0x10000000, 0x4000 | 1 << 18
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(clone_newns | (0 if uid == 0 else clone_newuser)) != 0:
        return False
    if uid != 0:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            pathlib.Path(f"/proc/self/{file}").write_text(text)
    libc.mount(b"none", b"/", None, ms_rec_private, None)
    return libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, f"size={DISK_BYTES}".encode()) == 0


class Disk:
    """The small disk, which can be filled to its last byte."""

    def __init__(self, folder):
        self.filler = pathlib.Path(folder, "filler")

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 16, 4096):
                while True:
                    try:
                        if file.write(bytes(size)) < size:
                            break
                    except OSError:
                        break

    def clear(self):
        self.filler.unlink()


class Node:
    """The steward's node with its operator's address, and what its log says."""

    def __init__(self, company, folder):
        self.company, self.log = company, folder / "oem.log"
        self.port, self.operator = free_port(), free_port()
        self.token = folder / "token"
        self.token.write_text("t" * 64)

    def start(self):
        with open(self.log, "a") as log:
            self.company.node = subprocess.Popen(
                [self.company.program, "serve", "--home", str(self.company.home), "--peer",
                 f"127.0.0.1:{self.port}", "--ui", f"127.0.0.1:{self.operator}", "--metrics-token", self.token],
                stderr=log)
        patience.answers(self.port, self.company.node, f"the node, which writes to {self.log},")
        patience.answers(self.operator, self.company.node, "its operator's page")

    def ready(self):
        """The status of /readyz, and what /healthz tells the operator."""
        url = f"http://127.0.0.1:{self.operator}"
        why = urllib.request.Request(f"{url}/healthz", headers={"Authorization": f"Bearer {self.token.read_text()}"})
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError:
            pass
        try:
            with urllib.request.urlopen(why, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def becomes(self, status):
        end = time.monotonic() + patience.bound(RECOVERY_SECONDS)
        while time.monotonic() < end:
            found = self.ready()
            if found[0] == status:
                return found[1]
            time.sleep(0.5)
        sys.exit(f"FAILED: /readyz does not become {status}: {found}\n{self.log.read_text()}")

    def said(self, text):
        return sum(text in line for line in self.log.read_text().splitlines())


def companies(program, folder, small):
    """The steward, whose home lies on the small disk, and a supplier that dials it."""
    oem, tier = Company(program, small, OEM), Company(program, folder, TIER)
    for company in (oem, tier):
        company.run("init", "--org", company.origin, "--name", company.origin)
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    node = Node(oem, folder)
    oem.run("partner", "add", TIER, "--root", str(folder / f"{TIER}.pem"))
    tier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"), "--url", f"https://127.0.0.1:{node.port}")
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("member", "set", "boards", TIER, "--role", "reviewer")
    for number in range(20):
        oem.run("annotate", "boards", f"{number}.png", "--class", "spur")
    return oem, tier, node


def labels(company):
    return len(company.run("list", DATASET, "--limit", "1000")["annotations"])


def full(oem, tier, node):
    """While it is full: reads and answers go on, writes are refused in words."""
    text = node.becomes(503)
    check("disk" in text and "full" in text, "/readyz is not ready, and /healthz names the disk", text)
    before = oem.run("verify")["entries"]
    for words in (["annotate", "boards", "full.png", "--class", "spur"], ["key", "rotate"],
                  ["partner", "add", TIER, "--url", "https://127.0.0.1:9"]):
        done = oem.attempt(*words)
        check(done.returncode == 1 and "space" in done.stderr or "full" in done.stderr,
              f"{words[0]} is refused in words", done.stdout + done.stderr)
    check(labels(oem) == 20 and oem.run("status")["disk"]["free"] < 1 << 20, "status and list go on")
    done = tier.attempt("sync")
    check("pulled" in done.stdout and labels(tier) == 20, "a partner is served", done.stdout + done.stderr)
    check(oem.node.poll() is None, "the node lives")
    check(oem.run("verify")["entries"] == before, "nothing was written and nothing is damaged")


def recovered(oem, tier, node, disk, labelled):
    disk.clear()
    node.becomes(200)
    check(node.becomes(200) == "ok\n", "with space it is ready again by itself")
    check(oem.attempt("annotate", "boards", "after.png", "--class", "spur").returncode == 0, "writing goes on")
    done = tier.attempt("sync")
    check(done.returncode == 0 and labels(tier) == labelled, "the partner gets what was written",
          done.stdout + done.stderr)
    for company in (oem, tier):
        check(company.run("verify")["ok"], f"{company.origin} is whole")
        check(company.run("evidence")["evidence"] == [], f"{company.origin} has no evidence")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    with tempfile.TemporaryDirectory(prefix="countermark-disk-") as name:
        folder = pathlib.Path(name)
        small = folder / "small"
        small.mkdir()
        if not mounted(small):
            print("SKIPPED: this machine does not let a test mount a small disk")
            return
        oem, tier, node = companies(program, folder, small)
        try:
            filled(oem, tier, node, Disk(small))
        finally:
            if oem.node:
                oem.node.kill()
                oem.node.wait()
            subprocess.run(["umount", small], check=True)
    print("passed")


def filled(oem, tier, node, disk):
    node.start()
    tier.run("dataset", "join", DATASET)
    disk.fill()
    full(oem, tier, node)
    recovered(oem, tier, node, disk, 21)
    check(node.said("the disk takes nothing") == 1 and node.said("the disk takes writes again") == 1,
          "the log says once that it is full and once that it is not", node.log.read_text())
    check(len(node.log.read_text().splitlines()) < 40, "and nothing in a loop", node.log.read_text())
    # A node that starts on a full disk recovers, too: it does not go on with the copy of its label table.
    oem.stop()
    disk.fill()
    node.start()
    node.becomes(503)
    recovered(oem, tier, node, disk, 22)


if __name__ == "__main__":
    main()
