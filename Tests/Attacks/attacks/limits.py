"""How many of each a member may have: at the edge it counts, beyond it does not."""

import os
import time

from harness import attack
from toolkit import *


def beyond(t, world, log, changes, what, **signing):
    """Sends an entry beyond a cap: refused and not kept, or stored and in the quarantine as one too many."""
    log.send(changes, **signing)
    t.truthful(log, what)
    t.check(log.status == 200 or 400 <= log.status < 500, f"{what} was answered with {log.said()}", "200 or a 4xx")
    if log.stored:
        found = quarantined_at(world, log)
        t.check(found, f"{what} is stored and not in the quarantine", "it is refused, or quarantined as tooMany")


def at_the_edge(t, world, log, what):
    t.stored(log, what)
    found = quarantined_at(world, log)
    t.check(not found, f"{what} is quarantined: {one_line(found)}", "at the edge it counts")


def quarantined_at(world, log):
    """What the steward's node has quarantined of the log's newest entry."""
    return [
        each for each in world.quarantined(world.oem) if each["log"] == log.origin and each["index"] == log.size - 1
    ]


def ends_well(t, world, log, labels):
    """The log's next label counts, on the steward's node and on one that comes later."""
    t.send(log, label("img/afterwards"))
    at_the_edge(t, world, log, "a label afterwards")
    homes = {"oem": world.oem, "tier9": world.honest("tier9.example")}
    t.counted(world, {log.origin: labels + 1}, homes, "afterwards")
    t.agree(world, homes)


@attack(
    "17th-witness",
    "reader",
    "introduces 16 witness keys, then a 17th",
    "the 16 count, the 17th does not or is refused; equal digests on a node that comes later",
)
def too_many_witnesses(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    changes = label("img/x")
    for _ in range(16):
        changes.add_witness(os.urandom(32))
    log.send(changes)
    at_the_edge(t, world, log, "an entry with 16 witness keys")
    beyond(t, world, log, Changeset().add_witness(os.urandom(32)), "the 17th witness key")
    ends_well(t, world, log, 1)


@attack(
    "33rd-audience",
    "annotator",
    "narrows its log's audience 31 times to a reader, at the 32nd to nobody but the"
    " steward, and opens it to all with a 33rd act",
    "the 32nd act counts, the 33rd does not or is refused: the reader is served no more than up to the 32nd",
)
def too_many_audiences(t):
    world = World(t.folder)
    reader, log = world.hostile("calm.example", "reader"), world.log_of(world.hostile())
    t.send(log, label("img/x"))
    for number in range(31):
        log.append(Changeset().set_audience(STEWARD, "calm.example"))
    log.append(Changeset().set_audience(STEWARD))
    t.need(log.hand_over(1), f"32 acts: {log.said()}", "they are stored")
    at_the_edge(t, world, log, "the 32nd act")
    bound = log.size
    beyond(t, world, log, Changeset().set_audience(), "the 33rd act")
    t.send(log, label("img/secret"), "a label behind the acts")
    read = reader.entries(world.port, log.name, log.size)
    t.check(read is None, "the reader is served the whole log", f"no more than {bound} entries, up to the 32nd act")
    t.check(world.labels(world.oem)["evil.example"] == ["img/x", "img/secret"], "the labels do not count", "they do")
    t.agree(world, {"oem": world.oem})


@attack(
    "4097th-name",
    "annotator",
    "gives its label 4,096 attributes of different names, then a 4,097th, and a new value to the first",
    "the 4,096 and the new value count, the 4,097th does not or is refused; equal digests on a node that comes later",
)
def too_many_names(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    t.send(log, label("img/x"))
    names = [f"a{number:03x}" for number in range(4097)]
    for begin, end in ((0, 4000), (4000, 4096)):
        changes = Changeset()
        for at in range(begin, end, 250):
            fields = []
            for name in names[at : min(at + 250, end)]:
                changes.strings.append(name)  # looking each up would take a while
                fields += [ATTRIBUTE + len(changes.strings) - 1, 1]
            changes.set("evil.example:0.1", *fields)
        log.send(changes)
        at_the_edge(t, world, log, f"the attributes up to {end}")
    changes = Changeset()
    beyond(t, world, log, changes.set("evil.example:0.1", changes.attribute(names[4096]), 1), "the 4,097th name")
    changes = Changeset()
    log.send(changes.set("evil.example:0.1", changes.attribute(names[0]), 2))
    at_the_edge(t, world, log, "a new value of a known name")
    ends_well(t, world, log, 1)


@attack(
    "1025th-key",
    "annotator",
    "introduces 1,024 keys, labels with the last of them, and introduces a 1,025th that labels, too",
    "the label of the 1,024th counts, the one of the 1,025th does not or is refused; equal digests on a node that"
    " comes later",
)
def too_many_keys(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    evil, shared = log.company, new_key()
    # One key under 1,024 certificates: what a log introduces are certificates.
    pairs = [evil.issue(key=shared, common_name=f"k{number}") for number in range(1024)]
    log.append(label("img/x"))
    for begin in range(0, 1023, 128):
        changes = Changeset()
        for _, certificate in pairs[begin : min(begin + 128, 1023)]:
            changes.add_key(der(certificate))
        log.append(changes)
    t.need(log.hand_over(), f"1,024 keys: {log.said()}", "they are stored")
    log.send(label("img/1024"), key=shared, certificate=pairs[1022][1])
    at_the_edge(t, world, log, "a label by the 1,024th key")
    log.send(Changeset().add_key(der(pairs[1023][1])))
    t.truthful(log, "the 1,025th key")
    log.send(label("img/1025"), key=shared, certificate=pairs[1023][1])
    t.truthful(log, "a label by the 1,025th key")
    mine = world.labels(world.oem)["evil.example"]
    t.check("img/1025" not in mine, "a label by the 1,025th key counts", "it does not, or is refused")
    ends_well(t, world, log, 2)


@attack(
    "1025th-retirement",
    "annotator",
    "retires a key of its own that is nobody's 1,023 times, then a spare key, then another spare key",
    "the 1,024th retirement counts, the 1,025th does not or is refused; equal digests on a node that comes later",
)
def too_many_retirements(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    first, second = log.company.issue(common_name="one"), log.company.issue(common_name="two")
    t.send(log, label("img/x").add_key(der(first[1])).add_key(der(second[1])))
    changes = Changeset()
    for number in range(1023):
        changes.retire_key(os.urandom(32), number)
    log.send(changes)
    at_the_edge(t, world, log, "1,023 retirements")
    log.send(Changeset().retire_key(fingerprint(first[1]), 0))
    at_the_edge(t, world, log, "the 1,024th retirement")
    beyond(t, world, log, Changeset().retire_key(fingerprint(second[1]), 0), "the 1,025th retirement")
    t.send(log, label("img/first"), key=first[0], certificate=first[1])
    t.send(log, label("img/second"), key=second[0], certificate=second[1])
    mine = world.labels(world.oem)["evil.example"]
    t.check(mine == ["img/x", "img/second"], f"counted are {mine}", "the first key is retired, the second is not")
    ends_well(t, world, log, 2)


@attack(
    "own-caps",
    "the company itself",
    "an honest member changes its log's audience 33 times with the program",
    "the 33rd is refused at once with a clear word, nothing is signed, and the member goes on labelling",
)
def own_caps(t):
    world = World(t.folder)
    home = world.honest()
    for number in range(32):
        way = ["--all"] if number % 2 else ["--org", STEWARD]
        t.works(
            cm("audience", world.dataset, *way, home=home, check=False),
            f"change {number + 1} of the audience",
            "32 are permitted",
        )
    size = world.size(home, "tier1.example")
    refused = cm("audience", world.dataset, "--org", STEWARD, home=home, check=False)
    t.check(
        refused.status == 1 and "32" in refused.err,
        f"the 33rd: {refused.said()}",
        "it is refused, and the bound is named",
    )
    t.check(
        world.size(home, "tier1.example") == size, "something was signed", "nothing is signed that would not count"
    )
    world.annotate(home, "img/1")
    t.works(world.sync(home, check=False), "the member", "it goes on")
    t.counted(world, {"tier1.example": 1}, {"oem": world.oem}, "afterwards")


@attack(
    "expired-crowd",
    "two annotators",
    "introduce 900 certificates each that have ended already, in entries dated before their end: more than the"
    " steward can retire in one changeset; then a partner and the steward write",
    "the steward's writes work, and so do the partner's syncs; a key that ended labels in vain; equal digests",
)
def expired_crowd(t):
    world = World(t.folder)
    home = world.honest()
    first, second = world.hostile("evil1.example", role=None), world.hostile("evil2.example", role=None)
    # One authority for both, so that each certificate speaks for both.
    second.authority_key, second.authority = first.authority_key, first.authority
    second.root_pem = first.root_pem
    second.node_key, second.node = second.issue()
    second.identity = second.files("node", second.node_key, second.node)
    world.pin(second)
    shared, old = new_key(), int(time.time()) - 2 * 86_400
    crowd = [
        first.issue(
            "evil1.example",
            "evil2.example",
            key=shared,
            common_name=f"k{number}",
            begins=later(days=-9),
            ends=later(days=-1),
        )[1]
        for number in range(900)
    ]
    for company in (first, second):
        world.member(company.origin, "annotator")
        log = world.log_of(company)
        log.append(label("img/x"))
        for begin in range(0, len(crowd), 120):
            changes = Changeset()
            for certificate in crowd[begin : begin + 120]:
                changes.add_key(der(certificate))
            log.append(changes, iat=old)
        t.need(log.hand_over(), f"900 certificates: {log.said()}", "they are stored")
    homes = {"oem": world.oem, "tier1": home}
    for turn in range(2):
        t.works(world.annotate(home, f"img/t{turn}", check=False), "the partner", "it goes on writing")
        t.works(world.sync(home, check=False), "the partner", "it goes on syncing")
        t.works(world.annotate(world.oem, f"img/o{turn}", check=False), "the steward", "it goes on writing")
    log.send(label("img/late"), key=shared, certificate=crowd[0])
    t.truthful(log, "a label by a key that ended")
    world.sync(home)
    t.counted(world, {STEWARD: 2, "tier1.example": 2, "evil1.example": 1, "evil2.example": 1}, homes, "at the end")
    t.check(
        "img/late" not in world.labels(world.oem)["evil2.example"], "a key that ended labels", "it does so in vain"
    )
    t.agree(world, homes)
