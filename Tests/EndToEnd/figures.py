#!/usr/bin/env python3
"""What a node tells a monitor: figures that promtool has no complaint about, and health, of a node that has seen something.

Two companies disagree about a label; an entry that the supplier pushes is damaged on its way; then the supplier's home is
restored from a copy and writes another history. promtool is of the Debian package prometheus.
"""

import argparse
import json
import pathlib
import re
import secrets
import shutil
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

sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

import raw  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
# What Docs/Operations.md promises of each node, whatever has happened.
ALWAYS = """build_info log_size_entries log_checkpoint_timestamp_seconds partner_last_contact_timestamp_seconds
    partner_lag_entries sync_rounds_total sync_duration_seconds entries_refused_total conflicts quarantined_operations
    equivocations_total digest_mismatches_total certificate_expiry_timestamp_seconds storage_free_bytes
    append_duration_seconds propagation_duration_seconds left_out""".split()


def check(holds, what, seen=""):
    if not holds:
        sys.exit(f"FAILED: {what}\n{seen}")
    print(f"ok: {what}", flush=True)


class Node:
    """A company's node, as its monitor sees it."""

    def __init__(self, company, folder):
        self.company, self.port, self.ui = company, free_port(), free_port()
        self.log = folder / f"{company.origin}.log"
        self.token = folder / f"{company.origin}.token"
        self.token.write_text(secrets.token_hex(32) + "\n")

    def start(self):
        with open(self.log, "a") as log:
            self.company.node = subprocess.Popen(
                [self.company.program, "serve", "--home", str(self.company.home), "--peer", f"127.0.0.1:{self.port}",
                 "--ui", f"127.0.0.1:{self.ui}", "--metrics-token", str(self.token)], stderr=log)
        patience.answers(self.port, self.company.node, f"the node, which writes to {self.log},")
        patience.answers(self.ui, self.company.node, "its operator's address")

    def get(self, path, bearer=True):
        headers = {"Authorization": f"Bearer {self.token.read_text().strip()}"} if bearer else {}
        try:
            with urllib.request.urlopen(
                    urllib.request.Request(f"http://127.0.0.1:{self.ui}{path}", headers=headers), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def figures(self):
        status, text = self.get("/metrics")
        if status != 200:
            sys.exit(f"FAILED: {self.company.origin} tells no figures: {text}")
        return dict(re.findall(r"^countermark_([^ ]+(?: [^ ]+=)*) (\S+)$", text, re.M)), text

    def becomes(self, holds, what):
        end = time.monotonic() + patience.bound(30)
        while time.monotonic() < end:
            found = self.figures()[0]
            if holds(found):
                return found
            time.sleep(1.1)
        sys.exit(f"FAILED: {what}\n{found}\n{self.log.read_text()[-3000:]}")


def lint(node):
    """promtool's opinion of a node's figures."""
    text = node.figures()[1]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    check(done.returncode == 0 and not done.stdout + done.stderr,
          f"promtool has no complaint about {node.company.origin}'s {text.count(chr(10))} lines", done.stdout + done.stderr)
    missing = [name for name in ALWAYS
               if not re.search(rf"^# HELP countermark_{name} .*\n# TYPE countermark_{name} \w+$", text, re.M)]
    check(not missing, "all that is promised is there", missing)
    check(len(set(re.findall(r"^# TYPE (\S+)", text, re.M))) == text.count("# TYPE"), "each family stands once")


def disagree(oem, tier, nodes):
    """Two values of one field, neither of which knew of the other."""
    for company, other in ((oem, tier), (tier, oem)):
        root = nodes[0].log.parent / f"{other.origin}.pem"
        root.write_text(other.run("key", "show")["root"])
        port = nodes[company is oem].port
        company.run("partner", "add", other.origin, "--root", str(root), "--url", f"https://127.0.0.1:{port}")
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.run("member", "set", "boards", TIER, "--role", "reviewer")
    label = oem.run("annotate", "boards", "one.png", "--class", "spur")["id"]
    nodes[0].start()
    tier.run("dataset", "join", DATASET)
    oem.stop()
    oem.run("set", label, "class=short")
    tier.run("set", label, "class=hole")


def refusal(tier, node):
    """What the supplier pushes has another bit than was signed."""
    tier.run("annotate", DATASET, "two.png", "--class", "spur")
    note = (raw.log_folder(tier, TIER) / "checkpoint").read_bytes()
    entries = bytearray(raw.bundle(tier))
    del entries[:2 + int.from_bytes(entries[:2], "big")]
    entries[-1] ^= 1
    status, text = raw.once(tier, node.port, "POST", f"/v1/logs/{TIER}/{DATASET}/entries?from=1",
                            len(note).to_bytes(4, "big") + note + entries)
    check(status == 422, "a damaged entry is refused", (status, text))


def fork(tier, nodes):
    """The supplier's home is restored from a copy, and writes what it has not written before."""
    copy = tier.home.with_name("copy")
    tier.stop()
    shutil.copytree(tier.home, copy)
    refusal(tier, nodes[0])
    nodes[1].start()
    nodes[0].becomes(lambda f: f[f'log_size_entries{{log="{TIER}/{DATASET}",stage="merged"}}'] == "2", "it came")
    tier.stop()
    shutil.rmtree(tier.home)
    shutil.move(copy, tier.home)
    for item in ("three.png", "four.png"):
        tier.run("annotate", DATASET, item, "--class", "a-longer-name", "--offline")
    nodes[1].start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    if not shutil.which("promtool"):
        sys.exit("promtool is missing: run Tests/setup.sh prometheus")
    with tempfile.TemporaryDirectory(prefix="countermark-figures-") as name:
        folder = pathlib.Path(name)
        oem, tier = Company(program, folder, OEM), Company(program, folder, TIER)
        for company in (oem, tier):
            company.run("init", "--org", company.origin, "--name", company.origin)
        nodes = [Node(oem, folder), Node(tier, folder)]
        try:
            watched(oem, tier, nodes)
        finally:
            for company in (oem, tier):
                if company.node:
                    company.node.kill()
                    company.node.wait()
    print("passed")


def watched(oem, tier, nodes):
    disagree(oem, tier, nodes)
    for node in nodes:
        node.start()
    log = f'{{log="{OEM}/{DATASET}",stage='
    found = nodes[0].becomes(lambda f: f.get(f'conflicts{{dataset="{DATASET}"}}') == "1", "the conflict is counted")
    stored = found[f'log_size_entries{log}"stored"}}']
    found = nodes[0].becomes(
        lambda f: f[f'log_size_entries{log}"cosigned"}}'] == stored == f[f'log_size_entries{log}"merged"}}']
        and f[f'partner_lag_entries{{partner="{TIER}"}}'] == "0", "the supplier has cosigned all, and lacks nothing")
    check(float(found[f'sync_rounds_total{{partner="{TIER}",result="ok"}}']) > 0, "contacts are counted", found)
    check(int(found["propagation_duration_seconds_count"]) > 0 and int(found["append_duration_seconds_count"]) > 0,
          "and how long entries took", found)
    check(found["equivocations_total"] == found["digest_mismatches_total"] == "0", "what has to be 0 is 0")
    fork(tier, nodes)
    found = nodes[0].becomes(
        lambda f: f["equivocations_total"] == "1", "the proof of two histories is counted")
    check(any(k.startswith("entries_refused_total{") for k in found), "and the refusal", found)
    for node in nodes:
        lint(node)
    health(nodes[0])


def health(node):
    check(node.get("/metrics", bearer=False)[0] == 401, "nobody else reads the figures")
    for path in ("/livez", "/readyz", "/healthz"):
        check(node.get(path, bearer=False) == (200, "ok\n"), f"{path} is ok, and says no more")
    status, text = node.get("/healthz")
    check(status == 200 and json.loads(text)["ok"] and len(json.loads(text)["checks"]) == 6,
          "/healthz tells the operator what was looked at", text)


if __name__ == "__main__":
    main()
