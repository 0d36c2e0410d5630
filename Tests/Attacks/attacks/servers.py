"""Hostile servers, which an honest node dials."""

import os
import time

from harness import attack
from toolkit import *

MIB = 1 << 20


def dial(world, company, answer):
    """Makes the steward dial a company whose server answers so."""
    dialled = Dialled(company, world.oem, answer)
    cm("partner", "remove", company.origin, home=world.oem)
    world.pin(company, "--url", dialled.url)
    return dialled


def watch_sync(t, world, seconds):
    """Starts a sync of the steward; (the process, the most bytes that its home grew by)."""
    before, most = disk(world.oem), 0
    process = start("sync", home=world.oem)
    end = time.monotonic() + patience(seconds)
    while time.monotonic() < end and process.poll() is None:
        most = max(most, disk(world.oem) - before)
        time.sleep(0.1)
    return process, most


def ends_with_an_error(t, process, must):
    if not t.check(process.poll() is not None, "the sync goes on without end", must):
        return
    text = process.stdout.read().decode(errors="replace")
    t.check(
        process.returncode not in (0, None) and process.returncode > 0,
        f"the sync ended with status {process.returncode}: {one_line(text)}",
        "a sync that was served nonsense ends with an error",
    )
    t.check("evil.example" in text, f"the sync says {one_line(text)}", "it names the partner or the log")


@attack(
    "huge-offer",
    "server",
    "a partner that is dialled offers a log of 2^40 entries under a checkpoint with an"
    " invented root, and tiles of 60 MiB that are no entries",
    "the sync ends with a status other than 0, keeps at most 40 MiB, takes nothing, and names the partner or the log",
)
def huge_offer(t):
    world = World(t.folder)
    evil = world.hostile()
    log = world.log_of(evil)
    log.append(label("img/x"))
    big, served = b"\0\1x" * (20 * MIB), [0]
    note = log.checkpoint(1 << 40, os.urandom(32))

    def answer(handler):
        if handler.path == "/v1/logs":
            return handler.out(offer(log.name, 1 << 40, note))
        if handler.path == "/v1/evidence":
            return handler.out(b'{"evidence":[]}')
        if "/tile/entries/" in handler.path:
            if served[0] >= 4:
                time.sleep(30)
                return None
            served[0] += 1
            return handler.out(big, "application/octet-stream")
        return handler.send_error(404)

    dial(world, evil, answer)
    process, most = watch_sync(t, world, 15)
    t.note(f"{served[0]} tiles of 60 MiB were fetched, at most {most / MIB:.0f} MiB kept, status {process.poll()}")
    t.check(
        most <= 40 * MIB,
        f"{served[0]} tiles of 60 MiB were fetched and {most / MIB:.0f} MiB kept before any signature was checked",
        "at most 40 MiB: a tile of entries has at most 16.8 MB",
    )
    ends_with_an_error(t, process, "it ends when the first tile is too long or holds no entry")
    held = world.size(world.oem, "evil.example")
    t.check(held == 0, f"the node took {held} entries", "nothing is taken")


@attack(
    "endless-tile",
    "server",
    "a partner that is dialled offers a log under its true key, whose bundles have the right"
    " form, but hold other entries than the root covers, and never end",
    "the sync ends with a status other than 0, keeps at most 40 MiB, takes nothing, and names the partner or the log",
)
def endless_tile(t):
    world = World(t.folder)
    evil = world.hostile(named=True)
    log = world.log_of(evil)
    log.append(label("img/x"))
    size, entry = 1 << 20, log.entries[0]
    note = log.checkpoint(size, os.urandom(32))
    tile, fetched = bundle([entry + bytes(60000)] * 256), [0]

    def answer(handler):
        if handler.path == "/v1/logs":
            return handler.out(offer(log.name, size, note))
        if handler.path.endswith("/checkpoint"):
            return handler.out(note, "text/plain")
        if handler.path == "/v1/evidence":
            return handler.out(b'{"evidence":[]}')
        if "/tile/entries/" in handler.path:
            if fetched[0] >= 10:  # enough to show it
                time.sleep(30)
                return None
            fetched[0] += 1
            return handler.out(tile, "application/octet-stream")
        return handler.send_error(404)

    dial(world, evil, answer)
    process, most = watch_sync(t, world, 20)
    t.note(f"{fetched[0]} bundles of 15 MiB were fetched, at most {most / MIB:.0f} MiB kept, status {process.poll()}")
    t.check(
        most <= 40 * MIB,
        f"{most / MIB:.0f} MiB are kept of {fetched[0]} bundles",
        "at most 40 MiB: pieces are verified as they come",
    )
    ends_with_an_error(t, process, "it ends with the first bundle: its entries do not verify")
    held = world.size(world.oem, "evil.example")
    t.check(held == 0, f"the node took {held} entries", "nothing is taken")


@attack(
    "stalled",
    "server",
    "a partner that is dialled accepts connections and answers a byte now and then",
    "the sync with the others is done all the same, it ends, and names the partner",
)
def stalled(t):
    world = World(t.folder)
    home, evil = world.honest(), world.hostile()
    server = Server(home, free_port())
    cm(
        "partner",
        "add",
        "tier1.example",
        "--root",
        world.root("tier1.example"),
        "--url",
        f"https://127.0.0.1:{server.port}",
        home=world.oem,
    )
    world.annotate(home, "img/1")

    def answer(handler):
        try:
            handler.send_response(200)
            handler.send_header("content-length", "1000000")
            handler.end_headers()
            for _ in range(600):
                handler.wfile.write(b" ")
                time.sleep(1)
        except OSError:
            pass

    dial(world, evil, answer)
    begun = time.monotonic()
    process, _ = watch_sync(t, world, 100)
    t.note(f"the sync took {time.monotonic() - begun:.1f} s, status {process.poll()}")
    ends_with_an_error(t, process, "a partner that stalls is given up")
    t.counted(world, {"tier1.example": 1}, {"oem": world.oem}, "after the sync")
    t.alive(world, "the stalled partner")
