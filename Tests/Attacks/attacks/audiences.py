"""Logs that not everybody may read."""

from harness import attack
from toolkit import *


@attack(
    "narrowed",
    "nobody",
    "a member narrows its log's audience to the steward after another partner already holds the log; then all go on",
    "the partner's syncs end with status 0, it counts what the steward writes afterwards, and the steward counts what"
    " the partner writes",
)
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
    t.works(
        world.sync(first, rounds=2, check=False), "the other partner's sync", "narrowing hurts nobody's other logs"
    )
    world.annotate(world.oem, "img/o9")
    world.sync(first, check=False)
    t.counted(world, {STEWARD: 4, "tier1.example": 1}, {"oem": world.oem, "tier1": first}, "after the narrowing")
    t.counted(world, {"tier2.example": 2}, {"oem": world.oem, "tier2": second}, "after the narrowing")
    t.works(cm("verify", home=first, check=False), "the other partner", "`verify` holds")


@attack(
    "excluded",
    "reader",
    "asks for a log that has excluded it: the offer, the checkpoint, the entries up to the act"
    " that excludes it and beyond, and whether a push of it is answered",
    "it is served the log up to and including that act, under a checkpoint of just that size, and nothing beyond;"
    " when it may read again, it is served all",
)
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
    t.check(
        offered and offered["size"] == bound,
        f"it is offered {offered and offered['size']}",
        f"{bound} entries: up to the act",
    )
    found = reader.checkpoint(world.port, log.name)
    t.check(
        found and found.size == bound and found.root == log.roots[bound],
        f"it is served a checkpoint of {found and found.size}",
        f"one of {bound}, with the root at that size",
    )
    t.check(
        reader.entries(world.port, log.name, bound) == log.entries[:bound],
        "the entries up to the act are not served",
        "they are",
    )
    for size in (bound + 1, log.size):
        beyond = reader.entries(world.port, log.name, size)
        t.check(beyond is None, f"the excluded reads {size} entries", f"nothing beyond {bound}")
    for size in range(bound + 1, log.size + 1):
        path = f"/logs/{log.name}/tile/0/000.p/{size}"
        t.check(
            reader.call(world.port, "GET", path)[0] == 404,
            f"the excluded reads {size} hashes",
            f"nothing beyond {bound}",
        )
    t.send(log, Changeset().set_audience(), "the act that lets all read again")
    t.check(
        reader.entries(world.port, log.name, log.size) == log.entries,
        "the log is not served whole afterwards",
        "it is",
    )
    t.alive(world, "the excluded's requests")


@attack(
    "audience-flips",
    "annotator",
    "narrows and widens its log's audience 12 times, writes in between, and is cited by"
    " an honest reviewer that may read it; another honest partner may not",
    "the excluded partner's syncs end with status 0 and it counts what the steward and the reviewer write; once the"
    " audience is wide again all three have equal digests",
)
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
    t.check(
        "img/secret" not in world.labels(outside).get("evil.example", []),
        "the excluded counts what it may not read",
        "it has not got it",
    )
    t.send(log, Changeset().set_audience())
    world.sync(inside, outside, rounds=2)
    homes = {"oem": world.oem, "tier1": inside, "tier2": outside}
    t.counted(world, {STEWARD: 1, "tier1.example": 5, "evil.example": 14}, homes, "when all may read again")
    t.agree(world, homes)
