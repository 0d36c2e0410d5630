"""Entries that cost a node far more than their bytes.

Costs are CPU seconds, compared with the same thing without the attack in the same run.
"""

import os

from harness import attack
from stories import cost, status_cost
from toolkit import *

# MARK: Names and keys


@attack(
    "ghosts",
    "annotator",
    "cites 512 invented companies an entry, 66 entries: more than a home's 32,767 log numbers; then"
    " tiny entries that move one of these heads; then an honest company joins and writes",
    "not counted or borne: a tiny entry and `status` cost at most 10 times what they cost before (and 0.5 s); the"
    " newcomer's and the steward's labels are counted, also in a dataset that the attacker is no member of; a rebuild"
    " gives the same digest",
)
def ghosts(t):
    world = World(t.folder)
    log, other = world.log_of(world.hostile()), world.create("other")
    t.send(log, label("img/x"))
    before = cost(world, lambda: [t.send(log, comment()) for _ in range(3)])
    status_before = status_cost(world.oem)
    for begin in range(0, 66, 11):
        start = log.size
        for number in range(begin, begin + 11):
            log.append(invented(number))
        t.need(
            log.hand_over(start),
            f"the invented companies were answered with {log.said()}",
            "their form is right: they are stored",
        )
        t.alive(world, f"{(begin + 11) * 512} invented companies")
    moved = [comment(ghost("g0-0.x", 2 + turn)) for turn in range(3)]
    after = cost(world, lambda: [t.send(log, changes) for changes in moved])
    t.note(f"three tiny entries {before:.2f} -> {after:.2f} CPU s")
    t.check(
        after <= 10 * before + 0.5,
        f"three tiny entries cost {after:.2f} CPU s, {before:.2f} before the invented companies",
        "at most 10 times as much, and 0.5 s",
    )
    shown = cm("status", home=world.oem, check=False)
    t.works(shown, "the steward", "`status` works")
    t.note(f"status {status_before:.2f} -> {shown.cpu:.2f} CPU s")
    t.check(
        shown.cpu <= 10 * status_before + 0.5,
        f"`status` costs {shown.cpu:.2f} CPU s, {status_before:.2f} before",
        "at most 10 times as much, and 0.5 s",
    )
    newcomer = world.log_of(world.hostile("tier7.example"))  # an honest one, by hand
    t.send(newcomer, label("img/7"))
    t.check(
        newcomer.stored,
        f"the newcomer's first entry was answered with {newcomer.said()}",
        "honest members go on writing",
    )
    t.works(world.annotate(world.oem, "img/o", check=False), "the steward", "honest members go on writing")
    t.works(
        world.annotate(world.oem, "img/o", check=False, dataset=other),
        "the steward in the other dataset",
        "other datasets are not harmed",
    )
    t.counted(world, {STEWARD: 1, "tier7.example": 1}, {"oem": world.oem}, "after the invented companies")
    if not t.faults:
        t.agree(world, {"oem": world.oem})


def ghost(origin, size):
    return Head(origin, size, size, b"\1" * 32, b"\2" * 64)


def invented(number):
    """An entry that cites 512 invented companies."""
    changes = Changeset()
    names = sorted(f"g{number:x}-{place:x}.x" for place in range(512))
    changes.strings = list(names)
    changes.strings.append("img/x")
    heads = [[place, 1, 1, b"\1" * 32, b"\2" * 64] for place in range(512)]
    return canonical([VERSION, changes.strings, heads, {}, [[COMMENT_ITEM, 512, "hi"]]])


@attack(
    "signed-heads",
    "two annotators",
    "X signs a checkpoint of each size up to 400 and delivers 400 entries; the attacker"
    " writes 400 entries, each of which cites X one further and the steward's log",
    "they cost the node at most 4 times the CPU of 400 comments without heads (and 0.3 s); equal digests",
)
def signed_heads(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    calm, other = world.log_of(world.hostile("calm.example")), world.log_of(world.hostile("xco.example", named=True))
    for writer in (log, calm):
        t.send(writer, label("img/x"))
    for number in range(400):
        other.append(label(f"img/x{number}"))
    t.need(other.hand_over(), f"X's entries: {other.said()}", "they are stored")
    for number in range(400):
        calm.append(comment(text=f"{number}"))
    plain = cost(world, lambda: calm.hand_over(1), 0.5)
    t.need(calm.stored, f"the plain comments: {calm.said()}", "they are stored")
    steward = world.true_head(STEWARD, log.company)
    for number in range(400):
        heads = [other.head(merged=number + 1, size=number + 1), *([] if number else [steward])]
        log.append(comment(*heads, text=f"{number}"))
    cited = cost(world, lambda: log.hand_over(1), 0.5)
    t.need(log.stored, f"the comments with heads: {log.said()}", "they are stored")
    t.note(f"400 comments {plain:.2f}, with heads {cited:.2f} CPU s")
    t.check(
        cited <= 4 * plain + 0.3,
        f"400 comments with heads cost {cited:.2f} CPU s, without {plain:.2f}",
        "at most 4 times as much, and 0.3 s",
    )
    world.annotate(home, "img/1")
    world.sync(home)
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {"tier1.example": 1, "xco.example": 400}, homes, "afterwards")
    t.same(world, homes)


@attack(
    "witness-keys",
    "reader",
    "introduces 16,000 witness keys in ten entries",
    "`status` and an honest `annotate` cost at most 4 times the CPU that they cost before (and 0.1 s); an honest sync"
    " ends well; equal digests",
)
def witness_keys(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile(role="reader"))
    world.annotate(home, "img/1")
    world.sync(home)
    status_before = status_cost(world.oem)
    write_before = min(world.annotate(world.oem, f"img/b{number}").cpu for number in range(3))
    for _ in range(10):
        changes = Changeset()
        for _ in range(1600):
            changes.add_witness(os.urandom(32))
        log.append(changes)
    log.hand_over()
    t.truthful(log, "the entries with 1,600 witness keys each")
    t.alive(world, "the witness keys")
    status_after = status_cost(world.oem, 2)
    write_after = min(world.annotate(world.oem, f"img/a{number}").cpu for number in range(2))
    t.note(
        f"{log.size} entries kept; status {status_before:.2f} -> {status_after:.2f},"
        f" annotate {write_before:.2f} -> {write_after:.2f} CPU s"
    )
    for what, before, after in (("`status`", status_before, status_after), ("`annotate`", write_before, write_after)):
        t.check(
            after <= 4 * before + 0.1,
            f"{what} costs {after:.2f} CPU s, {before:.2f} before the keys",
            "at most 4 times as much, and 0.1 s",
        )
    if t.faults:
        return  # what follows costs a partner as much again
    t.works(world.sync(home, check=False), "an honest partner", "it goes on syncing")
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {"tier1.example": 1, STEWARD: 5}, homes, "after the witness keys")
    t.same(world, homes)


# MARK: One label or item


def attribute_sets(first, count, target, origin_place):
    """Operations that set `count` attributes of one label, 250 an operation; the names are strings first…"""
    sets = []
    for begin in range(first, first + count, 250):
        fields = []
        for number in range(begin, min(begin + 250, first + count)):
            fields += [ATTRIBUTE + number, 1]
        sets.append([SET, origin_place, target, *fields])
    return sets


@attack(
    "registers",
    "annotator",
    "gives one own label 4,000 attributes in one entry, then 200 one-field sets of that label in another",
    "each of the two entries costs the node at most 5 times the CPU of the same number of writes spread over 16"
    " labels (and 0.3 s)",
)
def registers(t):
    world = World(t.folder)
    home = world.honest()
    spread, piled = world.log_of(world.hostile("calm.example")), world.log_of(world.hostile("evil.example"))
    names = [f"a{number:03x}" for number in range(4000)]
    for log in (spread, piled):
        changes = Changeset()
        for _ in range(16):
            changes.label("img/x")
        t.send(log, changes, "16 labels")

    def wide(log, place):
        changes = Changeset()
        changes.strings = [*names, log.origin]
        for number in range(16):
            changes.operations += attribute_sets(number * 250, 250, slot(0, place(number)), 4000)
        return changes

    def many(log, place):
        changes = Changeset()
        origin, name = changes.string(log.origin), changes.attribute("a000")
        for number in range(200):
            changes.operation(SET, origin, slot(0, place(number % 16)), name, number)
        return changes

    for what, changes in (("4,000 attributes", wide), ("200 one-field sets", many)):
        calm = cost(world, lambda: spread.send(changes(spread, lambda number: number + 1)), 0.5)
        t.need(
            spread.stored,
            f"an honest entry of {what} over 16 labels was answered with {spread.said()}",
            "it is taken",
        )
        evil = cost(world, lambda: piled.send(changes(piled, lambda number: 1)), 0.5)
        t.truthful(piled, what)
        t.note(f"{what}: spread {calm:.2f}, piled {evil:.2f} CPU s ({piled.said()})")
        t.check(
            evil <= 5 * calm + 0.3,
            f"{what} on one label cost {evil:.2f} CPU s, over 16 labels {calm:.2f}",
            "at most 5 times as much, and 0.3 s",
        )
    t.alive(world, "the registers")
    world.annotate(home, "img/1")
    world.sync(home)
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {"tier1.example": 1}, homes, "afterwards")
    t.same(world, homes)


@attack(
    "roundabout",
    "annotator",
    "gives each of 20 own labels 4,000 attributes, then sets one field of them in turn, 1,000 times in one entry",
    "it costs the node at most 5 times the CPU of one set of each of them (and 1 s): no label's writes are loaded"
    " for each operation anew",
)
def roundabout(t):
    world = World(t.folder)
    home = world.honest()
    log = world.log_of(world.hostile("evil.example"))
    names = [f"a{number:03x}" for number in range(4000)]
    changes = Changeset()
    for _ in range(20):
        changes.label("img/x")
    t.send(log, changes, "20 labels")
    for number in range(20):
        changes = Changeset()
        changes.strings = [*names, log.origin]
        changes.operations += attribute_sets(0, 4000, slot(0, number + 1), 4000)
        t.send(log, changes, f"4,000 attributes of label {number}")

    def turns(count):
        changes = Changeset()
        origin, name = changes.string(log.origin), changes.attribute("a000")
        for number in range(count):
            changes.operation(SET, origin, slot(0, number % 20 + 1), name, number)
        return changes

    once = cost(world, lambda: log.send(turns(20)), 0.5)
    t.need(log.stored, f"a set of each label was answered with {log.said()}", "it is taken")
    often = cost(world, lambda: log.send(turns(1000)), 0.5)
    t.truthful(log, "1,000 sets")
    t.note(f"once {once:.2f}, 50 times {often:.2f} CPU s ({log.said()})")
    t.check(
        often <= 5 * once + 1,
        f"1,000 sets going round cost {often:.2f} CPU s, one of each {once:.2f}",
        "at most 5 times as much, and 1 s",
    )
    t.alive(world, "going round")
    world.annotate(home, "img/1")
    world.sync(home)


@attack(
    "piled-item",
    "two annotators",
    "write 2,000 times to one item, in one entry each: fields, comments and reviews of one label,"
    " concurrently with each other",
    "their entries cost the node at most 5 times the CPU of the same over 200 items (and 0.3 s); so does the next"
    " entry that replaces them all",
)
def piled_item(t):
    world = World(t.folder)
    spread = [world.log_of(world.hostile(name)) for name in ("calm1.example", "calm2.example")]
    piled = [world.log_of(world.hostile(name)) for name in ("evil1.example", "evil2.example")]
    for log in spread + piled:
        t.send(log, label("img/x"), "its label")

    def writes(log, items):
        changes = Changeset()
        for number in range(1000):
            item = changes.string(f"{log.origin[:4]}/{number % items}")
            changes.operation(SET_ITEM, item, 11, number, 12, number)
            changes.operation(COMMENT_ITEM, item, "x")
        return changes

    def both(logs, items):
        for log in logs:
            t.send(log, writes(log, items), f"2,000 writes to {items} items")

    def replace(logs, items):
        first, second = logs
        world.named(second.company)
        t.send(
            first,
            writes(first, items).cite(*world.context(first.company, second.head())),
            "the entry that replaces them",
        )

    for what, work in (("2,000 writes twice", both), ("replacing them", replace)):
        calm = cost(world, lambda: work(spread, 200), 0.5)
        evil = cost(world, lambda: work(piled, 1), 0.5)
        t.note(f"{what}: spread {calm:.2f}, piled {evil:.2f} CPU s")
        t.check(
            evil <= 5 * calm + 0.3,
            f"{what} on one item cost {evil:.2f} CPU s, on 200 {calm:.2f}",
            "at most 5 times as much, and 0.3 s",
        )
    t.alive(world, "the writes")
    t.agree(world, {"oem": world.oem})


@attack(
    "ping-pong",
    "two annotators",
    "write 150 entries each by turns, of which every one cites the other's newest: one with texts of 48,000 bytes,"
    " the other with short ones; a node that has both from the start must go from one to the other 300 times",
    "a rebuild costs at most 4 times the CPU of one with the same entries without heads (and 0.5 s); so does the sync"
    " of a newcomer",
)
def ping_pong(t):
    costs = {}
    for name in ("plain", "turns"):
        os.makedirs(f"{t.folder}/{name}")
        world = World(f"{t.folder}/{name}")
        long, short = world.log_of(world.hostile("evil1.example", named=True)), world.log_of(
            world.hostile("evil2.example", named=True)
        )
        steward = world.true_head(STEWARD, long.company)
        for number in range(150):
            heads = [short.head(), *([steward] if number == 1 else [])] if name == "turns" and number else []
            changes = Changeset(*heads)
            for _ in range(3):
                changes.comment_item("img/1", "x" * 16_000)
            long.append(changes)
            heads = [long.head(), *([] if number else [steward])] if name == "turns" else []
            short.append(comment(*heads, text=f"{number}"))
        for log in (long, short):
            t.need(log.hand_over(limit=120), f"the {name} entries: {log.said()}", "they are stored")
        rebuild = cm("rebuild", home=world.oem).cpu
        newcomer = world.invited("tier9.example")
        world.join(newcomer, sync=False)
        sync = cm("sync", home=newcomer).cpu
        waiting = world.waiting(newcomer) + world.waiting(world.oem)
        t.check(not waiting, f"there waits {one_line(waiting)}", "nobody waits: all is there")
        t.same(world, {"oem": world.oem, "tier9": newcomer})
        costs[name] = (rebuild, sync)
        world.server.stop()
    for what, plain, turns in zip(("a rebuild", "a newcomer's sync"), costs["plain"], costs["turns"]):
        t.note(f"{what}: plain {plain:.2f}, by turns {turns:.2f} CPU s")
        t.check(
            turns <= 4 * plain + 0.5,
            f"{what} costs {turns:.2f} CPU s, without heads {plain:.2f}",
            "at most 4 times as much, and 0.5 s",
        )
