"""Logs that are carried by hand, damaged files, and tables that say something else than the logs."""

import json
import os
import shutil
import sqlite3

from harness import attack
from toolkit import *


@attack(
    "sticks",
    "whoever carries a stick (guard)",
    "brings an older stick again, a stick with links, odd names and a rolled"
    " back checkpoint, and one with FIFOs in the place of tiles",
    "nothing is taken back or lost, no command hangs, equal digests; what is wrong is refused and named",
)
def sticks(t):
    world = World(t.folder)
    home = world.honest()
    older, newer, linked, pipes = (f"{t.folder}/stick{number}" for number in range(1, 5))
    os.makedirs(older)
    os.makedirs(newer)
    world.annotate(home, "img/1")
    world.sync(home)
    cm("carry", "out", world.dataset, older, home=world.oem)
    world.annotate(world.oem, "img/2")
    world.annotate(world.oem, "img/3")
    cm("carry", "out", world.dataset, newer, home=world.oem)

    def into(stick, node):
        return cm("carry", "in", stick, home=node, check=False, limit=20)

    t.works(into(newer, home), "the newer stick")
    newest = world.digest(home)
    t.check(newest == world.digest(world.oem), "the digests differ after the newer stick", "all honest nodes agree")
    into(older, home)
    t.check(world.digest(home) == newest, "an older stick changed the label set", "nothing is taken back")
    t.works(into(newer, home), "the newer stick again")
    shutil.copytree(newer, linked)
    odd_stick(linked)
    before = world.digest(home)
    result = into(linked, home)
    t.check(
        result.status >= 0 and "root:" not in result.text,
        f"the hostile stick: {result.said()}",
        "it ends without a signal and shows nothing of the link's target",
    )
    t.check(world.digest(home) == before, "the hostile stick changed the label set", "nothing is taken")
    shutil.copytree(newer, pipes)
    for folder, _, names in os.walk(pipes):
        if "/tile/entries" in folder:
            for name in names:
                os.remove(os.path.join(folder, name))
                os.mkfifo(os.path.join(folder, name))
    second = world.honest("tier2.example")
    result = into(pipes, second)
    t.check(result.status >= 0, f"FIFOs for tiles: {result.said()}", "it ends without a signal")
    world.sync(second, home)
    t.agree(world, {"oem": world.oem, "tier1": home, "tier2": second})


def odd_stick(stick):
    """Links in the place of checkpoints, and folders with odd names."""
    for folder, _, names in os.walk(stick):
        if "checkpoint" in names and "tier1" in folder:
            os.remove(folder + "/checkpoint")
            os.symlink("/etc/passwd", folder + "/checkpoint")
    for name in ("x\n y", "-rf", "a b"):
        path = f"{stick}/logs/{name}/{STEWARD}/boards"
        os.makedirs(path)
        with open(path + "/checkpoint", "w") as file:
            file.write("x\n1\nAA\n\n")


@attack(
    "sticks-of-lies",
    "whoever carries a stick",
    "a stick whose log of a hostile member ends in an entry with equal strings,"
    " in one whose head nobody signed, under that member's own true checkpoint, beside an honest member's log",
    "the bad log is refused and named, or does not count; the honest log is taken; equal digests",
)
def sticks_of_lies(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    t.send(log, label("img/x"))
    world.annotate(home, "img/1")
    world.sync(home)
    stick = t.folder + "/stick"
    os.makedirs(stick)
    cm("carry", "out", world.dataset, stick, home=home)
    poison = Changeset()
    poison.label("img/y")
    poison.another_string("img/y")
    log.append(poison)
    log.append(label("img/z", "c", garbage_head("tier1.example", 1 << 36)))
    folder = next(path for path, _, names in os.walk(stick) if "/evil.example/" in path and "checkpoint" in names)
    shutil.rmtree(folder + "/tile")
    os.makedirs(folder + "/tile/entries/000.p")
    os.makedirs(folder + "/tile/0/000.p")
    with open(f"{folder}/tile/entries/000.p/{log.size}", "wb") as file:
        file.write(bundle(log.entries))
    with open(f"{folder}/tile/0/000.p/{log.size}", "wb") as file:
        file.write(b"".join(log.leaves))
    with open(folder + "/checkpoint", "wb") as file:
        file.write(log.checkpoint())
    second = world.honest("tier2.example")
    world.annotate(home, "img/2")
    shutil.rmtree(t.folder + "/stick/logs/tier1.example", ignore_errors=True)
    result = cm("carry", "in", stick, home=second, check=False, limit=20)
    t.check(result.status >= 0, f"the stick: {result.said()}", "it ends without a signal")
    size = world.size(second, "evil.example")
    t.check(
        size <= 1, f"{size} entries of the bad log were taken", "the good one at most: what is refused is not kept"
    )
    t.check("evil.example" in result.text, f"it says {one_line(result.text)}", "it names the log")
    world.sync(home, second, home)
    homes = {"oem": world.oem, "tier1": home, "tier2": second}
    t.counted(world, {"tier1.example": 2}, homes, "afterwards")
    t.agree(world, homes)


# MARK: Damage


def flip(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def damage(home, log_name, place=200):
    """Flips a bit of a log's first bundle of entries."""
    folder = f"{home}/logs/{log_name}/tile/entries"
    for path, _, names in os.walk(folder):
        for name in names:
            flip(os.path.join(path, name), place)
            return
    raise Wrong(f"{folder} holds no bundle", "a log is kept in tiles")


@attack(
    "damaged-log",
    "nobody: a disk",
    "flips a bit of one member's log on the serving steward's disk, and the same on a"
    " partner's, where the log is in one of two datasets",
    "the other logs and the other dataset go on: all write and sync, `status` works, nobody's label is lost; `verify`"
    " names the damaged log, and the other dataset verifies",
)
def damaged_log(t):
    world = World(t.folder)
    home, log = world.honest(), world.log_of(world.hostile())
    other = world.create("other")
    world.member("tier1.example", "annotator", other)
    cm("dataset", "join", other, home=home)
    for number in range(3):
        t.send(log, label(f"img/e{number}"))
    world.annotate(home, "img/1")
    world.sync(home)
    for node in (world.oem, home):
        damage(node, log.name)
    must = "other logs and datasets go on"
    for name, node in (("oem", world.oem), ("tier1", home)):
        t.works(world.annotate(node, f"img/{name}", check=False), f"{name} in the same dataset", must)
        t.works(world.annotate(node, f"img/{name}", check=False, dataset=other), f"{name} in the other dataset", must)
    synced = world.sync(home, check=False)
    t.note(f"sync ends with {synced.status}: {one_line(synced.text, 100)}")
    for name, node in (("oem", world.oem), ("tier1", home)):
        t.works(cm("status", home=node, check=False), name, "`status` works")
        t.works(cm("verify", other, home=node, check=False), f"{name}, the other dataset", "`verify` holds there")
        result = cm("verify", home=node, check=False)
        t.check(
            result.status > 0 and "evil.example" in result.text,
            f"{name}: {result.said()}",
            "`verify` ends with an error that names the damaged log",
        )
        have = world.labels(node, other)
        t.check(set(have) == {STEWARD, "tier1.example"}, f"{name} has {have} in the other dataset", "both labels")
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {STEWARD: 1, "tier1.example": 2}, homes, "after the damage")
    t.alive(world, "the damage")


@attack(
    "damaged-dataset",
    "nobody: a disk",
    "makes the steward's own log of one of two datasets unreadable, by a bit in it and by"
    " a checkpoint that is cut short, while the node serves",
    "the other dataset goes on: all write in it and sync, `status` of it works, `verify` names the damaged log",
)
def damaged_dataset(t):
    world = World(t.folder)
    home, other = world.honest(), world.create("other")
    world.member("tier1.example", "annotator", other)
    cm("dataset", "join", other, home=home)
    world.annotate(home, "img/1")
    world.sync(home)
    damage(world.oem, f"{STEWARD}/{world.dataset}")
    with open(f"{world.oem}/logs/tier1.example/{world.dataset}/checkpoint", "r+b") as file:
        file.truncate(30)
    must = "the other dataset goes on"
    for turn in range(2):
        t.works(world.annotate(world.oem, f"img/o{turn}", check=False, dataset=other), "the steward", must)
        t.works(world.annotate(home, f"img/t{turn}", check=False, dataset=other), "a partner", must)
        world.sync(home, check=False)
    for name, node in (("oem", world.oem), ("tier1", home)):
        have = {origin: len(items) for origin, items in world.labels(node, other).items()}
        t.check(
            have == {STEWARD: 2, "tier1.example": 2}, f"{name} has {have} in the other dataset", "all four labels"
        )
        t.works(cm("status", other, home=node, check=False), name, "`status` of the other dataset works")
    result = cm("verify", home=world.oem, check=False)
    t.check(
        result.status > 0 and world.dataset in result.text, f"`verify`: {result.said()}", "it names the damaged log"
    )
    t.check(
        world.digest(home, other) == other_digest(world, other),
        "the digests of the other dataset differ",
        "all honest nodes agree",
    )
    t.alive(world, "the damage")


def other_digest(world, dataset):
    """The digest of one dataset where `status` of all may not work."""
    return cm("status", dataset, "--json", home=world.oem).json["datasets"][0]["digest"]


@attack(
    "tampered-table",
    "whoever may write into a home",
    "changes a label's class and the stored sum in one node's `state.sqlite`; then that node syncs",
    "both nodes raise an alarm that names the dataset and the partner; `verify` finds it on the node that was"
    " changed; a rebuild gives the true digest, and the next sync has nothing to report",
)
def tampered_table(t):
    world = World(t.folder)
    home = world.honest()
    # The table has rows of labels that were changed since they were added.
    for number in range(3):
        label = world.annotate(home, f"img/{number}", "spur").json["id"]
        cm("set", label, "class=short" if number else "class=open", home=home)
    world.sync(home, rounds=2)
    homes = {"oem": world.oem, "tier1": home}
    true = t.same(world, homes, "before")["oem"]
    table = sqlite3.connect(home + "/state.sqlite")
    with table:
        classes = [row[0] for row in table.execute("SELECT DISTINCT class FROM touched")]
        table.execute("UPDATE touched SET class = ? WHERE class = ?", classes)
        (total,) = table.execute("SELECT sum FROM dataset").fetchone()
        table.execute("UPDATE dataset SET sum = ?", [bytes([total[0] ^ 1]) + total[1:]])
    table.close()
    synced = world.sync(home, check=False)
    t.note(f"sync ends with {synced.status}: {one_line(synced.text, 160)}")
    for name, node, partner in (("oem", world.oem, "tier1.example"), ("tier1", home, STEWARD)):
        alarms = json.dumps(cm("status", "--json", home=node).json["alarms"]).replace("\\/", "/")
        t.check(
            world.dataset in alarms and partner in alarms,
            f"at {name} the alarms are {one_line(alarms)}",
            "a difference at equal heads is an alarm on both sides, which names the dataset and the partner",
        )
    result = cm("verify", home=home, check=False)
    t.check(result.status > 0, "`verify` holds on the node whose table was changed", "it finds the difference")
    t.works(cm("rebuild", home=home, check=False), "the node whose table was changed", "`rebuild` works")
    t.check(world.digest(home) == true, "a rebuild gives another digest than before", "the logs decide")
    t.works(world.sync(home, check=False), "the sync after the rebuild", "it has nothing to report")
    t.agree(world, homes)


@attack(
    "false-digests",
    "reader",
    "says with each of 30 calls that it has made another label set of the same entries; then sends lists of odd"
    " forms: no JSON, 5,000 digests, 3 MiB, datasets that it is no member of, names with escape sequences",
    "no answer is a 5xx; alarms name the liar and nobody else, and are few; an honest partner's sync ends with status"
    " 0, and its own node has no alarm; `status` shows nothing raw",
)
def false_digests(t):
    world = World(t.folder)
    home, evil = world.honest(), world.hostile("evil.example", "reader")
    other = world.create("other")
    world.annotate(home, "img/1")
    world.sync(home)
    logs = sorted(world.status(world.oem)["logs"], key=lambda log: log["origin"])
    text = f"countermark/mark/v1\n{world.dataset}\n"
    text += "".join(f"{log['origin']} {log['applied']}\n" for log in logs if log["applied"])
    mark = sha256(text.encode()).hex()

    def say(*digests, body=None):
        body = json.dumps({"digests": list(digests)}).encode() if body is None else body
        status, answer = evil.call(world.port, "POST", "/v1/digests", body)
        t.check(status < 500, f"a list of digests was answered with {status} {one_line(answer)}", "200 or a 4xx")
        return status, answer

    for number in range(30):
        status, answer = say({"dataset": world.dataset, "mark": mark, "digest": os.urandom(32).hex()})
    t.need(status == 200, f"a false digest: {status} {one_line(answer)}", "a member may say what it has")
    t.note(f"answered with {one_line(answer, 100)}")
    lie = {"dataset": world.dataset, "mark": mark, "digest": "00"}
    say(*[lie] * 5000)
    say(body=b"x" * (3 << 20))
    for body in (b"", b"{", b"[]", b'{"digests":1}', b'{"digests":[{"dataset":1}]}', b"\0" * 100):
        say(body=body)
    say({"dataset": other, "mark": mark, "digest": "00"}, {"dataset": "\x1b[2J/x", "mark": "\x1b", "digest": "\x07"})
    t.works(world.sync(home, check=False), "an honest partner", "its sync is not concerned")
    alarms = cm("status", "--json", home=world.oem).json["alarms"]
    t.check(len(alarms) <= 2, f"there are {len(alarms)} alarms", "one for a dataset and a partner")
    wrong = [alarm for alarm in alarms if alarm.get("org") != "evil.example"]
    t.check(not wrong, f"alarms name others: {one_line(wrong)}", "they name who said so")
    theirs = cm("status", "--json", home=home).json["alarms"]
    t.check(not theirs, f"the honest partner's alarms: {one_line(theirs)}", "none")
    shown = on_terminal("status", home=world.oem)
    t.check(b"\x1b[2J" not in shown and b"\x07" not in shown, "`status` prints what the liar sent raw", "inert text")
    t.alive(world, "the digests")
