"""Heads that a colluding company signed: of what it withholds, of what never was, of two histories; readers' heads."""

import json
import os

from harness import attack
from stories import HONEST, ONE_MORE, everybody_goes_on, one_more
from toolkit import *

FAR = INDEX_MAX  # the largest size that a head can have


# MARK: What is withheld


def colluders(t, delivered):
    """X signs a checkpoint far beyond what it delivers; the attacker cites it; everybody goes on."""
    world = World(t.folder)
    tier1, evil = world.honest(role="reviewer"), world.hostile()
    accomplice = world.hostile("xco.example", named=True)
    log, other = world.log_of(evil), world.log_of(accomplice)
    for number in range(delivered):
        t.send(other, label(f"img/x{number}"), "the accomplice's label")
    t.send(log, label("img/a0"))
    t.send(
        log,
        label("img/a1", "c", *world.context(evil, other.head(merged=FAR, size=FAR))),
        "the entry with the head that the accomplice signed",
    )
    t.send(log, label("img/a2"), "the entry after it")
    homes = everybody_goes_on(t, world, tier1)
    t.counted(world, {**HONEST, "xco.example": delivered}, homes, "while the attacker's entry waits")
    t.same(world, homes, "while the attacker's entry waits")
    for name, home in homes.items():
        waits = [wait for wait in world.waiting(home) if "evil.example" in json.dumps(wait.get("log"))]
        wait = waits[0] if waits else {}
        t.check(
            "xco.example" in json.dumps(wait.get("for")) and wait.get("hint"),
            f"at {name} `status` says of what waits: {one_line(world.waiting(home)) or 'nothing'}",
            "it names evil.example, which waits for xco.example, and what the steward can do",
        )
    others = [wait for wait in world.waiting(world.oem) if "evil.example" not in json.dumps(wait.get("log"))]
    t.check(not others, f"others wait, too: {one_line(others)}", "nobody waits because of a third party's entry")
    return world, homes


def nobody_waits(t, world, homes, when):
    for name, home in homes.items():
        waiting = world.waiting(home)
        t.check(not waiting, f"{when}, at {name} there waits {one_line(waiting)}", "nobody waits any more")


@attack(
    "colluders-absent",
    "two annotators",
    "X signs a checkpoint of 2^36 entries and never comes, the attacker cites it;"
    " everybody goes on and a company joins; then the steward cuts X with no `--at`",
    "all honest labels are counted on all three nodes, equal digests, `status` names who waits for whom; the cut"
    " releases the rest: the attacker's labels count, nobody waits, equal digests",
)
def colluders_absent(t):
    world, homes = colluders(t, delivered=0)
    t.works(world.cut("xco.example", check=False), "the steward", "a member can always be cut")
    one_more(t, world, homes, "after-cut")
    nobody_waits(t, world, homes, "after the cut of X")
    t.counted(world, {**ONE_MORE, "evil.example": 3}, homes, "after the cut of X")
    t.agree(world, homes)


@attack(
    "colluders-one",
    "two annotators",
    "as `colluders-absent`, and X has delivered one entry",
    "as `colluders-absent`, and X's label counts before and after the cut",
)
def colluders_one(t):
    world, homes = colluders(t, delivered=1)
    t.works(world.cut("xco.example", check=False), "the steward", "a member can always be cut")
    one_more(t, world, homes, "after-cut")
    nobody_waits(t, world, homes, "after the cut of X")
    t.counted(world, {**ONE_MORE, "evil.example": 3, "xco.example": 1}, homes, "after the cut of X")
    t.agree(world, homes)


@attack(
    "colluders-cut",
    "two annotators",
    "as `colluders-one`, and the steward cuts the attacker, not X, with no `--at`",
    "nobody waits any more; all honest labels, X's and what the attacker wrote before are counted; equal digests; the"
    " same again when X is cut afterwards",
)
def colluders_cut(t):
    world, homes = colluders(t, delivered=1)
    t.works(world.cut("evil.example", check=False), "the steward", "a member can always be cut")
    one_more(t, world, homes, "after-cut")
    nobody_waits(t, world, homes, "after the cut of the attacker")
    counts = {**ONE_MORE, "evil.example": 1, "xco.example": 1}
    t.counted(world, counts, homes, "after the cut of the attacker")
    t.same(world, homes, "after the cut of the attacker")
    t.works(world.cut("xco.example", check=False), "the steward", "a member can always be cut")
    world.sync(homes["tier1"], homes["tier9"], rounds=2)
    t.counted(world, counts, homes, "after both cuts")
    t.agree(world, homes)


@attack(
    "late-arrival",
    "two annotators",
    "the attacker cites five entries of X, which has delivered none; all go on; then"
    " X brings three of them, and later the rest",
    "the attacker's labels wait and count once all is there; the digests are equal at each step",
)
def late_arrival(t):
    world = World(t.folder)
    tier1, evil = world.honest(), world.hostile()
    log, other = world.log_of(evil), world.log_of(world.hostile("xco.example", named=True))
    for number in range(5):
        other.append(label(f"img/x{number}"))
    t.send(
        log, label("img/a", "c", *world.context(evil, other.head())), "the entry with the head of what has not come"
    )
    homes = {"oem": world.oem, "tier1": tier1}
    for part, counts in ((0, {}), (3, {"xco.example": 3}), (5, {"xco.example": 5, "evil.example": 1})):
        if part:
            path = f"/v1/logs/{other.name}/entries?from={world.size(world.oem, 'xco.example')}"
            status, body = other.company.call(
                world.port, "POST", path, other.body(world.size(world.oem, "xco.example"), part)
            )
            t.need(status == 200, f"X's entries up to {part}: {status} {one_line(body)}", "they are taken")
        world.annotate(tier1, f"img/t{part}")
        world.sync(tier1, rounds=2)
        t.counted(world, counts, homes, f"with {part} entries of X")
        t.same(world, homes, f"with {part} entries of X")
    t.agree(world, homes)


@attack(
    "two-faces",
    "three annotators",
    "X signs two roots for one size, and two attackers cite one each; one of them is what X has delivered",
    "all honest labels are counted on all nodes, equal digests; the contradiction is an alarm that names X on each"
    " node that holds both",
)
def two_faces(t):
    world = World(t.folder)
    tier1 = world.honest()
    first, second = world.log_of(world.hostile("evil.example")), world.log_of(world.hostile("fiend.example"))
    other = world.log_of(world.hostile("xco.example"))
    t.send(other, label("img/x0"))
    t.send(other, label("img/x1"))
    world.named(other.company)
    true, false = other.head(), other.head(root=os.urandom(32), size=2)
    for log, head in ((first, true), (second, false)):
        t.send(log, label("img/a", "c", *world.context(log.company, head)), "an entry with a head that X has signed")
    world.annotate(tier1, "img/1")
    world.sync(tier1, rounds=2)
    tier9 = world.honest("tier9.example")
    world.annotate(tier9, "img/9")
    world.sync(tier9, tier1, rounds=2)
    homes = {"oem": world.oem, "tier1": tier1, "tier9": tier9}
    t.counted(world, {"tier1.example": 1, "tier9.example": 1, "xco.example": 2}, homes, "at the end")
    for name, home in homes.items():
        status = cm("status", "--json", home=home).json
        t.check(
            "xco.example" in json.dumps(status["alarms"]),
            f"at {name} the alarms are {one_line(status['alarms'])}",
            "one names xco.example",
        )
    t.agree(world, homes)


@attack(
    "absent-faces",
    "three annotators",
    "X, which has delivered nothing, signs two roots for one size, and two"
    " attackers cite one each; then X is cut, then set again, and brings a third history",
    "all honest labels are counted on all nodes, equal digests, at each step",
)
def absent_faces(t):
    world = World(t.folder)
    tier1 = world.honest()
    first, second = world.log_of(world.hostile("evil.example")), world.log_of(world.hostile("fiend.example"))
    other = world.log_of(world.hostile("xco.example", named=True))
    for log in (first, second):
        t.send(
            log,
            label("img/a", "c", *world.context(log.company, other.head(merged=3, size=5))),
            "an entry with a head that X has signed",
        )
    homes = {"oem": world.oem, "tier1": tier1}

    def step(when, counts):
        world.annotate(tier1, f"img/{when}")
        world.sync(tier1, rounds=2)
        t.counted(world, counts, homes, when)
        t.agree(world, homes, when, verify=False)

    step("cited", {"tier1.example": 1})
    world.cut("xco.example")
    step("cut", {"tier1.example": 2, "evil.example": 1, "fiend.example": 1})
    world.member("xco.example", "annotator")
    for number in range(6):
        other.append(label(f"img/x{number}"))
    other.hand_over()
    t.stored(other, "X's third history")
    step("set again", {"tier1.example": 3})
    tier9 = world.honest("tier9.example")
    world.sync(tier9)
    homes["tier9"] = tier9
    t.agree(world, homes)


# MARK: Readers, and companies that never come


def readers(t, signed):
    """Readers cite different sizes of a log that never comes; one becomes an annotator; that company is cut."""
    world = World(t.folder)
    evil, zed = world.hostile("evil.example", "reader"), world.hostile("zed.example", "reader")
    absent = world.log_of(world.hostile("xco.example", named=True))
    first, second = world.log_of(evil), world.log_of(zed)
    for log, size in ((first, 50), (second, 100)):
        head = absent.head(merged=size, size=size) if signed else garbage_head("xco.example", size)
        t.send(log, comment(*world.context(log.company, head)), "a reader's entry")
    world.named(zed)
    world.member("evil.example", "annotator")
    t.send(
        first,
        label("img/m", "c", *world.context(evil, second.head())),
        "the entry of the reader that became an annotator",
    )
    world.cut("xco.example")
    world.annotate(world.oem, "img/o")
    home = world.honest("tier1.example")
    world.sync(home, rounds=2)
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {STEWARD: 1, "evil.example": 1}, homes, "at the end")
    t.agree(world, homes)


@attack(
    "readers-heads",
    "two readers, later one an annotator",
    "readers cite, under its true signature, different sizes of"
    " the log of a company that was invited and never came; one is made an annotator and cites the other; then the"
    " absent company is cut",
    "the digest as merged is that of a rebuild and of a node that comes later; `verify` holds",
)
def readers_heads(t):
    readers(t, signed=True)


@attack(
    "readers-garbage",
    "two readers, later one an annotator",
    "as `readers-heads`, under signatures of nobody",
    "the digest as merged is that of a rebuild and of a node that comes later; `verify` holds",
)
def readers_garbage(t):
    readers(t, signed=False)


@attack(
    "role-flips",
    "reader, annotator, reader again",
    "cites heads as a reader, as an annotator and as a reader again,"
    " while other members cite it, and the steward moves its role back and forth",
    "the digest as merged is that of a rebuild and of nodes that come later; labels count that were written as an"
    " annotator, and no others",
)
def role_flips(t):
    world = World(t.folder)
    tier1, log = world.honest(), world.log_of(world.hostile(role="reader"))
    evil = log.company
    for turn, role in enumerate(["reader", "annotator", "reader", "reviewer", "reader"]):
        if turn:
            world.member("evil.example", role)
        world.annotate(tier1, f"img/t{turn}")
        world.sync(tier1)
        heads = world.context(evil, world.true_head("tier1.example", evil))
        t.send(log, label(f"img/{turn}-{role}", "c", *heads), f"an entry as {role}")
        world.sync(tier1)
    tier9 = world.honest("tier9.example")
    world.sync(tier1, tier9, rounds=2)
    homes = {"oem": world.oem, "tier1": tier1, "tier9": tier9}
    for name, home in homes.items():
        mine = sorted(world.labels(home).get("evil.example", []))
        t.check(
            mine == ["img/1-annotator", "img/3-reviewer"],
            f"{name} counts {mine}",
            "what was written in a role that may label",
        )
    t.counted(world, {"tier1.example": 5}, homes, "at the end")
    t.agree(world, homes)
