"""Witnesses, and proofs that are passed on."""

import concurrent.futures
import json
import re
import time

import cbor2

from harness import attack
from toolkit import *

# MARK: Cosignatures


class Witnessed:
    """A dataset whose policy asks for one honest witness, and an attacker with keys of its own."""

    def __init__(self, t, origin="aaa.example"):
        self.t, self.world = t, World(t.folder)
        world = self.world
        self.home = world.honest()
        self.evil = world.hostile(origin)
        self.log = world.log_of(self.evil)
        world.annotate(self.home, "img/1")
        world.sync(self.home, rounds=2)
        cm("dataset", "witnesses", world.dataset, "--require", "1", "--org", "tier1.example", home=world.oem)
        world.sync(self.home, rounds=2)
        self.before = self.witnessed()
        t.need(self.before > 0, "without the attack nothing is witnessed", "an honest witness counts")

    def witnessed(self):
        return self.world.log(self.world.oem, STEWARD)["witnessed"] or 0

    def ground_keys(self, count):
        """Keys whose ids come first in byte order."""
        keys = []
        while len(keys) < count:
            key = new_key()
            if key_id(self.evil.origin, raw(key), COSIGNATURE)[0] == 0:
                keys.append(key)
        return keys

    def offered(self, origin):
        name = f"{origin}/{self.world.dataset}"
        return ReadCheckpoint(self.evil.offered(self.world.port)[name]["checkpoint"])

    def cosign(self, keys, at=None):
        """Hands over a cosignature of each key under each offered checkpoint."""
        for origin in (STEWARD, "tier1.example"):
            found = self.offered(origin)
            body = cosigned(
                found.name,
                found.size,
                found.root,
                log_line=found.log_line,
                origin=self.evil.origin,
                keys=keys,
                time=int(time.time()) if at is None else at,
            )
            answer = self.evil.call(self.world.port, "POST", "/v1/cosignatures", body)
            self.t.note(f"cosignatures: {answer[0]} {one_line(answer[1], 80)}")

    def honest_witness_stays(self):
        """Also after more syncs and another wave."""
        t, after = self.t, self.witnessed()
        t.note(f"witnessed {self.before} -> {after}")
        t.check(
            after >= self.before,
            f"witnessed entries of the steward's log: {self.before} before, {after} after",
            "an honest witness cannot be pushed out",
        )
        t.check(
            "tier1.example" in self.offered(STEWARD).cosigners(),
            "the checkpoint that the node serves has no line of the honest witness any more",
            "it is kept",
        )
        t.alive(self.world, "the cosignatures")


@attack(
    "cosigners",
    "annotator",
    "has 99 witness keys whose ids come first in byte order, and cosigns every checkpoint 99 times",
    "the honest witness's cosignature stays: as many entries are witnessed under the steward's policy as before, also"
    " after more syncs; a cosignature moved to another checkpoint is dropped",
)
def cosigners(t):
    game = Witnessed(t)
    keys = game.ground_keys(99)
    changes = label("img/x")
    for key in keys:
        changes.add_witness(raw(key))
    game.log.send(changes)
    t.truthful(game.log, "the witness keys")
    game.cosign(keys)
    game.world.sync(game.home, rounds=2)
    game.cosign(keys)
    game.world.sync(game.home)
    game.honest_witness_stays()
    first, second = game.offered(STEWARD), game.offered("tier1.example")
    text = checkpoint_text(second.name, second.size, second.root)
    moved = "\n".join([text, second.log_line, *[line for line in first.lines if line != first.log_line]]) + "\n"
    status, body = game.evil.call(game.world.port, "POST", "/v1/cosignatures", moved.encode())
    t.check(
        status != 200 or b'"new":true' not in body,
        f"a cosignature moved to another checkpoint: {status} {one_line(body)}",
        "it is dropped",
    )


@attack(
    "16-cosigners",
    "three annotators",
    "have 16 witness keys each, which all count, with ids that come first, and cosign"
    " every checkpoint with all of them, at times of now, of 1970 and an hour ahead",
    "the honest witness's cosignature stays, as in `cosigners`, and a checkpoint serves a bounded number of lines",
)
def sixteen_cosigners(t):
    game = Witnessed(t)
    companies = [(game.evil, game.log)]
    for origin in ("aab.example", "aac.example"):
        company = game.world.hostile(origin)
        companies.append((company, game.world.log_of(company)))
    for company, log in companies:
        game.evil, game.log = company, log
        keys = game.ground_keys(16)
        changes = label("img/x")
        for key in keys:
            changes.add_witness(raw(key))
        t.send(log, changes, "16 witness keys")
        for at in (int(time.time()), 0, int(time.time()) + 3500):
            game.cosign(keys, at)
    game.world.sync(game.home, rounds=2)
    game.honest_witness_stays()
    lines = len(game.offered(STEWARD).lines)
    t.check(lines <= 64, f"the steward's checkpoint is served with {lines} lines", "at most 64")


# MARK: Proofs


class Proven:
    """A label that was added (entry 0), set (2) and retracted (3), its proof, and the log as it is served."""

    def __init__(self, t):
        self.t, self.world = t, World(t.folder)
        world = self.world
        home, reader = world.honest(), world.hostile("reader.example", "reader")
        self.path = t.folder + "/label.proof"
        self.label = world.annotate(home, "img/1", "short").json["id"]
        world.sync(home)
        world.annotate(home, "img/2")
        cm("set", self.label, "class=spur", home=home)
        cm("retract", self.label, home=home)
        world.sync(home)
        name = f"tier1.example/{world.dataset}"
        self.entries = reader.entries(world.port, name, reader.checkpoint(world.port, name).size)
        # The label's own entries, whatever else the log begins with.
        first = int(self.label.split(":")[1].split(".")[0])
        self.added, self.set, self.retracted = self.entries[first], self.entries[first + 2], self.entries[first + 3]
        world.server.stop()
        cm("prove", self.label, "-o", self.path, home=world.oem)
        with open(self.path, "rb") as file:
            self.proof = cbor2.loads(file.read())
        self.trust = ["--trust", world.root(STEWARD)]

    def verify(self, proof, name):
        path = f"{self.t.folder}/{name}.proof"
        with open(path, "wb") as file:
            file.write(canonical(proof))
        return cm("verify", "--proof", path, *self.trust, check=False)

    def must_not_pass(self, gone, what):
        """Without the pieces of some entries it is refused, or says that something may have been left out."""
        t, short = self.t, without(self.proof, gone, self.entries)
        if not t.check(
            short != self.proof or not any(holds(self.proof, entry) for entry in gone),
            "the proof has a form in which this attack finds no piece to leave out",
            "a proof holds its pieces as a list",
        ):
            return
        result = self.verify(short, "short")
        t.note(f"{what}: {result.status} {one_line(result.text, 120)}")
        first = result.out.strip().split("\n")[0]
        t.check(
            short == self.proof or result.status != 0 or admits(result.text),
            f"{what}: verified with status 0 and no word about what is left out: {one_line(result.text, 400)}",
            "it is refused, or the output says that entries before the checkpoint may have been left out",
        )
        t.check(
            short == self.proof or result.status != 0 or not re.search(r"\bholds\b", first),
            f"{what}: the first line is {first}",
            "the first line says what was shown, not that it holds",
        )


def holds(node, entry):
    """True if an entry stands somewhere in a proof."""
    if isinstance(node, bytes):
        return entry in node
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        return any(holds(each, entry) for each in node)
    return isinstance(node, cbor2.CBORTag) and holds(node.value, entry)


def without(node, gone, entries):
    """The proof without the pieces that hold one of `gone`, taken from the list that holds them all."""
    if isinstance(node, list):
        if sum(any(holds(each, entry) for entry in entries) for each in node) >= 2:
            return [each for each in node if not any(holds(each, entry) for entry in gone)]
        return [without(each, gone, entries) for each in node]
    return {key: without(value, gone, entries) for key, value in node.items()} if isinstance(node, dict) else node


def renamed(node, old, new):
    """The proof with one text in its own fields (not in what is signed) replaced."""
    if isinstance(node, list):
        return [renamed(each, old, new) for each in node]
    if isinstance(node, dict):
        return {key: renamed(value, old, new) for key, value in node.items()}
    return new if node == old else node


def admits(text):
    """The output says that something before the checkpoints may have been left out."""
    return re.search(
        r"left out|leaves? out|omit|missing|incomplete|not complete|completeness|gap|in between|not all"
        r" entries|withheld",
        text,
        re.I,
    )


@attack(
    "omitted",
    "whoever passes a proof on",
    "leaves the retraction out of a label's proof, under the same checkpoint",
    "refused, or the output says that entries below the checkpoint may have been left out; the whole proof holds; it"
    " is refused under another label's id, another dataset or another company's root",
)
def omitted(t):
    case = Proven(t)
    whole = cm("verify", "--proof", case.path, *case.trust, check=False)
    t.need(whole.status == 0, f"the whole proof: {whole.said()}", "it holds")
    case.must_not_pass([case.retracted], "without the retraction")
    for what, old, new in (
        ("another label's id", case.label, case.label[:-1] + "9"),
        ("another dataset", case.world.dataset, f"{STEWARD}/boaras"),
    ):
        t.check(
            case.verify(renamed(case.proof, old, new), "renamed").status != 0,
            f"a proof with {what} verifies",
            "it is refused",
        )
    foreign = cm("verify", "--proof", case.path, "--trust", case.world.root("tier1.example"), check=False)
    t.check(foreign.status != 0, "the proof verifies under another company's root", "it is refused")


@attack(
    "omitted-more",
    "whoever passes a proof on",
    "leaves the change out of a label's proof, the change and the retraction,"
    " and the adding itself; and changes a byte at each of 60 places",
    "refused, or said to be incomplete; a changed byte is refused or changes nothing that is shown",
)
def omitted_more(t):
    case = Proven(t)
    case.must_not_pass([case.set], "without the change")
    case.must_not_pass([case.set, case.retracted], "without the change and the retraction")
    short = without(case.proof, [case.added], case.entries)
    t.check(case.verify(short, "added").status != 0, "a proof without the label's adding verifies", "it is refused")
    whole = cm("verify", "--proof", case.path, *case.trust).out
    with open(case.path, "rb") as file:
        data = file.read()
    for place in range(0, len(data), max(1, len(data) // 60)):
        path = t.folder + "/flipped.proof"
        with open(path, "wb") as file:
            file.write(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        result = cm("verify", "--proof", path, *case.trust, check=False)
        t.check(
            result.status > 0 or (result.status == 0 and result.out == whole),
            f"with byte {place} of {len(data)} changed: {result.said()}",
            "it is refused, or the same is shown",
        )


@attack(
    "questions",
    "reader",
    "asks the node again and again for its word about a label, eight times at once, about labels of other datasets and"
    " logs that do not exist, and in bodies that are no questions",
    "no answer is a 5xx or a word about what it may not read; honest members are answered; all the questions together"
    " cost at most 5 times a proof by hand, and 2 s",
)
def questions(t):
    world = World(t.folder)
    home, evil = world.honest(), world.hostile("reader.example", "reader")
    own = world.annotate(home, "img/1").json["id"]
    world.sync(home)
    other = world.create("secret")
    secret = world.annotate(world.oem, "img/9", dataset=other).json["id"]
    asked = {"dataset": world.dataset, "annotation": own}
    by_hand = cm("prove", own, "-o", t.folder + "/by-hand.proof", home=world.oem).cpu
    before, found = world.server.cpu(), []

    def ask_for(body, path="/v1/statement"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        found.append(evil.call(world.port, "POST", path, body)[0])
        return found[-1]

    t.need(ask_for(asked) == 200, f"an honest question is answered with {found}", "a member is told")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ask_for(asked), range(64)))
    for dataset, annotation in (
        (other, secret),
        (world.dataset, secret),
        (world.dataset, "oem.example:0.0"),
        (world.dataset, "nobody.example:1.0"),
        (world.dataset, f"oem.example/{other}:1.0"),
        (world.dataset, "tier1.example:68719476735.4095"),
        (world.dataset, "tier1.example:99999999999999999999.0"),
        ("../..", "tier1.example:0.0"),
        (world.dataset, "\0" * 600),
    ):
        status = 429
        end = time.monotonic() + patience(20)
        while status == 429 and time.monotonic() < end:
            status = ask_for({"dataset": dataset, "annotation": annotation})
        t.check(status in (400, 404, 422), f"{annotation!r} in {dataset}: {status}", "nothing is said of it")
    for body in (b"", b"{", b"[]", b'{"dataset":1}', b"\xff" * 4_096, b"{" * 4_096, b" " * 5_000):
        status = ask_for(body)
        t.check(400 <= status < 500, f"{body[:20]!r}: {status}", "a 4xx")
    t.check(not any(status >= 500 for status in found), f"{sorted(set(found))}", "no 5xx")
    cost = world.server.cpu() - before
    t.note(f"{len(found)} questions cost {cost:.2f} s, a proof by hand {by_hand:.2f} s; {found.count(200)} answered")
    t.check(cost <= 5 * by_hand + 2, f"{len(found)} questions cost {cost:.2f} s", f"5 times {by_hand:.2f} s, and 2 s")
    world.annotate(home, "img/2")
    world.sync(home)
    t.alive(world, "the questions")
