"""Trust that was taken back while connections are open."""

import base64
import json
import os
import time

from harness import attack
from toolkit import *

MARK = "img/secret-after-the-end"


class Opened:
    """A connection and a watch that a company opened while it was trusted."""

    def __init__(self, t, world, company, identity=None):
        self.t, self.world, self.company = t, world, company
        self.watch = company.socket(world.port, identity=identity)
        self.watch.sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
        self.connection = company.connect(world.port, 10, identity=identity)
        t.need(self.ask("GET", "/v1/logs")[0] == 200, "a member's GET /v1/logs is not answered", "it is served")
        self.connection.auto_open = 0  # from here on this connection or none

    def ask(self, method, path, body=None):
        return ask(self.connection, method, path, body)

    def served(self):
        status, body = self.ask("GET", "/v1/logs")
        return status == 200 and bool(json.loads(body)["logs"])

    def must_end(self, why, seconds=6):
        """The open connection reads nothing any more, and the watch nothing that is written from now on."""
        t, world = self.t, self.world
        limit = patience(seconds)
        end = time.monotonic() + limit
        while self.served() and time.monotonic() < end:
            time.sleep(0.25)
        size = world.size(world.oem, STEWARD)
        world.annotate(world.oem, MARK)
        time.sleep(1.5)
        must = f"nothing is served {limit:.0f} s after {why}"
        status, body = self.ask("GET", "/v1/logs")
        t.check(
            status != 200 or not json.loads(body)["logs"],
            f"after {why} the open connection gets /v1/logs ({status}, {len(body)} bytes)",
            must,
        )
        path = f"/logs/{STEWARD}/{world.dataset}/tile/entries/000.p/{size + 1}"
        status, body = self.ask("GET", path)
        t.check(
            status not in (200, 206),
            f"after {why} the open connection reads the entries ({status}, {len(body)} bytes)",
            must,
        )
        t.check(
            not self._watched(MARK.encode()),
            f"after {why} the open watch brought an entry",
            "a watch ends with the trust",
        )
        t.alive(world, why)

    def push(self, log):
        return self.ask("POST", f"/v1/logs/{log.name}/entries?from=0", log.body(0))

    def _watched(self, text):
        self.watch.settimeout(1.5)
        data = b""
        try:
            while piece := self.watch.recv(65536):
                data += piece
        except OSError:
            pass
        return any(
            text in base64.b64decode(piece.split(b'"')[0].replace(b"\\/", b"/"))
            for piece in data.split(b'"entries":"')[1:]
        )


def not_stored(t, world, opened, why):
    """A push of the company's log on the open connection is not taken."""
    log = world.log_of(opened.company)
    log.append(label("img/evil"))
    status, _ = opened.push(log)
    held = world.size(world.oem, log.origin)
    t.check(
        status != 200 and not held,
        f"after {why} a push was answered with {status}, the node holds {held} of its entries",
        "it is refused",
    )


@attack(
    "removed",
    "annotator, removed",
    "keeps a connection and a watch open while the steward removes it with `partner remove`",
    "within 6 s the open connection reads nothing, its push is not stored, and the watch brings nothing that was"
    " written after the removal",
)
def removed(t):
    world = World(t.folder)
    evil = world.hostile()
    opened = Opened(t, world, evil)
    cm("partner", "remove", "evil.example", home=world.oem)
    opened.must_end("`partner remove`")
    t.check(
        evil.call(world.port, "GET", "/v1/logs", timeout=10)[0] != 200,
        "a new connection of the removed company is served",
        "it is refused",
    )
    not_stored(t, world, opened, "`partner remove`")


@attack(
    "cut-open",
    "annotator, cut",
    "keeps a connection and a watch open while the steward cuts its log",
    "within 6 s neither the connection nor the watch brings what was written after the cut",
)
def cut_open(t):
    world = World(t.folder)
    evil = world.hostile()
    opened = Opened(t, world, evil)
    world.cut("evil.example")
    opened.must_end("the cut")


@attack(
    "revoked-open",
    "annotator, revoked",
    "keeps a connection and a watch open while a revocation list names its certificate",
    "within 6 s the open connection reads nothing, its push is not stored, and the watch brings nothing new",
)
def revoked_open(t):
    world = World(t.folder)
    evil = world.hostile()
    opened = Opened(t, world, evil)
    path = evil.write("list.pem", revocation_list(evil.authority_key, evil.authority, evil.node))
    cm("partner", "crl", "evil.example", path, home=world.oem)
    opened.must_end("the revocation")
    not_stored(t, world, opened, "the revocation")


@attack(
    "expired-open",
    "annotator",
    "keeps a connection and a watch open beyond the end of its client certificate",
    "within 6 s of the end the open connection reads nothing, and the watch brings nothing new",
)
def expired_open(t):
    world = World(t.folder)
    evil = world.hostile()
    ends = time.time() + 4
    short = evil.files("short", *evil.issue(common_name="short", ends=later(seconds=4)))
    opened = Opened(t, world, evil, identity=short)
    time.sleep(max(0, ends + 1 - time.time()))
    opened.must_end("the certificate's end")


@attack(
    "replaced-open",
    "annotator",
    "keeps a connection and a watch open while the steward pins another root for it",
    "within 6 s the open connection reads nothing, its push is not stored, and the watch brings nothing new",
)
def replaced_open(t):
    world = World(t.folder)
    evil = world.hostile()
    opened = Opened(t, world, evil)
    _, authority = make_authority("evil.example")
    evil.root_pem = evil.write("other-root.pem", pem(authority))
    cm("partner", "remove", "evil.example", home=world.oem)
    world.pin(evil)
    opened.must_end("the root was replaced")


@attack(
    "witness-gone",
    "annotator",
    "introduces a witness's key, cosigns the steward's checkpoint, and then forks or is cut before it introduced the key",
    "verify finds nothing wrong on the honest node: what was kept was signed by a key that counted",
)
def witness_gone(t):
    for way in ("cut", "fork"):
        folder = f"{t.folder}/{way}"
        os.makedirs(folder)
        world = World(folder)
        evil = world.hostile()
        log = world.log_of(evil)
        log.send(label("img/x"))
        key = new_key()
        log.send(Changeset().add_witness(raw(key)))
        name = f"oem.example/{world.dataset}"
        held = evil.checkpoint(world.port, name)
        body = cosigned(
            name, held.size, held.root, log_line=held.log_line, origin="evil.example", keys=[key], time=int(time.time())
        )
        evil.call(world.port, "POST", "/v1/cosignatures", body)
        cm("verify", home=world.oem)
        if way == "cut":
            world.cut("evil.example", "--at", "1")
        else:
            evidence = json.dumps({"evidence": [log.fork_evidence(1)]}).encode()
            evil.call(world.port, "POST", "/v1/evidence", evidence)
        result = cm("verify", home=world.oem, check=False)
        t.check(
            result.status == 0,
            f"after the {way} verify ends with {result.status}: {one_line(result.text)}",
            "nothing here is damaged, and nothing is called so",
        )
