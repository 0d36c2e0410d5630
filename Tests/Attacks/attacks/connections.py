"""Connections, bodies and requests that do not end, or are none."""

import http.client
import os
import re
import threading
import time

from harness import attack
from toolkit import *

MIB = 1 << 20


def answered(t, world, company, when):
    """Another member is answered within 10 s."""
    limit, begun = patience(10), time.monotonic()
    status, body = company.call(world.port, "GET", "/v1/logs", timeout=limit)
    seconds = time.monotonic() - begun
    t.check(
        status == 200,
        f"{when}, another member's GET /v1/logs: {status} {one_line(body, 80)} after {seconds:.1f} s",
        f"it is answered within {limit:.0f} s",
    )


# MARK: Bodies


@attack(
    "bodies",
    "reader",
    "opens 14 pushes at once and sends 31 MiB of a part of 32 MiB in each, then falls silent",
    "the node's memory grows by at most 160 MiB, and another member is answered meanwhile",
)
def bodies(t):
    world = World(t.folder)
    evil, calm = world.hostile("evil.example", "reader"), world.hostile("calm.example", "reader")
    part, before = bytes(MIB), world.server.memory()
    stop, sent = time.monotonic() + patience(12), []

    def one_body():
        try:
            connection = evil.connect(world.port, 6)
            connection.putrequest("POST", f"/v1/logs/evil.example/{world.dataset}/entries?from=0&at=0&more=1")
            connection.putheader("Content-Length", str(32 * MIB))
            connection.endheaders()
            for _ in range(31):
                if time.monotonic() < stop:
                    connection.send(part)
            sent.append(1)
        except (OSError, http.client.HTTPException):
            pass

    threads = [threading.Thread(target=one_body, daemon=True) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience(20))
    time.sleep(0.5)
    if t.alive(world, "unfinished bodies"):
        peak = world.server.peak() - before
        t.note(
            f"{len(sent)} of 14 bodies went out, memory +{world.server.memory() - before:.0f} MiB, peak"
            f" +{peak:.0f} MiB"
        )
        t.check(
            peak <= 160,
            f"{len(sent)} unfinished bodies of one member grew the node's memory by {peak:.0f} MiB",
            "at most 160 MiB",
        )
        answered(t, world, calm, "during the unfinished bodies")


@attack(
    "spool",
    "reader",
    "sends parts of a push that never ends and does not begin with a checkpoint: 96 MiB for its"
    " own log, 96 MiB for the receiver's own log, which nobody may push",
    "the home keeps at most 72 MiB of it, and a plain push of another member is taken",
)
def spool(t):
    world = World(t.folder)
    evil, calm = world.hostile("evil.example", "reader"), world.hostile("calm.example")
    before, part = disk(world.oem), bytes(32 * MIB)
    size = world.size(world.oem, STEWARD)
    for log, begin in ((f"evil.example/{world.dataset}", 0), (f"{STEWARD}/{world.dataset}", size)):
        for number in range(3):
            path = f"/v1/logs/{log}/entries?from={begin}&at={number * len(part)}&more=1"
            status, body = evil.call(world.port, "POST", path, part)
            if status != 202:
                break
        t.note(f"{log}: {status} {one_line(body, 100)}")
    time.sleep(1)
    kept = (disk(world.oem) - before) / MIB
    t.alive(world, "endless pushes")
    t.note(f"{kept:.0f} MiB kept")
    t.check(
        kept <= 72,
        f"the home keeps {kept:.0f} MiB of pushes that begin with no checkpoint",
        "at most 72 MiB: what cannot become an entry is not kept",
    )
    log = world.log_of(calm)
    t.check(log.send(label("img/1")), f"another member's push was answered with {log.said()}", "it is taken")


@attack(
    "signed-spool",
    "reader",
    "begins pushes with a true checkpoint of its own key that claims 2^36 entries, and"
    " sends 96 MiB of parts that are no entries of it; then the same under a checkpoint of the size 1",
    "the home keeps at most 72 MiB of it, nothing is stored, and a plain push of another member is taken",
)
def signed_spool(t):
    world = World(t.folder)
    evil, calm = world.hostile("evil.example", "reader"), world.hostile("calm.example")
    log = world.log_of(evil)
    log.append(comment())
    before = disk(world.oem)
    for size in (1 << 36, 1):
        note = log.checkpoint(size, os.urandom(32))
        first = len(note).to_bytes(4, "big") + note + bytes(32 * MIB - 4 - len(note))
        for number in range(3):
            path = f"/v1/logs/{log.name}/entries?from=0&at={number * 32 * MIB}&more=1"
            status, body = evil.call(world.port, "POST", path, first if number == 0 else bytes(32 * MIB))
            if status != 202:
                break
        t.note(f"a checkpoint of {size}: {status} {one_line(body, 100)}")
    time.sleep(1)
    kept = (disk(world.oem) - before) / MIB
    t.alive(world, "endless pushes")
    t.check(kept <= 72, f"the home keeps {kept:.0f} MiB", "at most 72 MiB: parts are checked as they come")
    t.check(world.size(world.oem, "evil.example") == 0, "entries are stored", "nothing was pushed whole")
    other = world.log_of(calm)
    t.check(other.send(label("img/1")), f"another member's push was answered with {other.said()}", "it is taken")


@attack(
    "slow-headers",
    "reader",
    "opens 150 connections, sends a header byte on each now and then, and never ends one",
    "another member is answered meanwhile, and an honest sync works",
)
def slow_headers(t):
    world = World(t.folder)
    home = world.honest()
    evil, calm = world.hostile("evil.example", "reader"), world.hostile("calm.example", "reader")
    opened = []
    for _ in range(150):
        try:
            connection = evil.socket(world.port, 2)
            connection.sendall(b"GET /v1/logs HTTP/1.1\r\nx-slow: ")
            opened.append(connection)
        except OSError:
            break
    t.note(f"{len(opened)} connections are open")
    for connection in opened:
        try:
            connection.sendall(b"x")
        except OSError:
            pass
    answered(t, world, calm, "during the slow headers")
    world.annotate(home, "img/1")
    t.works(world.sync(home, check=False), "an honest partner during the slow headers", "it syncs")
    t.counted(world, {"tier1.example": 1}, {"oem": world.oem}, "during the slow headers")
    t.alive(world, "slow headers")


@attack(
    "watchers",
    "reader",
    "opens 300 watches and reads none of them",
    "another member's watch brings what is written, and the node's memory grows by at most 160 MiB",
)
def watchers(t):
    world = World(t.folder)
    evil, calm = world.hostile("evil.example", "reader"), world.hostile("calm.example", "reader")
    before, opened = world.server.memory(), 0
    for _ in range(300):
        try:
            evil.socket(world.port, 2).sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
            opened += 1
        except OSError:
            break
    watch = calm.socket(world.port, patience(10))
    watch.sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
    time.sleep(0.5)
    size = world.size(world.oem, STEWARD)
    world.annotate(world.oem, "img/watched")
    seen, end = b"", time.monotonic() + patience(10)
    wanted = re.compile(rb'"size" ?: ?%d\b' % (size + 1))
    try:
        while not wanted.search(seen) and time.monotonic() < end:
            piece = watch.recv(65536)
            if not piece:
                break
            seen += piece
    except OSError:
        pass
    t.check(
        wanted.search(seen), f"another member's watch has brought {one_line(seen, 120)}", "it brings what is written"
    )
    grown = world.server.peak() - before
    t.note(f"{opened} watches were opened, memory +{grown:.0f} MiB")
    t.check(grown <= 160, f"{opened} watches grew the node's memory by {grown:.0f} MiB", "at most 160 MiB")
    t.alive(world, "the watches")


# MARK: Requests


def ranges(t, path, shapes):
    world = World(t.folder)
    evil = world.hostile(role="reader")
    path = path.format(log=f"/logs/{STEWARD}/{world.dataset}", size=world.size(world.oem, STEWARD))
    plain = evil.call(world.port, "GET", path)[0]
    t.need(plain == 200, f"GET {path} without a Range: {plain}", "a reader is served")
    for shape in shapes:
        status, _ = evil.call(world.port, "GET", path, headers={"Range": shape}, timeout=10)
        if status == 0 and evil.call(world.port, "GET", "/healthz", timeout=10)[0] != 200:
            time.sleep(1)
            if t.alive(world, f"`Range: {shape}`"):
                t.check(False, f"the node does not answer after `Range: {shape}`", "it goes on serving")
            return
        t.check(
            status < 500,
            f"`Range: {shape}` was answered with {status}",
            "an odd Range is a bad request or is passed over",
        )
    t.check(
        evil.call(world.port, "GET", path)[0] == 200,
        "afterwards the same GET does not answer 200",
        "the node goes on serving",
    )


ODD_RANGES = [
    "bytes=0-",
    "bytes=10-",
    "bytes=99999-",
    "bytes=+5-",
    "bytes=0-0",
    "bytes=5-1",
    "bytes=0-4,6-8",
    "lines=0-",
    "bytes=",
    "bytes=-",
    "bytes=18446744073709551616-",
    "bytes=9223372036854775808-",
    "bytes=-5",
    "bytes=-0-",
    "bytes=-5-",
    "bytes=-1-",
    "bytes=--5-",
]


@attack(
    "range",
    "reader",
    "asks for its steward's checkpoint with `Range` headers of odd forms: negative, doubled,"
    " reversed, beyond 64 bits",
    "the process lives, no answer is a 5xx, and a plain GET is served afterwards",
)
def range_of_checkpoint(t):
    ranges(t, "{log}/checkpoint", ODD_RANGES)


@attack(
    "range-of-tiles",
    "reader",
    "asks for a bundle of entries, where ranges are served, with the headers of `range` and with the largest numbers",
    "the process lives, no answer is a 5xx, and a plain GET is served afterwards",
)
def range_of_tiles(t):
    largest = [f"bytes={number}-" for number in (2**31, 2**63 - 1, 2**64 - 1, "٣", "0x10", "1e3", " 5", "5 ")]
    ranges(t, "{log}/tile/entries/000.p/{size}", ODD_RANGES + [each.encode().decode("latin-1") for each in largest])


ODD_NUMBERS = [
    "-1",
    "+1",
    "1.0",
    "0x1",
    "1e3",
    "",
    "%20",
    "00",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "%D9%A3",
    "1%00",
    "NaN",
]


@attack(
    "numbers",
    "reader",
    "writes odd numbers wherever a request has one: sizes of tiles and widths, from, at, more,"
    " content-length, chunk sizes, the old size of add-checkpoint",
    "the process lives, no answer is a 5xx, and the same member is served afterwards",
)
def numbers(t):
    world = World(t.folder)
    evil = world.hostile(role="reader")
    log, own = f"/logs/{STEWARD}/{world.dataset}", f"/v1/logs/evil.example/{world.dataset}/entries"
    bad = []

    def note(what, status):
        if status >= 500:
            bad.append(f"{what}: {status}")

    connection = evil.connect(world.port, 10)
    for number in ODD_NUMBERS:
        for method, path in (
            ("GET", f"{log}/tile/entries/{number}"),
            ("GET", f"{log}/tile/entries/000.p/{number}"),
            ("GET", f"{log}/tile/{number}/000"),
            ("GET", f"{log}/tile/0/x{number}/000"),
            ("POST", f"{own}?from={number}"),
            ("POST", f"{own}?from=0&at={number}&more=1"),
            ("POST", f"{own}?from=0&at=0&more={number}"),
            ("POST", f"{own}?from={number}&from=0"),
        ):
            note(f"{method} {path}", ask(connection, method, path, b"x" if method == "POST" else None)[0])
        note(
            "add-checkpoint", ask(connection, "POST", "/v1/add-checkpoint", f"old {number}\n\nx\n1\nx\n".encode())[0]
        )
    for number in ["-1", "+5", "5, 6", "18446744073709551616", "99999999999999999999", "0x5"]:
        raw_requests(evil, world.port, f"content-length: {number}\r\n\r\nhello", own, note)
    for size in ["-1", "ffffffffffffffff", "10000000000000000", "+5", "5;x=" + "y" * 70000]:
        raw_requests(evil, world.port, f"transfer-encoding: chunked\r\n\r\n{size}\r\nhello", own, note)
    t.check(not bad, f"{len(bad)} requests were answered with a 5xx: {bad[:4]}", "an odd number is a bad request")
    t.alive(world, "odd numbers")
    answered(t, world, evil, "afterwards")


def raw_requests(company, port, rest, path, note):
    """One request whose headers no library would write."""
    try:
        connection = company.socket(port, 2)
        connection.sendall(f"POST {path}?from=0 HTTP/1.1\r\nhost: x\r\n{rest}".encode())
        line = connection.recv(100).split(b" ")
        note(rest[:40], int(line[1]) if len(line) > 1 else 0)
        connection.close()
    except (OSError, ValueError):
        pass
