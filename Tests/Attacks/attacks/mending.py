"""What a member brings, or asks, where a node waits for somebody who mends a damaged log."""

import base64
import json
import os

from harness import attack
from stories import cost
from toolkit import *

ENTRIES = 30


def waiting(t):
    """A world in which the steward's copy of an honest log is damaged in one bundle and waits for it.

    Returns the world, the honest home, the log's name, the bundle's file, its good and its damaged bytes.
    """
    world = World(t.folder)
    home = world.honest()
    for number in range(ENTRIES):
        world.annotate(home, f"img/{number}")
    world.sync(home)
    name = f"tier1.example/{world.dataset}"
    folder = os.path.join(world.oem, "logs", name, "tile/entries/000.p")
    path = os.path.join(folder, os.listdir(folder)[0])
    return world, home, name, path, *damage(t, world, name, path)


def damage(t, world, name, path):
    """Flips a bit in a bundle, and lets the node wait for who mends it; the good bytes and the damaged ones."""
    with open(path, "rb") as file:
        good = file.read()
    damaged = bytearray(good)
    damaged[len(damaged) // 2] ^= 1
    with open(path, "r+b") as file:
        file.write(damaged)
    said = cm("repair", home=world.oem, check=False)
    t.need(said.status != 0 and name in said.text, f"repair said {said.said()}",
           "what nobody who was asked has is waited for")
    return good, bytes(damaged)


def call(log, world, document, path="/v1/mend"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return log.company.call(world.port, "POST", path, body, {"Content-Type": "application/json"})


def tile(path):
    """The name of a bundle's file among the log's tiles."""
    return path[path.index("tile/entries/"):]


def brought(name, data, path):
    return {"origin": name, "tiles": [{"path": path, "bytes": base64.b64encode(data).decode()}]}


def wanted(log, world):
    """The paths that the node tells a member it wants, by log."""
    status, body = call(log, world, {"logs": []}, "/v1/held")
    return {part["origin"]: part.get("tiles") for part in json.loads(body).get("wanted", [])} if status == 200 else {}


@attack(
    "false-bundles",
    "annotator",
    "brings, for a damaged bundle that the steward waits for, other bytes: the damaged ones, a bundle with one entry"
    " changed, a cut one, one of its own log, paths that lead elsewhere",
    "nothing of it is put in the bundle's place, the node says what it still wants, and an honest member's next sync"
    " makes the log whole; equal digests",
)
def false_bundles(t):
    world, home, name, path, good, damaged = waiting(t)
    log = world.log_of(world.hostile())
    t.send(log, label("img/evil"))
    t.need(wanted(log, world).get(name) == [tile(path)], f"the node wants {wanted(log, world)}",
           "a member who may read the log is told what is missing")
    changed = bytearray(good)
    changed[-1] ^= 1
    for what, document in {
        "the damaged bytes": brought(name, damaged, tile(path)),
        "one byte changed": brought(name, bytes(changed), tile(path)),
        "a cut bundle": brought(name, good[:-40], tile(path)),
        "nothing": brought(name, b"", tile(path)),
        "another bundle": brought(name, bundle(log.entries), tile(path)),
        "a bundle for another place": brought(name, good, "tile/entries/001"),
        "a path upwards": brought(name, good, "tile/entries/../../checkpoint"),
        "an absolute path": brought(name, good, "/etc/passwd"),
        "a hash tile": brought(name, good, "tile/0/000"),
        "300 bundles": {"origin": name, "tiles": brought(name, b"x", tile(path))["tiles"] * 300},
        "no Base64": {"origin": name, "tiles": [{"path": tile(path), "bytes": "*"}]},
        "a checkpoint of its own": {"origin": name, "checkpoint": log.checkpoint().decode(), "tiles": []},
        "an unknown log": brought(f"nobody.example/{world.dataset}", good, tile(path)),
        "a log upwards": brought("../../trust", good, tile(path)),
        "no JSON": b"{",
    }.items():
        status, answer = call(log, world, document)
        t.check(status in (200, 400, 404, 413, 422), f"{what}: answered with {status} {one_line(answer)}",
                "a refusal, or what is still wanted")
        with open(path, "rb") as file:
            t.check(file.read() == damaged, f"{what} took the bundle's place", "only what the tree has does")
        t.alive(world, what)
    listed = os.listdir(os.path.dirname(path))
    t.check(len(listed) == 1, f"there are new files beside the bundle: {listed}", "there are none")
    world.sync(home)
    with open(path, "rb") as file:
        t.check(file.read() == good, "the bundle is still damaged", "the member that holds the log mends it")
    world.annotate(home, "img/last")
    world.sync(home)
    homes = {"oem": world.oem, "tier1": home}
    t.counted(world, {"tier1.example": ENTRIES + 1}, homes, "after the repair")
    t.agree(world, homes)


@attack(
    "useless-bundles",
    "annotator",
    "whose own log of 3,000 entries of 4 kB is damaged at the node asks 200 times what it lacks, and brings 200 times a bundle"
    " that is of no use",
    "to look at the log reads all of it: all together cost the node at most 40 looks, and twice plain requests",
)
def useless_bundles(t):
    world = World(t.folder)
    log = world.log_of(world.hostile())
    for number in range(3_000):
        log.append(comment(text=f"{number} " + "x" * 3_900))
    t.need(log.hand_over(), f"its entries were answered with {log.said()}", "an annotator may comment")
    path = os.path.join(world.oem, "logs", log.name, "tile/entries/000")
    _, damaged = damage(t, world, log.name, path)
    plain = cost(world, lambda: [log.company.call(world.port, "GET", "/v1/logs") for _ in range(400)], 0.5)

    def ask(times):
        for _ in range(times):
            call(log, world, {"logs": []}, "/v1/held")
            call(log, world, brought(log.name, damaged, tile(path)))

    look = cost(world, lambda: ask(1), 0.5)
    t.need(look > 4 * plain / 400, f"a look costs {look:.3f} CPU s, 400 plain requests {plain:.2f}",
           "a look costs more than a request, or there is nothing to attack")
    total = cost(world, lambda: ask(200), 0.5)
    t.note(f"a look {look:.2f}, 400 plain requests {plain:.2f}, 400 requests {total:.2f} CPU s")
    t.check(total <= 40 * look + 2 * plain,
            f"400 requests cost {total:.2f} CPU s; a look {look:.2f}, as many plain ones {plain:.2f}",
            "no more than 40 looks and twice plain requests")
    t.alive(world, "the requests")
