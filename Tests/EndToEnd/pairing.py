#!/usr/bin/env python3
"""Pairs companies through real processes, and lets attackers try.

Each case states what must come of it: who is pinned, what both sides say, and with which exit status.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402

failures = []
# How long a newcomer waits for the steward, who answers at once.
WAIT = f"{patience.bound(60):.0f}s"


def check(condition, what):
    print(("ok       " if condition else "FAILED   ") + what, flush=True)
    if not condition:
        failures.append(what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def failure(done):
    """The error that a command printed."""
    try:
        return json.loads(done.stderr.strip().splitlines()[-1])["error"]
    except (ValueError, KeyError, IndexError):
        return {"code": "?", "message": done.stdout + done.stderr}


class Home:
    """One company's home and the commands on it."""

    def __init__(self, program, folder, org):
        self.program, self.org, self.path = program, org, str(folder / org)
        self.run("init", "--org", org, "--name", org)

    def call(self, *words, text=None):
        command = [self.program, *words, "--home", self.path, "--json"]
        return patience.run(command, input=text or "")

    def run(self, *words, text=None):
        done = self.call(*words, text=text)
        if done.returncode != 0:
            sys.exit(f"{self.org}: {' '.join(words)} failed: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def refuses(self, what, code, *words, status=4, text=None):
        """Checks that a command fails with a code, and says why in one line."""
        done = self.call(*words, text=text)
        error = failure(done)
        check(
            done.returncode == status and error["code"] in code.split("|"),
            f"{what}: {done.returncode} {error['code']}: {error['message'][:110]}")

    def partners(self):
        return {p["org"] for p in self.run("partner", "list")["partners"]}

    def digest(self, dataset="oem.example/boards"):
        return self.run("status", dataset)["datasets"][0]["digest"]

    @contextlib.contextmanager
    def serving(self, port):
        command = [self.program, "serve", "--home", self.path, "--peer", f"127.0.0.1:{port}"]
        log = open(self.path + "/serve.log", "a")
        process = subprocess.Popen(command, stderr=log)
        try:
            patience.answers(port, process, self.org)
            yield
        finally:
            patience.ended(process, self.org)


def ordinary(steward, newcomer, folder, port):
    """The newcomer dials; both compare the words; both accept."""
    mail = str(folder / "invitation.txt")
    made = steward.run(
        "invite", "boards", "--role", "reviewer", "--url", f"https://127.0.0.1:{port}", "-o", mail)
    size = os.path.getsize(mail)
    check(size < 4000, f"the invitation fits a mail: {size} bytes")
    joined = newcomer.run("join", mail)
    check(joined["state"] == "unconfirmed" and "oem.example" not in newcomer.partners(),
          "nothing is pinned before somebody confirms")
    pending = steward.run("invite", "list", "boards")["invitations"][0]
    check(pending["state"] == "pending" and pending["org"] == newcomer.org
          and newcomer.org not in steward.partners(), "the steward sees who waits, and pins nothing")
    check(len(joined["words"]) == 6 and joined["words"] == pending["words"],
          f"both sides show the same words: {' '.join(joined['words'])}")
    check(newcomer.run("join", mail, "--yes")["state"] == "pending", "the newcomer has confirmed")
    steward.run("invite", "accept", made["nonce"][:12])
    joined = newcomer.run("join", mail, "--wait", WAIT)
    check(joined["state"] == "joined" and joined["words"] == pending["words"],
          "after the steward's yes the newcomer takes part")
    check(steward.digest() == newcomer.digest(), "both have the same label set")
    members = {m["org"]: m["role"] for m in steward.run("dataset", "show", "boards")["members"]}
    check(members.get(newcomer.org) == "reviewer", "the newcomer has the offered role")
    newcomer.run("annotate", "oem.example/boards", "a.png", "--class", "spur", "--box", "1,2,3,4")
    newcomer.run("sync")
    check(steward.digest() == newcomer.digest(), "a label of the newcomer arrives and counts")
    return mail, made


def tampered(text, position):
    """The invitation with one character of its body exchanged."""
    lines = text.splitlines()
    body = "".join(lines[1:-1])
    other = "A" if body[position] != "A" else "B"
    body = body[:position] + other + body[position + 1:]
    return "\n".join([lines[0], body, lines[-1]])


def raw(home, port, method, path, body=b""):
    """A call with a company's own certificate, over a connection of its own; the status or the failure."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(home.path + "/trust/own.pem", home.path + "/keys/node.key")
    context.set_alpn_protocols(["http/1.1"])
    call = http.client.HTTPSConnection(
        "127.0.0.1", port, context=context, timeout=patience.bound(60))
    try:
        call.request(method, path, body)
        return call.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        call.close()


def attacks(steward, thief, used, folder, port):
    """What somebody tries who has read a mail, or has not."""
    thief.refuses("a second use of a used invitation", "invitation-closed", "join", used, "--yes")
    refused = raw(thief, port, "GET", "/v1/logs")
    check(isinstance(refused, str), f"without an open invitation no stranger connects: {refused}")
    mail = str(folder / "open.txt")
    url = f"https://127.0.0.1:{port}"
    made = steward.run("invite", "boards", "--role", "annotator", "-o", mail)
    # A serving node looks for open invitations from time to time.
    patience.until(
        lambda: failure(thief.call("join", used))["code"] != "invitation-closed",
        "the node sees the open invitation")
    thief.refuses("a second use while another invitation is open", "invitation-used", "join", used)
    for path in ["/v1/logs", "/v1/evidence", "/v1/watch", "/logs/oem.example/oem.example/boards/checkpoint"]:
        status = raw(thief, port, "GET", path)
        check(status == 403, f"a stranger with a certificate gets nothing of {path}: {status}")
    check(raw(thief, port, "POST", "/v1/join", b"x" * 100) == 422, "an answer that is none is refused")
    large = raw(thief, port, "POST", "/v1/join", b"x" * 200_000)
    check(large == 413 or isinstance(large, str), f"an answer beyond the limit is refused: {large}")
    text = open(mail).read()
    for position in [10, 300, len(text) - 120]:
        thief.refuses(
            f"an invitation with character {position} changed", "invitation", "join", text=tampered(
                text, position), status=1)
    short = str(folder / "short.txt")
    steward.run("invite", "boards", "--role", "annotator", "--expires", "1s", "-o", short)
    # The clock has to pass the second that the invitation names, however fast the machine is.
    time.sleep(2.1)
    thief.refuses("an expired invitation", "invitation", "join", short, status=1)
    gone = str(folder / "gone.txt")
    nonce = steward.run("invite", "boards", "--role", "annotator", "-o", gone)["nonce"]
    steward.run("invite", "revoke", nonce)
    thief.refuses("a revoked invitation", "invitation-revoked", "join", gone)
    steals(steward, thief, mail, made, folder, url)


def steals(steward, thief, mail, made, folder, url):
    """Somebody reads the mail first, and stands between with certificates of his own."""
    victim = Home(steward.program, folder, "tier9.example")
    (folder / "fake").mkdir()
    fake = Home(steward.program, folder / "fake", "oem.example")
    fake.run("dataset", "create", "boards", "--title", "Boards")
    port = free_port()
    with fake.serving(port):
        aimed = str(folder / "aimed.txt")
        steward.run("invite", "boards", "--role", "annotator", "--url", f"https://127.0.0.1:{port}",
                    "-o", aimed)
        victim.refuses("a server with another root answers", "wrong-steward", "join", aimed, "--yes")
        check("oem.example" not in victim.partners(), "nothing is pinned then")
        forged = str(folder / "forged.txt")
        fake.run("invite", "boards", "--role", "annotator", "--url", f"https://127.0.0.1:{port}",
                 "-o", forged)
        victim_words = victim.run("join", forged)["words"]
        thief_words = thief.run("join", mail)["words"]
        pending = [i for i in steward.run("invite", "list", "boards")["invitations"]
                   if i["nonce"] == made["nonce"]][0]
        check(pending["org"] == "mallory.example" and pending["words"] == thief_words
              and victim_words != thief_words,
              "the words differ where somebody stands between: "
              f"{' '.join(victim_words)} / {' '.join(thief_words)}")
    victim.refuses("the true newcomer comes second", "invitation-used", "join", mail)
    refused = [i for i in steward.run("invite", "list", "boards")["invitations"]
               if i["nonce"] == made["nonce"]][0]["refused"]
    check(any("used" in r["why"] for r in refused), "and the steward's operator sees that too")
    steward.run("invite", "revoke", made["nonce"])
    check("mallory.example" not in steward.partners(), "the thief is pinned nowhere")
    # The forged answer left the victim's book without a pin.
    check("oem.example" not in victim.partners(), "the victim has pinned nobody")
    steward.run("invite", "boards", "--role", "annotator", "--url", url)


def automatic(program, folder, steward, port):
    """Both trust the mail: one command each."""
    home = Home(program, folder, "tier2.example")
    mail = str(folder / "automatic.txt")
    steward.run("invite", "boards", "--role", "annotator", "--auto-accept", "-o", mail)
    joined = home.run("join", mail, "--yes", "--wait", WAIT)
    check(joined["state"] == "joined" and home.digest() == steward.digest(),
          "with --auto-accept one command on each side is enough")
    again = home.run("join", mail, "--yes")
    check(again["state"] == "joined", "the same company may run join again")


def by_mail(program, folder, steward):
    """Only the steward can dial out: the answer goes back by mail."""
    home = Home(program, folder, "tier3.example")
    port = free_port()
    mail, back = str(folder / "out.txt"), str(folder / "back.txt")
    made = steward.run("invite", "boards", "--role", "annotator", "-o", mail)
    joined = home.run(
        "join", mail, "--yes", "--answer", back, "--listen-url", f"https://127.0.0.1:{port}")
    with home.serving(port):
        seen = steward.run("invite", "accept", "--answer", back)
        check(seen["state"] == "pending" and seen["words"] == joined["words"],
              f"by mail both see the same words: {' '.join(seen['words'])}")
        check(steward.run("invite", "accept", made["nonce"])["state"] == "accepted", "and accept")
        steward.run("sync", "--with", "tier3.example")
        check(home.digest() == steward.digest(), "the steward dials, and the newcomer has it all")
        home.run("annotate", "oem.example/boards", "b.png", "--class", "open", "--box", "1,2,3,4")
        steward.run("sync", "--with", "tier3.example")
        check(home.digest() == steward.digest(), "and takes the newcomer's labels back")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    program = os.path.abspath(parser.parse_args().program)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        steward = Home(program, folder, "oem.example")
        steward.run("dataset", "create", "boards", "--title", "Boards")
        newcomer = Home(program, folder, "tier1.example")
        thief = Home(program, folder, "mallory.example")
        port = free_port()
        with steward.serving(port):
            thief.refuses(
                "a stranger, while nobody is invited", "cannot-dial|partner|failed", "sync", "--with",
                "oem.example")
            mail, made = ordinary(steward, newcomer, folder, port)
            attacks(steward, thief, mail, folder, port)
            automatic(program, folder, steward, port)
        by_mail(program, folder, steward)
    print(f"{len(failures)} failed" if failures else "pairing holds")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
