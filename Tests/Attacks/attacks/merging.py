"""One entry that stops a node, or that honest nodes take differently."""

import os
import random
import time

import cbor2

from harness import attack
from toolkit import *


def goes_on(t, world, tier1, evil, expected=2):
    """After a poisonous entry: status, writing, sync, rebuild and the cut work, and nobody's label is lost."""
    homes = {"oem": world.oem, "tier1": tier1}

    def sync(when):
        t.works(cm("sync", home=tier1, check=False), when, "honest partners go on syncing")

    t.works(cm("status", home=world.oem, check=False), "the steward after the entry", "`status` works")
    t.works(world.annotate(tier1, "img/2", check=False), "a partner after the entry", "honest members go on writing")
    sync("a partner after the entry")
    t.works(
        world.annotate(world.oem, "img/3", check=False), "the steward after the entry", "the steward goes on writing"
    )
    sync("a partner that has the entry")
    t.works(cm("status", home=tier1, check=False), "a partner that has the entry", "`status` works")
    t.works(world.cut(evil, check=False), "the steward", "a member can always be cut")
    sync("after the cut")
    t.counted(world, {"tier1.example": expected, STEWARD: 1}, homes, "after the cut")
    t.agree(world, homes, "after the cut")


def begun(t, role="annotator"):
    """A world with an honest partner's label and the attacker's: (world, partner's home, attacker's log)."""
    world = World(t.folder)
    home, evil = world.honest(), world.hostile(role=role)
    log = world.log_of(evil)
    world.annotate(home, "img/1")
    world.sync(home)
    t.send(log, label("img/x"), "the attacker's first label")
    return world, home, log


OWN = "evil.example:0.1"  # the attacker's first label: behind the addKey of the log's first entry


# MARK: Strings and fields that stand twice


def repeated_name():
    """A set of two attributes whose names are equal strings."""
    changes = Changeset()
    first, second = changes.attribute("a"), ATTRIBUTE + changes.another_string("a")
    return changes.set(OWN, first, 1, second, 2)


@attack(
    "repeated-name",
    "annotator",
    "one `set` of its own label with two attributes whose names are equal strings of the changeset's table",
    "the entry is refused and not kept, or does not harm: status, writing, sync, rebuild and `member cut` work on the"
    " steward and on a partner; equal digests, also rebuilt",
)
def repeated_names(t):
    world, home, log = begun(t)
    log.send(repeated_name())
    t.truthful(log, "the entry with the repeated name")
    t.alive(world, "the entry")
    goes_on(t, world, home, "evil.example")


@attack(
    "contained",
    "annotator",
    "the entry of `repeated-name`, in one of the two datasets that the steward and a partner share",
    "the other dataset goes on: both write, the partner's next sync carries it, both see both labels; `status` of all"
    " datasets works",
)
def contained(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    other = world.create("other")
    world.member("tier1.example", "annotator", other)
    cm("dataset", "join", other, home=home)
    world.sync(home)
    t.send(log, label("img/x"))
    log.send(repeated_name())
    must = "other datasets are not harmed"
    t.works(world.annotate(world.oem, "img/n", check=False, dataset=other), "the steward in the other dataset", must)
    t.works(world.annotate(home, "img/m", check=False, dataset=other), "a partner in the other dataset", must)
    synced = world.sync(home, check=False)
    for name, node in (("oem", world.oem), ("tier1", home)):
        t.works(cm("status", home=node, check=False), f"status of all datasets at {name}", "`status` works")
        if t.works(cm("status", other, home=node, check=False), f"status of the other dataset at {name}"):
            have = world.labels(node, other)
            t.check(
                have == {STEWARD: ["img/n"], "tier1.example": ["img/m"]},
                f"after a sync (status {synced.status}) {name} has {have} in the other dataset",
                "a sync carries the other dataset: both labels are on both nodes",
            )


def equal_strings():
    """Entries in which two uses name equal strings, by what the strings are."""
    item = Changeset()
    item.operation(ADD_LABEL, item.string("img/x"), item.string("c"), WHOLE_ITEM)
    item.operation(ADD_LABEL, item.another_string("img/x"), item.string("c"), WHOLE_ITEM)
    class_name = Changeset()
    class_name.operation(ADD_LABEL, class_name.string("img/x"), class_name.string("c"), WHOLE_ITEM)
    class_name.operation(ADD_LABEL, class_name.string("img/x"), class_name.another_string("c"), WHOLE_ITEM)
    origin = Changeset()
    origin.operation(COMMENT, origin.string("evil.example"), slot(0, 1), "a")
    origin.operation(COMMENT, origin.another_string("evil.example"), slot(0, 1), "b")
    author = label("img/x")
    author.string("kim")
    author.meta = {0: author.another_string("kim")}
    across = Changeset()  # one string as a class and again as an attribute's name
    across.set(OWN, CLASS, across.string("a"), ATTRIBUTE + across.another_string("a"), 1)
    unused = label("img/x")
    unused.string("nobody")
    unused.another_string("nobody")
    return {
        "item": item,
        "class": class_name,
        "origin": origin,
        "author": author,
        "class and attribute": across,
        "unused": unused,
    }


@attack(
    "equal-strings",
    "annotator",
    "entries whose tables hold a string twice, used as item, class, origin, author, as"
    " class and attribute, and not at all",
    "each is refused and not kept; the node goes on, and the attacker can be cut",
)
def equal_string_uses(t):
    world, home, log = begun(t)
    for use, changes in equal_strings().items():
        log.send(changes)
        t.refused(log, f"an entry with equal strings ({use})")
    cited = Changeset(*world.context(log.company)).comment_item("img/1")
    cited.string(STEWARD)
    cited.another_string(STEWARD)
    log.send(cited)
    t.refused(log, "an entry with equal strings (cited origin)")
    t.alive(world, "the entries")
    goes_on(t, world, home, "evil.example")


def wrong_fields():
    """Sets whose fields are not a list without repetition, ascending by number."""

    def fields(*pairs, names=("a", "b", "evil.example")):
        changes = Changeset()
        for name in names:
            changes.string(name)
        return changes.operation(SET, 2, slot(0, 1), *pairs)

    added = Changeset()
    added.operation(
        ADD_LABEL, added.string("img/x"), added.string("c"), WHOLE_ITEM, CONFIDENCE, 0.5, CONFIDENCE, 0.75
    )
    item = Changeset()
    item.operation(SET_ITEM, item.string("img/x"), 12, 5, 11, 4)
    return {
        "descending attributes": fields(33, 1, 32, 2),
        "an attribute twice": fields(32, 1, 32, 2),
        "a model field twice": fields(STATUS, 1, STATUS, 0),
        "a model field behind an attribute": fields(32, 1, STATUS, 1),
        "a value without a field": fields(32),
        "no field": fields(),
        "the class twice": fields(CLASS, 0, CLASS, 1),
        "an attribute without a name": fields(32 + 7, 1),
        "a reserved number": fields(27, 1),
        "a negative number": fields(-1, 1),
        "a number beyond 64 bits": fields(32, 1, 2**64, 1),
        "an added label's confidence twice": added,
        "an item's fields descending": item,
    }


@attack(
    "wrong-fields",
    "annotator",
    "sets and added labels whose fields descend, stand twice, have no value or no name",
    "each is refused and not kept; the node goes on, and the attacker can be cut",
)
def fields_in_disorder(t):
    world, home, log = begun(t)
    for what, changes in wrong_fields().items():
        log.send(changes)
        t.refused(log, f"an entry with {what}")
    t.alive(world, "the entries")
    goes_on(t, world, home, "evil.example")


def dangling(*table):
    """Payloads with a table of strings and an index just beyond it, at each place that takes one."""
    beyond, place = len(table), slot(0, 1)
    steward_head = [beyond, 1, 1, bytes(32), bytes(64)]
    operations = {
        "the item of a comment": [COMMENT_ITEM, beyond, "x"],
        "the item of a label": [ADD_LABEL, beyond, 0, WHOLE_ITEM],
        "the class of a label": [ADD_LABEL, 0, beyond, WHOLE_ITEM],
        "the item of fields": [SET_ITEM, beyond, 11, 1],
        "the origin of a set": [SET, beyond, place, STATUS, 1],
        "a class that is set": [SET, 0, place, CLASS, beyond],
        "an attribute": [SET, 0, place, ATTRIBUTE + beyond, 1],
        "the origin of a review": [REVIEW, beyond, place, ACCEPT],
        "the origin of a comment": [COMMENT, beyond, place, "x"],
    }
    fine = [[COMMENT_ITEM, 0, "x"]]
    shapes = {what: [[], {}, [operation]] for what, operation in operations.items()}
    shapes |= {"the author": [[], {0: beyond}, fine], "the source": [[], {2: beyond}, fine]}
    shapes["a head"] = [[steward_head], {}, fine]
    return {what: canonical([VERSION, list(table), *rest]) for what, rest in shapes.items()}


@attack(
    "dangling-strings",
    "annotator",
    "entries that name a string just beyond the table, at each place that takes one: beyond an empty table, and"
    " beyond a table of one",
    "each is refused with a 4xx and not kept, and the node lives",
)
def dangling_strings(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    t.send(log, label("img/x"))
    for table in ([], ["evil.example"]):
        for what, payload in dangling(*table).items():
            log.send(payload)
            t.refused(log, f"beyond {len(table)} strings {what}")
            if not t.alive(world, f"an entry in which {what} stands beyond {len(table)} strings"):
                return
    t.send(log, label("img/y"))
    t.agree(world, {"oem": world.oem})


# MARK: Mutations


def nudge(value, chance):
    """The value with one whole number in it moved by little: another string, slot or size."""
    if isinstance(value, list) and value:
        out, at = list(value), chance.randrange(len(value))
        out[at] = nudge(out[at], chance)
        return out
    if isinstance(value, int) and not isinstance(value, bool):
        return chance.choice([value + 1, value - 1, value + 2, value ^ 1 << 12, value + (1 << 12)])
    return value


def reorder(value, chance):
    """The payload with one of its operations or heads doubled, taken away, or all of them shuffled."""
    out, at = list(value), chance.choice([1, 2, 4, 4, 4])
    members = list(out[at])
    if members:
        place = chance.randrange(len(members))
        kind = chance.randrange(3)
        if kind == 0:
            members.insert(chance.randrange(len(members) + 1), members[place])
        elif kind == 1:
            del members[place]
        else:
            chance.shuffle(members)
    out[at] = members
    return out


def break_form(value, chance):
    """The value with one member somewhere in it replaced by something of another kind or length."""
    if isinstance(value, list) and value and chance.random() < 0.8:
        out, at = list(value), chance.randrange(len(value))
        out[at] = break_form(out[at], chance)
        return out
    if isinstance(value, dict):
        return {**value, chance.choice([0, 1, 2, 3, -1]): break_form(value.get(0, 0), chance)}
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.8:
        return chance.choice([-value, value ^ 1 << chance.randrange(40), value << 12, 2**64 - 1])
    if isinstance(value, (str, bytes)) and value and chance.random() < 0.6:
        return value * chance.randrange(3) if chance.random() < 0.5 else value[:-1]
    return chance.choice(
        [None, 0, -1, 2**36, 2**63, 1.5, float("inf"), "", "a", b"", [], {}, True, [[]], "evil.example"]
    )


def mutate(value, chance):
    """A payload with one to three changes; in two of three, none that alone breaks its form."""
    kinds = [nudge, nudge, reorder] if chance.random() < 0.67 else [break_form, break_form, nudge]
    for _ in range(chance.randrange(1, 4)):
        value = chance.choice(kinds)(value, chance)
        if not isinstance(value, list) or len(value) != 5:
            break
    return value


@attack(
    "mutants",
    "annotator (guard)",
    "240 entries whose payload was changed at one to three places after it was made,"
    " signed as they are: operations of all kinds, heads, strings, meta, acts about its own log",
    "no answer is a 5xx, what is refused is not kept, the node lives; whatever was stored, honest labels are"
    " counted, as merged and rebuilt alike, on the steward and on a partner, and the attacker can be cut",
)
def mutants(t):
    seed = int(os.environ.get("MUTANTS_SEED", time.time()))  # to repeat a run
    chance = random.Random(seed)
    t.note(f"seed {seed}")
    world, home, log = begun(t, role="reviewer")
    evil, honest = log.company, world.rows(world.oem)[0]["id"]
    _, spare = evil.issue()
    steward, tier1 = world.context(evil, world.true_head("tier1.example", evil))
    kept, codes = 0, {}
    for _ in range(240):
        changes = Changeset(*chance.sample([steward, tier1], chance.randrange(3)))
        changes.label("img/y", "d", BOX, [CONFIDENCE, 0.5]).set(
            OWN, CLASS, changes.string("d"), changes.attribute("a"), 1
        )
        changes.set_class(honest, "e").review(honest, ACCEPT, "yes").comment(honest, "ok").comment_item("img/z", "hi")
        changes.operation(SET_ITEM, changes.string("img/z"), 11, 640, 12, 480)
        changes.operation(ADD_LABEL, changes.string("img/z"), 0, [15 << 3, [0, 1], [BOX, BOX], b"\0\0"])
        chance.shuffle(changes.operations)
        del changes.operations[chance.randrange(1, 4) :]
        if chance.random() < 0.3:
            changes.retire_key(fingerprint(spare), chance.randrange(300)).set_audience(STEWARD, "tier1.example")
        log.send(canonical(mutate(cbor2.loads(changes.payload()), chance)))
        t.truthful(log, f"a mutant (seed {seed})")
        t.check(
            400 <= log.status < 500 or log.status == 200,
            f"a mutant was answered with {log.said()} (seed {seed})",
            "200 or a 4xx",
        )
        kept += log.stored
        codes[log.status] = codes.get(log.status, 0) + 1
        if not world.server.alive():
            break
    t.alive(world, f"a mutant (seed {seed})")
    t.note(f"{kept} of 240 stored, answers {codes}")
    t.check(kept >= 20, f"only {kept} of 240 mutants were stored", "the attack reaches the merge")
    world.sync(home)
    t.agree(world, {"oem": world.oem, "tier1": home}, f"after the mutants (seed {seed})")
    goes_on(t, world, home, "evil.example")
