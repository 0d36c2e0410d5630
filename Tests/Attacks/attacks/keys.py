"""Keys and certificates that end or change, cuts and returns."""

import os
import time

from harness import attack
from toolkit import *


def wait_until(moment):
    time.sleep(max(0, moment - time.time()))


# MARK: Keys that end


@attack(
    "retire-games",
    "annotator (guard)",
    "introduces a key twice; two keys retire each other; a key retires itself at"
    " its own entry; a certificate ends in between",
    "one outcome: the digest as merged is that of a rebuild and of a second node; `verify` holds",
)
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


@attack(
    "expired-pair",
    "two annotators (no malice needed)",
    "each has a certificate that ends; one cites the other's entry; nobody cites them; then a partner and the steward"
    " write; then both backdate a label under the ended certificates",
    "`status`, `list`, `verify` and `rebuild` end on the steward's node and on a partner's; what was written in time"
    " counts, what came after the steward's entry does not; equal digests",
)
def expired_pair(t):
    world = World(t.folder)
    home, ends = world.honest(), 0
    logs, keys = [], []
    # Long enough for what is written in time, however slow the machine is.
    life = 6 + round(4 * Setting.slowness)
    for origin in ("evil.example", "zed.example"):
        log = world.log_of(world.hostile(origin, named=True))
        key = log.company.issue(common_name="short", ends=later(seconds=life))
        ends = time.time() + life
        t.send(log, Changeset().add_key(der(key[1])), "the second key")
        logs.append(log)
        keys.append({"key": key[0], "certificate": key[1]})
    t.send(logs[0], label("img/in-time"), **keys[0])
    t.stored(logs[0], "a label in time")
    t.send(logs[1], label("img/in-time", "c", *world.context(logs[1].company, logs[0].head())), **keys[1])
    t.stored(logs[1], "a label in time that cites the other")
    wait_until(ends + 1)
    homes = {"oem": world.oem, "tier1": home}
    world.annotate(home, "img/t-after")  # a second clock that is beyond the end
    world.sync(home)
    world.annotate(world.oem, "img/after")
    world.sync(home)
    for name, node in homes.items():
        for command in ("status", "list", "verify", "rebuild"):
            arguments = [world.dataset] if command == "list" else []
            t.works(
                cm(command, *arguments, home=node, check=False, limit=20),
                f"{name}, after the certificates' end",
                "it ends",
            )
    t.counted(world, {STEWARD: 1, "evil.example": 1, "zed.example": 1}, homes, "after the certificates' end")
    for log, key in zip(logs, keys):
        log.send(label("img/backdated"), iat=int(ends) - 3, **key)
        t.truthful(log, "a backdated label")
    world.sync(home)
    for name, node in homes.items():
        found = [origin for origin, items in world.labels(node).items() if "img/backdated" in items]
        t.check(
            not found, f"{name} counts backdated labels of {found}", "an ended certificate adds nothing to the past"
        )
    t.alive(world, "the end of the certificates")
    t.agree(world, homes)


@attack(
    "spare-keys",
    "annotator",
    "retires in its own log the key that it signs with, at an index before all its labels,"
    " which others have cited; the steward names another index; then a third",
    "one outcome on all nodes at each step, as merged and rebuilt; the steward's last act decides",
)
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


@attack(
    "changed-root",
    "nobody",
    "a member changes its authority: the steward names the new root with `member set --root`,"
    " the member introduces a key under it and goes on; a company joins afterwards",
    "the newcomer holds the member's whole log, with the entries under the old root; equal digests",
)
def changed_root(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    company = log.company
    t.send(log, label("img/old"))
    world.sync(home)
    company.authority_key, company.authority = make_authority("evil.example")
    company.root_pem = company.write("new-root.pem", pem(company.authority))
    key, certificate = company.issue(common_name="new")
    cm(
        "member",
        "set",
        world.dataset,
        "evil.example",
        "--role",
        "annotator",
        "--root",
        company.root_pem,
        home=world.oem,
    )
    world.pin(company)
    old_key, old, company.identity = company.node_key, company.node, company.files("new", key, certificate)
    time.sleep(1.5)  # a node that serves looks at its pins once a second
    t.send(
        log, Changeset().add_key(der(certificate)), "the introduction of the new key", key=old_key, certificate=old
    )
    company.node_key, company.node = key, certificate
    t.send(log, label("img/new"), "a label under the new root")
    world.sync(home)
    newcomer = world.honest("tier9.example")
    world.annotate(newcomer, "img/9")
    world.sync(newcomer, home)
    homes = {"oem": world.oem, "tier1": home, "tier9": newcomer}
    for name, node in homes.items():
        size = world.size(node, "evil.example")
        t.check(
            size == log.size, f"{name} holds {size} of {log.size} entries", "the whole log, on a newcomer's node too"
        )
    t.counted(world, {"evil.example": 2, "tier9.example": 1}, homes, "after the change")
    t.agree(world, homes)


@attack(
    "old-root",
    "annotator",
    "after its root was changed it introduces a further key under the old root, which it was"
    " to give up, and the steward retires the old key",
    "what the retired key signs afterwards does not count; one outcome on a node that was there and on a newcomer's",
)
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


@attack(
    "readmitted",
    "annotator, cut and set again",
    "writes before its cut, beyond it, and after it was set again, with"
    " heads in each; an honest company cites it throughout; then it is cut once more, at its first entry",
    "counted is what was written before the cut and after the return; equal digests at each step, also on a node that"
    " comes later",
)
def readmitted(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    evil, homes = log.company, {"oem": world.oem, "tier1": home}

    def step(when, wanted):
        world.annotate(home, f"img/t-{when}")
        world.sync(*[node for node in homes.values() if node != world.oem], rounds=2)
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
    t.send(
        log,
        label("img/5", "c", *world.context(evil, world.true_head("tier1.example", evil))),
        "an entry after the return",
    )
    step("back", ["img/1", "img/2", "img/5"])
    homes["tier9"] = world.honest("tier9.example")
    step("seen later", ["img/1", "img/2", "img/5"])
    world.cut("evil.example", "--at", "1")
    world.sync(home, homes["tier9"])
    t.agree(world, homes, "cut again")
    step_labels = world.labels(world.oem).get("evil.example", [])
    t.check(step_labels == ["img/1"], f"cut at its second entry, it counts {step_labels}", "its first label alone")


@attack(
    "cut-absent",
    "two annotators",
    "X, which never came, is cut at 0, and cited by a colluding member at 4 before and"
    " after; then X brings its log all the same",
    "nobody waits, nothing of X counts; equal digests, also on a node that comes later",
)
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
        t.check(
            not world.waiting(node), f"{name} says that there waits {one_line(world.waiting(node))}", "nobody waits"
        )
    t.agree(world, homes)


@attack(
    "taken-back",
    "nobody: the steward's stolen key",
    "the steward names X, which never comes, and cuts it at 0; a member cites X under its true signature; then the"
    " steward rotates its key and retires the old one from before the entry that named X",
    "the digest as merged is that of a rebuild and of a node that comes later: whether a head holds is decided anew"
    " when the key is named no more",
)
def taken_back(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    t.send(log, label("img/0"))
    world.named(log.company)
    before = world.size(world.oem, STEWARD)
    absent = world.log_of(world.hostile("xco.example", named=True))
    world.cut("xco.example", "--at", "0")
    keys = cm("key", "list", "--json", home=world.oem).json["keys"]
    own = next(key["fingerprint"] for key in keys if key["current"])
    heads = world.context(log.company, absent.head(merged=4, size=4))
    t.send(log, label("img/1", "c", *heads))
    world.annotate(home, "img/t")
    world.sync(home)
    t.counted(world, {"evil.example": 2, "tier1.example": 1}, {"oem": world.oem, "tier1": home}, "before")
    cm("key", "rotate", home=world.oem)
    cm("key", "retire", own, "--at", str(before), "--dataset", world.dataset, home=world.oem)
    world.sync(home, rounds=2)
    t.agree(world, {"oem": world.oem, "tier1": home}, "afterwards")
