"""Cited heads that nobody signed, that are signed by another key, or that have no form."""

import os

from harness import attack
from stories import HONEST, ONE_MORE, everybody_goes_on, judged, one_more
from toolkit import *

FAR = INDEX_MAX  # the largest size that a head can have


# MARK: Heads that nobody signed


def future(t):
    """An annotator cites the log of a company that has not joined yet, far beyond anything; all go on."""
    world = World(t.folder)
    tier1, log = world.honest(role="reviewer"), world.log_of(world.hostile())
    t.send(log, label("img/x"))
    t.send(
        log,
        label("img/y", "c", *world.context(log.company, garbage_head("tier9.example", FAR))),
        "the entry with the head of a company that is no member",
    )
    return world, everybody_goes_on(t, world, tier1)


@attack(
    "future-head",
    "annotator",
    "cites, far beyond any size and without its signature, the log of a company that has"
    " not joined yet; everybody goes on; then that honest company joins and writes",
    "the entry does not count, and holds up nobody: every honest label is counted on all three nodes, without an act"
    " of the steward; equal digests",
)
def future_head(t):
    world, homes = future(t)
    t.counted(world, HONEST, homes, "after the newcomer's first entries")
    t.check(
        "img/y" not in world.labels(world.oem).get("evil.example", []),
        "the entry with the invented head counts",
        "it does not",
    )
    t.agree(world, homes)


@attack(
    "plain-cut",
    "annotator",
    "as `future-head`; then the steward cuts the attacker with no `--at`",
    "after the cut every honest label is counted on all nodes, whoever had cited the attacker; equal digests",
)
def plain_cut(t):
    world, homes = future(t)
    t.works(world.cut("evil.example", check=False), "the steward", "a member can always be cut")
    one_more(t, world, homes, "after-cut")
    t.counted(world, ONE_MORE, homes, "after a plain `member cut`")
    t.agree(world, homes)


@attack(
    "future-member",
    "annotator",
    "as `future-head`, of a member that is invited and has not come: with a signature of"
    " nobody, of zeros, of the attacker's own log key and of its node key",
    "none of the entries counts, the attacker's next one does; every honest label is counted on all three nodes;"
    " equal digests",
)
def future_member(t):
    world = World(t.folder)
    tier1, log = world.honest(role="reviewer"), world.log_of(world.hostile())
    tier9, evil, root = world.invited("tier9.example"), log.company, os.urandom(32)
    t.send(log, label("img/x"))
    for what, head in {
        "a signature of nobody": garbage_head("tier9.example", FAR),
        "a signature of zeros": Head("tier9.example", FAR, FAR, root, bytes(64)),
        "the attacker's log key": signed_head("tier9.example", world.dataset, FAR, FAR, root, evil.log_key),
        "the attacker's node key": signed_head("tier9.example", world.dataset, FAR, FAR, root, evil.node_key),
    }.items():
        judged(t, world, log, label("img/y", "c", *world.context(evil, head)), f"a head under {what}", counts=False)
    judged(t, world, log, label("img/z"), "the attacker's next label", counts=True)
    homes = everybody_goes_on(t, world, tier1, tier9)
    t.counted(world, {**HONEST, "evil.example": 2}, homes, "after the newcomer's first entries")
    t.agree(world, homes)


@attack(
    "borrowed-head",
    "reviewer",
    "cites an honest log under true signatures of something else: of a smaller size, of another root, of the same"
    " company's log in another dataset, of the attacker's key; and sets the class of its label",
    "none of these entries counts; one with the true head does; equal digests",
)
def borrowed_head(t):
    world = World(t.folder)
    tier1, log = world.honest(), world.log_of(world.hostile(role="reviewer"))
    evil, other = log.company, world.create("other")
    for origin in ("tier1.example", "evil.example"):
        world.member(origin, "reviewer", other)
    cm("dataset", "join", other, home=tier1)
    target = world.annotate(tier1, "img/1", "short").json["id"]
    world.annotate(tier1, "img/1", dataset=other)
    world.sync(tier1)
    t.send(log, label("img/x"), "the attacker's first label")
    old = world.true_head("tier1.example", evil)
    world.annotate(tier1, "img/2")
    world.sync(tier1)
    true = world.true_head("tier1.example", evil)
    elsewhere = world.true_head("tier1.example", evil, dataset=other)
    for what, head in {
        "of a smaller size": old._replace(merged=true.size, size=true.size, root=true.root),
        "of a size that never was": true._replace(merged=true.size + 3, size=true.size + 3),
        "of another root": true._replace(root=os.urandom(32)),
        "of a root of zeros": true._replace(root=bytes(32)),
        "of another dataset's log": elsewhere,
        "of the attacker's key": signed_head(
            "tier1.example", world.dataset, true.size, true.size, true.root, evil.log_key
        ),
    }.items():
        changes = Changeset(*world.context(evil, head)).set_class(target, "EVIL")
        judged(t, world, log, changes, f"a head under a signature {what}", counts=False)
    world.sync(tier1)
    homes = {"oem": world.oem, "tier1": tier1}
    for name, home in homes.items():
        row = world.row(home, target)
        t.check(
            row and row["class"] == "short",
            f"{name} shows the class {row and row['class']}",
            "the owner's value (short)",
        )
    judged(
        t, world, log, Changeset(*world.context(evil, true)).set_class(target, "spur"), "the true head", counts=True
    )
    world.sync(tier1)
    for name, home in homes.items():
        row = world.row(home, target)
        t.check(
            row and row["class"] == "spur",
            f"{name} shows the class {row and row['class']}",
            "the reviewer's value (spur)",
        )
    t.agree(world, homes)


@attack(
    "stranger-head",
    "annotator",
    "cites the log of a company that is no member, under that company's true signature,"
    " and the steward's log beyond its size, under a signature of nobody",
    "the entries do not count, the attacker's next one does; nobody waits; when the stranger becomes a member later,"
    " nothing of it changes; equal digests",
)
def stranger_head(t):
    world = World(t.folder)
    tier1, log = world.honest(role="reviewer"), world.log_of(world.hostile())
    stranger = Company("zed.example", t.folder + "/zed")
    other = world.log_of(stranger)
    other.append(label("img/z"))
    t.send(log, label("img/x"))
    evil = log.company
    judged(t, world, log, label("img/y", "c", *world.context(evil, other.head())), "a stranger's head", counts=False)
    head = garbage_head(STEWARD, FAR)
    judged(t, world, log, label("img/y", "c", head), "a head of the steward's log that nobody signed", counts=False)
    judged(t, world, log, label("img/z"), "the attacker's next label", counts=True)
    world.pin(stranger, "--vkey", stranger.verifier_key(world.dataset))
    world.member("zed.example", "annotator")
    t.check(other.hand_over(), f"the stranger's log, which is a member's now: {other.said()}", "it is taken")
    homes = everybody_goes_on(t, world, tier1)
    t.counted(world, {**HONEST, "evil.example": 2, "zed.example": 1}, homes, "at the end")
    t.check(
        "img/y" not in world.labels(world.oem)["evil.example"],
        "an entry with a stranger's head counts",
        "it does not",
    )
    t.agree(world, homes)


@attack(
    "unnamed-key",
    "two annotators",
    "one cites the other's log under its true signature, but not the entry of the"
    " steward's log that names that key; then again with it",
    "the first entry does not count, the second does, on a node that saw it happen and on one that comes later; equal"
    " digests",
)
def unnamed_key(t):
    world = World(t.folder)
    first, second = world.log_of(world.hostile("evil.example")), world.log_of(world.hostile("xco.example"))
    early = world.true_head(STEWARD, first.company)
    first.send(label("img/a", "c", early))
    t.send(second, label("img/x"))
    world.named(second.company)
    head = second.head()
    judged(
        t, world, first, label("img/b", "c", head), "a head of a log whose key the author cannot know", counts=False
    )
    judged(
        t,
        world,
        first,
        label("img/b2", "c", early, head),
        "the same under an old head of the steward's log",
        counts=False,
    )
    judged(t, world, first, label("img/c"), "the next label", counts=True)
    judged(
        t,
        world,
        first,
        label("img/d", "c", *world.context(first.company, head)),
        "a head whose key is named",
        counts=True,
    )
    tier1 = world.honest("tier1.example")
    world.annotate(tier1, "img/1")
    world.sync(tier1)
    homes = {"oem": world.oem, "tier1": tier1}
    t.counted(world, {"evil.example": 3, "xco.example": 1, "tier1.example": 1}, homes, "at the end")
    t.agree(world, homes)


@attack(
    "zero-root",
    "reviewer",
    "cites an honest log with a root of 32 zero bytes, three entries further than it has"
    " written, and another with a wrong root, each under a signature of its own, and sets a value of its label",
    "the value never silently replaces what the honest company writes afterwards: the entry does not count or the"
    " field is shown as contested; a wrong root does not count either; equal digests",
)
def zero_root(t):
    world = World(t.folder)
    home = world.honest()
    wrong = world.log_of(world.hostile("evil.example", "reviewer"))
    zero = world.log_of(world.hostile("evil2.example", "reviewer"))
    target = world.annotate(home, "img/1", "short").json["id"]
    entry = int(target.split(":")[1].split(".")[0])
    world.sync(home)

    def false_head(log, size, root):
        head = signed_head("tier1.example", world.dataset, size, size, root, log.log_key)
        return world.context(log.company, head)

    t.send(
        wrong,
        Changeset(*false_head(wrong, entry + 1, os.urandom(32))).set_class(target, "evil-wrong"),
        "the entry with a wrong root",
    )
    t.send(
        zero,
        Changeset(*false_head(zero, entry + 4, bytes(32))).set_class(target, "evil-zero"),
        "the entry with a root of zeros",
    )
    world.sync(home)
    for name in ("spur", "open", "hole"):
        t.works(
            cm("set", target, f"class={name}", home=home, check=False), "the label's owner", "it may change its label"
        )
    world.sync(home, rounds=2)
    for name, node in (("oem", world.oem), ("tier1", home)):
        row = world.row(node, target)
        if t.check(row, f"{name} does not list the honest label", "it is listed"):
            t.check(
                row["class"] == "hole" or row["contested"],
                f"{name} shows the class {row['class']}, not contested",
                "the owner's last value (hole), or a conflict",
            )
            t.check(
                row["class"] != "evil-wrong",
                f"{name} counts the entry with a wrong root",
                "a head that never was does not count",
            )
    t.agree(world, {"oem": world.oem, "tier1": home})


# MARK: Heads of odd forms


@attack(
    "lower-heads",
    "reviewer",
    "cites an honest log, then less of it and of the steward's log, and sets the class of"
    " its label in each entry; then with merged below the signed size",
    "each entry counts with all that was cited before: the last class is shown, not contested; equal digests",
)
def lower_heads(t):
    world = World(t.folder)
    tier1, log = world.honest(), world.log_of(world.hostile(role="reviewer"))
    evil, old_steward = log.company, world.true_head(STEWARD, log.company)
    target = world.annotate(tier1, "img/1", "short").json["id"]
    world.sync(tier1)
    old = world.true_head("tier1.example", evil)
    cm("set", target, "class=open", home=tier1)
    world.sync(tier1)
    new = world.true_head("tier1.example", evil)
    steps = [
        ("the true head", world.context(evil, new), "one"),
        ("a lower head", [old], "two"),
        ("no head", [], "three"),
        ("a lower head of the steward's log", [old_steward], "four"),
        ("the same head again", [new], "five"),
        ("less merged than signed", [new._replace(merged=1)], "six"),
    ]
    for what, heads, class_name in steps:
        judged(t, world, log, Changeset(*heads).set_class(target, class_name), what, counts=True)
    world.sync(tier1)
    homes = {"oem": world.oem, "tier1": tier1}
    for name, home in homes.items():
        row = world.row(home, target)
        t.check(
            row and row["class"] == "six" and not row["contested"],
            f"{name} shows {row and (row['class'], row['contested'])}",
            "six, not contested: contexts never shrink",
        )
    t.agree(world, homes)


@attack(
    "odd-heads",
    "annotator",
    "heads of its own log, in disorder, twice of one log, with nothing merged, with more"
    " merged than signed, beyond 2^36, of short roots and signatures, of four members, and 513 of them",
    "each is refused and not kept; the node goes on, and the attacker's next label counts",
)
def odd_heads(t):
    world = World(t.folder)
    tier1, log = world.honest(), world.log_of(world.hostile())
    evil = log.company
    world.annotate(tier1, "img/1")
    world.sync(tier1)
    t.send(log, label("img/x"), "the attacker's first label")
    steward, true = world.true_head(STEWARD, evil), world.true_head("tier1.example", evil)

    def heads(*cited):
        changes = label("img/y", "c", *cited)
        changes.heads_as_given = True
        return changes

    shapes = {
        "of its own log": heads(log.head()),
        "in disorder": heads(true, steward),
        "twice of one log": heads(true, true),
        "with nothing merged": heads(true._replace(merged=0)),
        "with more merged than signed": heads(true._replace(merged=true.size + 1)),
        "of an empty log": heads(true._replace(merged=0, size=0)),
        "negative": heads(true._replace(merged=-1)),
        "beyond 2^36": heads(true._replace(merged=1, size=FAR + 1)),
        "beyond 64 bits": heads(true._replace(merged=1, size=2**64)),
        "with a root of 31 bytes": heads(true._replace(root=true.root[1:])),
        "with a signature of 63 bytes": heads(true._replace(signature=true.signature[1:])),
        "with a signature of 68 bytes": heads(true._replace(signature=bytes(4) + true.signature)),
        "of a name that is none": heads(true._replace(origin="No Name")),
        "513 of them": heads(*[garbage_head(f"g{number:03}.x", 1) for number in range(513)]),
    }
    for what, changes in shapes.items():
        if what.startswith("513"):  # 512 fill an entry: the members are as short as they can be
            changes = short_heads(513)
        log.send(changes)
        t.refused(log, f"heads {what}")
    old = label("img/y")
    old.heads = []
    value = [2, ["tier1.example", "img/y", "c"], [[0, true.size, true.root]], {}, [[1, 1, 2, [0]]]]
    log.send(canonical(value))
    t.refused(log, "a head of three members, as wire version 1 has it")
    t.send(log, label("img/z", "c", steward, true), "the true heads")
    world.sync(tier1)
    homes = {"oem": world.oem, "tier1": tier1}
    t.counted(world, {"evil.example": 2, "tier1.example": 1}, homes, "at the end")
    t.agree(world, homes)


def short_heads(count):
    """An entry with more heads than are permitted, of names as short as they can be."""
    names = sorted(f"{number:x}" for number in range(count))
    cited = [[place, 1, 1, bytes(32), bytes(64)] for place in range(count)]
    return canonical([VERSION, [*names, "i"], cited, {}, [[COMMENT_ITEM, count, "x"]]])
