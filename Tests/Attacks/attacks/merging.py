"""One entry that stops a node, or that honest nodes take differently."""

import random
import struct
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
    t.works(world.annotate(world.oem, "img/3", check=False), "the steward after the entry", "the steward goes on writing")
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


@attack("repeated-name", "annotator", "one `set` of its own label with two attributes whose names are equal strings of"
        " the changeset's table",
        "the entry is refused and not kept, or does not harm: status, writing, sync, rebuild and `member cut` work on the"
        " steward and on a partner; equal digests, also rebuilt")
def repeated_names(t):
    world, home, log = begun(t)
    log.send(repeated_name())
    t.truthful(log, "the entry with the repeated name")
    t.alive(world, "the entry")
    goes_on(t, world, home, "evil.example")


@attack("contained", "annotator", "the entry of `repeated-name`, in one of the two datasets that the steward and a"
        " partner share",
        "the other dataset goes on: both write, the partner's next sync carries it, both see both labels; `status` of all"
        " datasets works")
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
                "a sync carries the other dataset: both labels are on both nodes")


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
    return {"item": item, "class": class_name, "origin": origin, "author": author,
            "class and attribute": across, "unused": unused}


@attack("equal-strings", "annotator", "entries whose tables hold a string twice, used as item, class, origin, author, as"
        " class and attribute, and not at all",
        "each is refused and not kept; the node goes on, and the attacker can be cut")
def equal_string_uses(t):
    world, home, log = begun(t)
    for use, changes in equal_strings().items():
        log.send(changes)
        t.refused(log, f"an entry with equal strings ({use})")
    cited = Changeset(*world.context(log.company), world.true_head("tier1.example", log.company))
    cited.comment_item("img/1")
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
    added.operation(ADD_LABEL, added.string("img/x"), added.string("c"), WHOLE_ITEM, CONFIDENCE, 0.5, CONFIDENCE, 0.75)
    item = Changeset()
    item.operation(SET_ITEM, item.string("img/x"), 12, 5, 11, 4)
    return {
        "descending attributes": fields(33, 1, 32, 2), "an attribute twice": fields(32, 1, 32, 2),
        "a model field twice": fields(STATUS, 1, STATUS, 0), "a model field behind an attribute": fields(32, 1, STATUS, 1),
        "a value without a field": fields(32), "no field": fields(), "the class twice": fields(CLASS, 0, CLASS, 1),
        "an attribute without a name": fields(32 + 7, 1), "a reserved number": fields(26, 1),
        "a negative number": fields(-1, 1), "a number beyond 64 bits": fields(32, 1, 2**64, 1),
        "an added label's confidence twice": added, "an item's fields descending": item,
    }


@attack("wrong-fields", "annotator", "sets and added labels whose fields descend, stand twice, have no value or no name",
        "each is refused and not kept; the node goes on, and the attacker can be cut")
def fields_in_disorder(t):
    world, home, log = begun(t)
    for what, changes in wrong_fields().items():
        log.send(changes)
        t.refused(log, f"an entry with {what}")
    t.alive(world, "the entries")
    goes_on(t, world, home, "evil.example")


# MARK: Mutations


def mutate(value, chance):
    """The value with one member somewhere in it changed, doubled, taken away or moved."""
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        kind = chance.randrange(8)
        out = list(value)
        if kind == 0:
            del out[at]
        elif kind == 1:
            out.insert(at, out[at])
        elif kind == 2:
            chance.shuffle(out)
        else:
            out[at] = mutate(out[at], chance)
        return out
    if isinstance(value, dict):
        return {**value, chance.choice([0, 1, 2, 3, -1]): mutate(value.get(0, 0), chance)}
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.8:
        return chance.choice([value + 1, value - 1, -value, value ^ 1 << chance.randrange(40), value << 12, 2**64 - 1])
    if isinstance(value, (str, bytes)) and value and chance.random() < 0.6:
        return value * chance.randrange(3) if chance.random() < 0.5 else value[:-1]
    return chance.choice([None, 0, -1, 2**36, 2**63, 1.5, float("inf"), "", "a", b"", [], {}, True, [[]], "evil.example"])


@attack("mutants", "annotator (guard)", "240 entries whose payload was changed at one to three places after it was made,"
        " signed as they are: operations of all kinds, heads, strings, meta, acts about its own log",
        "no answer is a 5xx, what is refused is not kept, the node lives; whatever was stored, honest labels are"
        " counted, as merged and rebuilt alike, on the steward and on a partner, and the attacker can be cut")
def mutants(t):
    seed = int(time.time())
    chance = random.Random(seed)
    t.note(f"seed {seed}")
    world, home, log = begun(t, role="reviewer")
    evil, honest = log.company, world.rows(world.oem)[0]["id"]
    _, spare = evil.issue()
    steward, tier1 = world.context(evil, world.true_head("tier1.example", evil))
    kept, codes = 0, {}
    for _ in range(240):
        changes = Changeset(*chance.sample([steward, tier1], chance.randrange(3)))
        changes.label("img/y", "d", BOX, [CONFIDENCE, 0.5]).set(OWN, CLASS, changes.string("d"), changes.attribute("a"), 1)
        changes.set_class(honest, "e").review(honest, ACCEPT, "yes").comment(honest, "ok").comment_item("img/z", "hi")
        changes.operation(SET_ITEM, changes.string("img/z"), 11, 640, 12, 480)
        changes.operation(ADD_LABEL, changes.string("img/z"), 0, [15 << 3, [0, 1], [BOX, BOX], b"\0\0"])
        chance.shuffle(changes.operations)
        del changes.operations[chance.randrange(1, 4):]
        if chance.random() < 0.3:
            changes.retire_key(fingerprint(spare), chance.randrange(300)).set_audience(STEWARD, "tier1.example")
        value = cbor2.loads(changes.payload())
        for _ in range(chance.randrange(1, 4)):
            value = mutate(value, chance)
        log.send(canonical(value))
        t.truthful(log, f"a mutant (seed {seed})")
        t.check(400 <= log.status < 500 or log.status == 200, f"a mutant was answered with {log.said()} (seed {seed})", "200 or a 4xx")
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


# MARK: Forgeries


class Forgeries:
    """Pushes of an annotator that must change nothing of others'."""

    def __init__(self, t):
        self.t, self.world = t, World(t.folder)
        self.evil, self.victim = self.world.hostile("evil.example"), self.world.hostile("victim.example")
        self.second = self.world.create("second")
        for company in (self.evil, self.victim):
            self.world.member(company.origin, "annotator", self.second)
        self.log, self.others = self.world.log_of(self.evil), self.world.log_of(self.victim)
        t.need(self.others.send(label("img/v")), f"the victim's label: {self.others.said()}", "an honest member may label")

    def refuse(self, what, answer, owner, name, size):
        """An answer to a forgery: a 4xx, and the node holds `size` entries of that log, as before."""
        held = owner.held(self.world.port, name)
        self.t.check(
            400 <= answer[0] < 500, f"{what}: answered with {answer[0]} {one_line(answer[1], 120)}",
            "a forgery is refused with a 4xx")
        self.t.check(held == size, f"{what}: the node holds {held} entries of {name}", f"it holds {size}")
        self.t.alive(self.world, what)

    def foreign_entries(self):
        """Another company's entries under another dataset, as its own, with other keys."""
        world, evil, victim = self.world, self.evil, self.victim
        forged = world.log_of(victim, self.second)
        for entry in self.others.entries:
            forged.append_raw(entry)
        self.refuse("entries under another dataset", forged.push(0, via=evil), victim, forged.name, 0)
        forged = world.log_of(evil)
        forged.append_raw(self.others.entries[0])
        self.refuse("another's entry as its own", forged.push(0), evil, forged.name, 0)
        forged = self.others.copy()
        forged.log_key = evil.log_key
        forged.append(comment(), key=evil.node_key, certificate=evil.node)
        self.refuse("own keys in another's log", forged.push(1, via=evil), victim, forged.name, 1)
        forged = self.others.copy()
        forged.append(comment(), key=evil.node_key)
        self.refuse("own signature over another's certificate", forged.push(1, via=evil), victim, forged.name, 1)
        true = self.others.copy()
        true.append(comment(text="relay"))
        status, body = true.push(1, via=evil)
        if self.t.check(status == 200, f"a true entry that another member brings: {status} {one_line(body)}", "it is taken"):
            self.others = true
        note = self.others.checkpoint(1)
        path = f"/v1/logs/{self.others.name}/entries?from={self.others.size}"
        answer = evil.call(world.port, "POST", path, struct.pack(">I", len(note)) + note)
        self.refuse("an older checkpoint", answer, victim, self.others.name, self.others.size)

    def foreign_certificates(self):
        """addKey with certificates that do not speak for the company, or not now."""
        evil = self.evil
        authority_key, authority = make_authority("other")
        for what, (key, certificate) in {
            "for the victim": evil.issue("victim.example"), "wildcard": evil.issue("*.example"),
            "trailing dot": evil.issue("evil.example."), "subdomain": evil.issue("sub.evil.example"),
            "no digitalSignature": evil.issue(signs=False),
            "root that is not pinned": issue(authority_key, authority, dns("evil.example")),
            "expired": evil.issue(begins=later(days=-9), ends=later(days=-1)),
        }.items():
            forged = self.world.log_of(evil)
            changes = Changeset().add_key(der(certificate), log_key=raw(forged.log_key))
            forged.append(changes, introduce=False, key=key, certificate=certificate)
            self.refuse("addKey, certificate: " + what, forged.push(0), evil, forged.name, 0)

    def foreign_claims(self):
        log, evil = self.log, self.evil
        self.t.need(log.send(label("img/e")), f"the attacker's own label: {log.said()}", "it may label")
        for what, signing in {
            "another issuer": {"iss": "victim.example"}, "another dataset as subject": {"sub": self.second},
            "an unknown critical header": {"header": {2: [99], 99: 1}},
        }.items():
            forged = log.copy()
            forged.append(comment(), **signing)
            self.refuse(what, forged.push(log.size), evil, log.name, log.size)
        forged = log.copy()
        old = comment()
        old.version = 1
        forged.append(old)
        self.refuse("wire version 1", forged.push(log.size), evil, log.name, log.size)

    def what_may_be_stored(self):
        """Entries that may be stored, and that must not do what they say."""
        log, victim, t = self.log, self.victim, self.t
        year = 31_536_000
        for iat in (-1, 2**63 - 1, int(time.time()) - 10 * year, int(time.time()) + 10 * year):
            log.send(label("img/odd-time"), iat=iat)
            t.truthful(log, f"iat {iat}")
        acts = Changeset().act(SET_MEMBER, "evil.example", 3, [], raw(self.evil.log_key), 0)
        acts.act(CUT_LOG, "victim.example", 0).act(SET_POLICY, "role-rank")
        acts.act(SUCCEED_LOG, "victim.example", "evil.example").act(SET_SCHEMA, "{}")
        t.send(log, acts.retire_key(fingerprint(victim.node), 0), "the steward's acts in its own log")
        target = "victim.example:0.1"
        head = self.others.head()
        t.send(log, Changeset(*self.world.context(self.evil, head)).set_class(target, "EVIL"), "a change of another's label")
        t.send(log, Changeset().review(f"evil.example:{log.size - 1}.0", ACCEPT), "its acceptance by its own author")
        both = Changeset().set_class(target, "EVIL")
        self.t.send(log, both.review(f"evil.example:{log.size}.0", ACCEPT))
        self.t.send(log, label("img/v", "EVIL", selector=[18 << 3, [[1, target, "r", [0]]]]))
        t.check(self.others.send(label("img/v2")), f"the victim's next label: {self.others.said()}", "an honest member goes on")
        self.world.cut("evil.example")
        log.send(label("img/late", "BACKDATED"), iat=int(time.time()) - 3000)

    def nothing_is_changed(self):
        world, t = self.world, self.t
        rows = world.rows(world.oem)
        mine = sorted((row["item"], row["class"], row["status"]) for row in rows if row["org"] == "victim.example")
        wanted = [("img/v", "c", "active"), ("img/v2", "c", "active")]
        t.check(mine == wanted, f"the victim's labels are now {mine}", "both labels as the victim wrote them")
        t.check(
            not any(row["item"] in ("img/late", "img/odd-time") for row in rows),
            "a backdated label, or one of a time outside its certificate, is counted", "it is not")
        members = cm("dataset", "show", world.dataset, "--json", home=world.oem).json["members"]
        roles = {member["org"]: (member["role"], member["cutIndex"] is not None) for member in members}
        wanted = {STEWARD: ("steward", False), "evil.example": ("annotator", True), "victim.example": ("annotator", False)}
        t.check(roles == wanted, f"the members (role, cut) are {roles}", "roles come from the steward alone")
        shown = cm("dataset", "show", self.second, "--json", home=world.oem).json
        t.check(shown["members"][0]["org"] == STEWARD, "the second dataset has another owner", "its steward owns it")
        t.alive(world, "all forgeries")
        t.agree(world, {"oem": world.oem})


@attack("forged", "annotator, and a cut member (guard)",
        "another company's entries under another dataset or as its own; foreign signatures and claims; certificates for"
        " other names in addKey; odd times; the steward's acts; a suggestion accepted by its own author; backdating after"
        " its cut; wire version 1",
        "what must not be stored is refused with a 4xx and not kept; what may be stored changes no label of another, no"
        " role, no key; a true entry of another is taken from anybody; `verify` holds")
def forged(t):
    attempts = Forgeries(t)
    attempts.foreign_entries()
    attempts.foreign_certificates()
    attempts.foreign_claims()
    attempts.what_may_be_stored()
    attempts.nothing_is_changed()
