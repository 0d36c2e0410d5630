"""Keys, certificates, roots, cuts, audiences, and how many of each a member may have."""

import os
import time

from harness import attack
from toolkit import *


def wait_until(moment):
    time.sleep(max(0, moment - time.time()))


# MARK: Keys that end


@attack("retire-games", "annotator (guard)", "introduces a key twice; two keys retire each other; a key retires itself at"
        " its own entry; a certificate ends in between",
        "one outcome: the digest as merged is that of a rebuild and of a second node; `verify` holds")
def retire_games(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    evil, ends = log.company, time.time() + 5
    second = evil.issue(common_name="two")
    third = evil.issue(common_name="three", ends=later(seconds=5))

    def by(pair):
        return {"key": pair[0], "certificate": pair[1]}

    first_print, second_print, third_print = fingerprint(evil.node), fingerprint(second[1]), fingerprint(third[1])
    for changes, signing in [
        (label("img/x").add_key(der(second[1]), log_key=os.urandom(32)), {}),
        (label("img/x").add_key(der(second[1])).add_key(der(third[1])), {}),
        (Changeset().retire_key(first_print, 2), by(second)),
        (label("img/x"), {}),
        (label("img/x").retire_key(second_print, 1), by(second)),
        (Changeset().retire_key(second_print, 0), {}),
        (label("img/x"), by(third)),
        (label("img/x").retire_key(third_print, 6), by(third)),
        (label("img/x"), by(third)),
        (Changeset().retire_key(first_print, 0), by(third)),
    ]:
        log.send(changes, **signing)
        t.truthful(log, "an entry of the game")
    t.note(f"{log.size} of 10 entries stored")
    world.sync(home)
    homes = {"oem": world.oem, "tier1": home}
    t.same(world, homes, "before the certificate ends")
    wait_until(ends + 1)
    world.annotate(world.oem, "img/after")
    world.sync(home)
    t.counted(world, {STEWARD: 1}, homes, "at the end")
    t.agree(world, homes)


@attack("expired-pair", "two annotators (no malice needed)", "each has a certificate that ends; one cites the other's entry;"
        " nobody cites them; then the steward writes; then both backdate a label under the ended certificates",
        "`status`, `list`, `verify` and `rebuild` end on the steward's node and on a partner's; what was written in time"
        " counts, what came after the steward's entry does not; equal digests")
def expired_pair(t):
    world = World(t.folder)
    home, ends = world.honest(), time.time() + 6
    logs, keys = [], []
    for origin in ("evil.example", "zed.example"):
        log = world.log_of(world.hostile(origin, named=True))
        key = log.company.issue(common_name="short", ends=later(seconds=6))
        t.send(log, Changeset().add_key(der(key[1])), "the second key")
        logs.append(log)
        keys.append({"key": key[0], "certificate": key[1]})
    t.send(logs[0], label("img/in-time"), **keys[0])
    t.stored(logs[0], "a label in time")
    t.send(logs[1], label("img/in-time", "c", *world.context(logs[1].company, logs[0].head())), **keys[1])
    t.stored(logs[1], "a label in time that cites the other")
    wait_until(ends + 1)
    homes = {"oem": world.oem, "tier1": home}
    world.annotate(world.oem, "img/after")
    world.sync(home)
    for name, node in homes.items():
        for command in ("status", "list", "verify", "rebuild"):
            arguments = [world.dataset] if command == "list" else []
            t.works(cm(command, *arguments, home=node, check=False, limit=20), f"{name}, after the certificates' end", "it ends")
    t.counted(world, {STEWARD: 1, "evil.example": 1, "zed.example": 1}, homes, "after the certificates' end")
    for log, key in zip(logs, keys):
        log.send(label("img/backdated"), iat=int(ends) - 3, **key)
        t.truthful(log, "a backdated label")
    world.sync(home)
    for name, node in homes.items():
        found = [origin for origin, items in world.labels(node).items() if "img/backdated" in items]
        t.check(not found, f"{name} counts backdated labels of {found}", "an ended certificate adds nothing to the past")
    t.alive(world, "the end of the certificates")
    t.agree(world, homes)


@attack("spare-keys", "annotator", "retires in its own log the key that it signs with, at an index before all its labels,"
        " which others have cited; the steward names another index; then a third",
        "one outcome on all nodes at each step, as merged and rebuilt; the steward's last act decides")
def spare_keys(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    evil = log.company
    spare = evil.issue(common_name="spare")
    t.send(log, label("img/0").add_key(der(spare[1])))
    for number in (1, 2, 3):
        t.send(log, label(f"img/{number}"), key=spare[0], certificate=spare[1])
    world.sync(home)
    world.annotate(home, "img/t1")
    world.sync(home)
    homes, name = {"oem": world.oem, "tier1": home}, fingerprint(spare[1])

    def step(when, wanted):
        world.sync(home)
        for node, path in homes.items():
            mine = sorted(world.labels(path).get("evil.example", []))
            t.check(mine == wanted, f"{when}, {node} counts {mine}", f"{wanted}")
        t.agree(world, homes, when, verify=False)

    t.send(log, Changeset().retire_key(name, 1), "the retirement")
    step("after its own retirement", ["img/0"])
    cm("key", "retire", name.hex(), "--at", "3", "--dataset", world.dataset, home=world.oem)
    step("after the steward's act", ["img/0"])
    cm("key", "retire", name.hex(), "--at", "2", "--dataset", world.dataset, home=world.oem)
    step("after the steward's second act", ["img/0"])


@attack("changed-root", "nobody", "a member changes its authority: the steward names the new root with `member set --root`,"
        " the member introduces a key under it and goes on; a company joins afterwards",
        "the newcomer holds the member's whole log, with the entries under the old root; equal digests")
def changed_root(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    company = log.company
    t.send(log, label("img/old"))
    world.sync(home)
    company.authority_key, company.authority = make_authority("evil.example")
    company.root_pem = company.write("new-root.pem", pem(company.authority))
    key, certificate = company.issue(common_name="new")
    cm("member", "set", world.dataset, "evil.example", "--role", "annotator", "--root", company.root_pem, home=world.oem)
    world.pin(company)
    old_key, old, company.identity = company.node_key, company.node, company.files("new", key, certificate)
    time.sleep(1.5)  # a node that serves looks at its pins once a second
    t.send(log, Changeset().add_key(der(certificate)), "the introduction of the new key", key=old_key, certificate=old)
    company.node_key, company.node = key, certificate
    t.send(log, label("img/new"), "a label under the new root")
    world.sync(home)
    newcomer = world.honest("tier9.example")
    world.annotate(newcomer, "img/9")
    world.sync(newcomer, home)
    homes = {"oem": world.oem, "tier1": home, "tier9": newcomer}
    for name, node in homes.items():
        size = world.size(node, "evil.example")
        t.check(size == log.size, f"{name} holds {size} of {log.size} entries", "the whole log, on a newcomer's node too")
    t.counted(world, {"evil.example": 2, "tier9.example": 1}, homes, "after the change")
    t.agree(world, homes)


@attack("old-root", "annotator", "after its root was changed it introduces a further key under the old root, which it was"
        " to give up, and the steward retires the old key",
        "what the retired key signs afterwards does not count; one outcome on a node that was there and on a newcomer's")
def old_root(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    company = log.company
    t.send(log, label("img/old"), "a label")
    authority_key, authority = make_authority("evil.example")
    path = company.write("new-root.pem", pem(authority))
    cm("member", "set", world.dataset, "evil.example", "--role", "annotator", "--root", path, home=world.oem)
    cm("key", "retire", fingerprint(company.node).hex(), "--dataset", world.dataset, home=world.oem)
    further = company.issue(common_name="further")
    log.send(label("img/late").add_key(der(further[1])))
    t.truthful(log, "a further key under the old root")
    log.send(label("img/later"), key=further[0], certificate=further[1])
    t.truthful(log, "a label by the further key")
    newcomer = world.honest("tier9.example")
    homes = {"oem": world.oem, "tier9": newcomer}
    for name, node in homes.items():
        mine = world.labels(node).get("evil.example", [])
        t.check("img/late" not in mine, f"{name} counts {mine}", "nothing that the retired key signed")
    t.agree(world, homes)


# MARK: Cuts and returns


@attack("readmitted", "annotator, cut and set again", "writes before its cut, beyond it, and after it was set again, with"
        " heads in each; an honest company cites it throughout; then it is cut once more, at its first entry",
        "counted is what was written before the cut and after the return; equal digests at each step, also on a node that"
        " comes later")
def readmitted(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    evil, homes = log.company, {"oem": world.oem, "tier1": home}

    def step(when, wanted):
        world.annotate(home, f"img/t-{when}")
        world.sync(home, rounds=2)
        for name, node in homes.items():
            mine = sorted(world.labels(node).get("evil.example", []))
            t.check(mine == wanted, f"{when}, {name} counts {mine}", f"{wanted}")
        t.agree(world, homes, when, verify=False)

    t.send(log, label("img/1"))
    t.send(log, label("img/2", "c", *world.context(evil)))
    world.sync(home)
    step("before", ["img/1", "img/2"])
    world.cut("evil.example")
    for number in (3, 4):
        log.send(label(f"img/{number}"))
        t.truthful(log, "an entry beyond the cut")
    step("cut", ["img/1", "img/2"])
    world.member("evil.example", "annotator")
    t.send(log, label("img/5", "c", *world.context(evil, world.true_head("tier1.example", evil))), "an entry after the return")
    step("back", ["img/1", "img/2", "img/5"])
    homes["tier9"] = world.honest("tier9.example")
    step("seen later", ["img/1", "img/2", "img/5"])
    world.cut("evil.example", "--at", "1")
    world.sync(homes["tier9"])
    world.sync(homes["tier9"])
    t.agree(world, {"oem": world.oem, "tier9": homes["tier9"]}, "cut again")
    step_labels = world.labels(world.oem).get("evil.example", [])
    t.check(step_labels == ["img/1"], f"cut at its second entry, it counts {step_labels}", "its first label alone")


@attack("cut-absent", "two annotators", "X, which never came, is cut at 0, and cited by a colluding member at 4 before and"
        " after; then X brings its log all the same",
        "nobody waits, nothing of X counts; equal digests, also on a node that comes later")
def cut_absent(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    other = world.log_of(world.hostile("xco.example", named=True))
    for number in range(4):
        other.append(label(f"img/x{number}"))
    t.send(log, label("img/a", "c", *world.context(log.company, other.head())), "the entry with the head of X")
    world.cut("xco.example", "--at", "0")
    t.send(log, label("img/b", "c", other.head(merged=4, size=9)), "the entry with the other head of X")
    world.sync(home)
    other.hand_over()
    world.annotate(home, "img/t")
    world.sync(home, rounds=2)
    homes = {"oem": world.oem, "tier1": home, "tier9": world.honest("tier9.example")}
    world.sync(home)
    t.counted(world, {"tier1.example": 1, "evil.example": 2}, homes, "after the cut")
    for name, node in homes.items():
        t.check("xco.example" not in world.labels(node), f"{name} counts labels of X", "it is cut at 0")
        t.check(not world.waiting(node), f"{name} says that there waits {one_line(world.waiting(node))}", "nobody waits")
    t.agree(world, homes)


# MARK: Audiences


@attack("narrowed", "nobody", "a member narrows its log's audience to the steward after another partner already holds the"
        " log; then all go on",
        "the partner's syncs end with status 0, it counts what the steward writes afterwards, and the steward counts what the"
        " partner writes")
def narrowed(t):
    world = World(t.folder)
    first, second = world.honest("tier1.example"), world.honest("tier2.example")
    world.annotate(second, "img/t2-1")
    world.sync(second, first)
    cm("audience", world.dataset, "--org", STEWARD, home=second)
    world.annotate(second, "img/t2-2")
    world.sync(second)
    for number in range(3):
        world.annotate(world.oem, f"img/o{number}")
    world.annotate(first, "img/t1")
    t.works(world.sync(first, rounds=2, check=False), "the other partner's sync", "narrowing hurts nobody's other logs")
    world.annotate(world.oem, "img/o9")
    world.sync(first, check=False)
    t.counted(world, {STEWARD: 4, "tier1.example": 1}, {"oem": world.oem, "tier1": first}, "after the narrowing")
    t.counted(world, {"tier2.example": 2}, {"oem": world.oem, "tier2": second}, "after the narrowing")
    t.works(cm("verify", home=first, check=False), "the other partner", "`verify` holds")


@attack("excluded", "reader", "asks for a log that has excluded it: the offer, the checkpoint, the entries up to the act"
        " that excludes it and beyond, and whether a push of it is answered",
        "it is served the log up to and including that act, under a checkpoint of just that size, and nothing beyond; when it"
        " may read again, it is served all")
def excluded(t):
    world = World(t.folder)
    reader, log = world.hostile("calm.example", "reader"), world.log_of(world.hostile())
    t.send(log, label("img/before"))
    t.send(log, Changeset().set_audience(STEWARD), "the act")
    bound = log.size
    for number in range(3):
        t.send(log, label(f"img/secret{number}"))
    t.stored(log, "what was written behind the act")
    offered = (reader.offered(world.port) or {}).get(log.name)
    t.check(offered and offered["size"] == bound, f"it is offered {offered and offered['size']}", f"{bound} entries: up to the act")
    found = reader.checkpoint(world.port, log.name)
    t.check(
        found and found.size == bound and found.root == log.roots[bound],
        f"it is served a checkpoint of {found and found.size}", f"one of {bound}, with the root at that size")
    t.check(reader.entries(world.port, log.name, bound) == log.entries[:bound], "the entries up to the act are not served", "they are")
    for size in (bound + 1, log.size):
        beyond = reader.entries(world.port, log.name, size)
        t.check(beyond is None, f"the excluded reads {size} entries", f"nothing beyond {bound}")
    for size in range(bound + 1, log.size + 1):
        path = f"/logs/{log.name}/tile/0/000.p/{size}"
        t.check(reader.call(world.port, "GET", path)[0] == 404, f"the excluded reads {size} hashes", f"nothing beyond {bound}")
    t.send(log, Changeset().set_audience(), "the act that lets all read again")
    t.check(reader.entries(world.port, log.name, log.size) == log.entries, "the log is not served whole afterwards", "it is")
    t.alive(world, "the excluded's requests")


@attack("audience-flips", "annotator", "narrows and widens its log's audience 12 times, writes in between, and is cited by"
        " an honest reviewer that may read it; another honest partner may not",
        "the excluded partner's syncs end with status 0 and it counts what the steward and the reviewer write; once the"
        " audience is wide again all three have equal digests")
def audience_flips(t):
    world = World(t.folder)
    inside, outside = world.honest("tier1.example", "reviewer"), world.honest("tier2.example")
    log = world.log_of(world.hostile())
    t.send(log, label("img/0"))
    for number in range(1, 13):
        log.append(Changeset().set_audience(*([STEWARD, "tier1.example"] if number % 2 else [])))
        log.append(label(f"img/{number}"))
        t.need(log.hand_over(log.size - 2), f"turn {number}: {log.said()}", "it is stored")
        if number % 3 == 0:
            world.annotate(inside, f"img/in{number}")
            world.sync(inside)
            t.works(world.sync(outside, check=False), f"turn {number}, the excluded partner", "it goes on syncing")
    t.send(log, Changeset().set_audience(STEWARD, "tier1.example"))
    t.send(log, label("img/secret"))
    world.sync(inside)
    world.annotate(inside, "img/in-last")
    world.annotate(world.oem, "img/o")
    world.sync(inside)
    t.works(world.sync(outside, rounds=2, check=False), "the excluded partner", "it goes on syncing")
    t.counted(world, {STEWARD: 1, "tier1.example": 5}, {"tier2": outside}, "while it is excluded")
    t.check("img/secret" not in world.labels(outside).get("evil.example", []), "the excluded counts what it may not read", "it has not got it")
    t.send(log, Changeset().set_audience())
    world.sync(inside, outside, rounds=2)
    homes = {"oem": world.oem, "tier1": inside, "tier2": outside}
    t.counted(world, {STEWARD: 1, "tier1.example": 5, "evil.example": 14}, homes, "when all may read again")
    t.agree(world, homes)


# MARK: How many of each


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
    return [each for each in world.quarantined(world.oem) if each["log"] == log.origin and each["index"] == log.size - 1]


def ends_well(t, world, log, labels):
    """The log's next label counts, on the steward's node and on one that comes later."""
    t.send(log, label("img/afterwards"))
    at_the_edge(t, world, log, "a label afterwards")
    homes = {"oem": world.oem, "tier9": world.honest("tier9.example")}
    t.counted(world, {log.origin: labels + 1}, homes, "afterwards")
    t.agree(world, homes)


@attack("17th-witness", "reader", "introduces 16 witness keys, then a 17th",
        "the 16 count, the 17th does not or is refused; equal digests on a node that comes later")
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


@attack("33rd-audience", "annotator", "narrows its log's audience 31 times to a reader, at the 32nd to nobody but the"
        " steward, and opens it to all with a 33rd act",
        "the 32nd act counts, the 33rd does not or is refused: the reader is served no more than up to the 32nd")
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


@attack("4097th-name", "annotator", "gives its label 4,096 attributes of different names, then a 4,097th, and a new value"
        " to the first",
        "the 4,096 and the new value count, the 4,097th does not or is refused; equal digests on a node that comes later")
def too_many_names(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    t.send(log, label("img/x"))
    names = [f"a{number:03x}" for number in range(4097)]
    for begin, end in ((0, 4000), (4000, 4096)):
        changes = Changeset()
        for at in range(begin, end, 250):
            fields = []
            for name in names[at:min(at + 250, end)]:
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


@attack("1025th-key", "annotator", "introduces 1,024 keys, labels with the last of them, and introduces a 1,025th that labels, too",
        "the label of the 1,024th counts, the one of the 1,025th does not or is refused; equal digests on a node that comes"
        " later")
def too_many_keys(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    evil, shared = log.company, new_key()
    # One key under 1,024 certificates: what a log introduces are certificates.
    pairs = [evil.issue(key=shared, common_name=f"k{number}") for number in range(1024)]
    log.append(label("img/x"))
    for begin in range(0, 1023, 128):
        changes = Changeset()
        for _, certificate in pairs[begin:min(begin + 128, 1023)]:
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


@attack("1025th-retirement", "annotator", "retires a key of its own that is nobody's 1,023 times, then a spare key, then"
        " another spare key",
        "the 1,024th retirement counts, the 1,025th does not or is refused; equal digests on a node that comes later")
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


@attack("own-caps", "the company itself", "an honest member changes its log's audience 33 times with the program",
        "the 33rd is refused at once with a clear word, nothing is signed, and the member goes on labelling")
def own_caps(t):
    world = World(t.folder)
    home = world.honest()
    for number in range(32):
        way = ["--all"] if number % 2 else ["--org", STEWARD]
        t.works(cm("audience", world.dataset, *way, home=home, check=False), f"change {number + 1} of the audience", "32 are permitted")
    size = world.size(home, "tier1.example")
    refused = cm("audience", world.dataset, "--org", STEWARD, home=home, check=False)
    t.check(refused.status == 1 and "32" in refused.err, f"the 33rd: {refused.said()}", "it is refused, and the bound is named")
    t.check(world.size(home, "tier1.example") == size, "something was signed", "nothing is signed that would not count")
    world.annotate(home, "img/1")
    t.works(world.sync(home, check=False), "the member", "it goes on")
    t.counted(world, {"tier1.example": 1}, {"oem": world.oem}, "afterwards")
