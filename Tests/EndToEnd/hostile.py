#!/usr/bin/env python3
"""Lets a node dial a partner that answers what no partner may, and checks what it takes, keeps and says.

Each answer must end the sync in bounded time, memory and disk with an error that names the partner or the log; what other
logs and other partners bring is taken all the same. A node that serves must live on, too.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

from raw import (
    DATASET, EVIL, HANG, OEM, TIER, HostileServer, add, bundle, check, companies, finish, free_port, log_folder, memory, wait_for)

MIB = 1 << 20


def disk(path):
    return sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(path) for name in names)


def offer(company, size=None, note=None, origin=None, **more):
    note = note or (log_folder(company, company.origin) / "checkpoint").read_text()
    name = f"{company.origin}/{DATASET}" if origin is None else origin
    return {"origin": name, "size": int(note.split("\n")[1]) if size is None else size, "checkpoint": note, **more}


def document(*logs, **more):
    return json.dumps({"logs": list(logs), **more}).encode()


def forever(handler, piece, headers=b""):
    """A body without end, in chunks."""
    handler.raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" + headers + b"\r\n")
    for _ in range(4000):
        handler.raw(b"%x\r\n%s\r\n" % (len(piece), piece))


def honest_answers(server, evil, has_logs=True):
    """What the server answers where a case says nothing else."""
    server.answers.clear()
    server.answers["/v1/"] = lambda h: h.whole(b"{}")
    server.answers["/v1/evidence"] = lambda h: h.whole(b'{"evidence":[]}')
    server.answers["/v1/logs"] = lambda h: h.whole(document(offer(evil)) if has_logs else document())
    server.answers["/logs/"] = lambda h: h.whole(bundle(evil))


def cases(evil):
    """What the server answers: name, path, answer."""
    big = b"\0" * MIB
    note = (log_folder(evil, EVIL) / "checkpoint").read_text()
    size = int(note.split("\n")[1])

    def larger(number):
        return note.replace(f"\n{size}\n", f"\n{number}\n", 1)

    for name, path, answer in (
        ("logs without end", "/v1/logs", lambda h: forever(h, big)),
        ("logs of 8 EB", "/v1/logs", lambda h: h.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n{")),
        ("a negative length", "/v1/logs", lambda h: h.raw(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}")),
        ("a length beyond 64 bits", "/v1/logs", lambda h: h.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\n{}")),
        ("nested JSON", "/v1/logs", lambda h: h.whole(b'{"logs":' + b"[" * 100_000)),
        ("a redirect", "/v1/logs", lambda h: h.whole(b"", 302, [("location", f"https://127.0.0.1:{free_port()}/v1/logs")])),
        ("a permanent redirect", "/v1/logs", lambda h: h.whole(b"", 308, [("location", "/v1/evidence")])),
        ("a head without end", "/v1/logs", lambda h: [h.raw(b"HTTP/1.1 200 OK\r\nx: ")] + [h.raw(b"y" * MIB) for _ in range(200)]),
        ("a status that is none", "/v1/logs", lambda h: h.raw(b"HTTP/1.1 99999 OK\r\n\r\n")),
        ("20,000 logs", "/v1/logs", lambda h: h.whole(document(*[offer(evil, origin=f"e{i}.example/{DATASET}") for i in range(20_000)]))),
        ("evidence without end", "/v1/evidence", lambda h: forever(h, big)),
        ("a tile without end", "/logs/", lambda h: forever(h, big)),
        ("a tile of 16,777,473 bytes for one entry", "/logs/", lambda h: h.whole(b"\0" * 16_777_473)),
        ("a tile that is cut", "/logs/", lambda h: h.whole(bundle(evil)[:-1])),
        ("a tile with one entry more", "/logs/", lambda h: h.whole(bundle(evil) + b"\0\1x")),
        ("an empty tile", "/logs/", lambda h: h.whole(b"")),
        ("a tile that is not there", "/logs/", lambda h: h.whole(b"", 404)),
        ("an altered tile", "/logs/", lambda h: h.whole(bytes(b ^ (i == 300) for i, b in enumerate(bundle(evil))))),
    ):
        yield name, {path: answer}
    for number in (-1, 1 << 36, (1 << 36) + 1, 1 << 63, (1 << 64) - 1, 1 << 64, 10 ** 400, 1.5, "7", True, None):
        logs = json.dumps({"logs": [{**offer(evil, 0, larger(number)), "size": number}]}).encode()
        yield f"a log of {str(number)[:24]} entries", {"/v1/logs": lambda h, logs=logs: h.whole(logs)}
    for origin in ("", "x", "../../../etc/passwd", "a/b/c/d", f"{EVIL}/{DATASET}/../x", "é" * 1000, f"{EVIL}/{DATASET}\0"):
        yield f"a log called {origin[:20]!r}", {
            "/v1/logs": lambda h, origin=origin: h.whole(document(offer(evil, origin=origin)))}
    yield "a checkpoint that nobody signed", {
        "/v1/logs": lambda h: h.whole(document(offer(evil, note=note[:-20] + "A" * 19 + "\n")))}
    for retry in ("-5", "99999999999999999999", "soon", "0"):
        yield f"429 with Retry-After {retry[:8]}", {
            "/v1/evidence": lambda h, retry=retry: h.whole(b"", 429, [("retry-after", retry)])}


def dialled(oem, evil, server):
    """Each answer in turn, to `sync`."""
    home = oem.home
    for name, answers in cases(evil):
        honest_answers(server, evil, "/v1/evidence" not in answers)
        server.answers.update(answers)
        before = disk(home)
        process = subprocess.Popen(
            [oem.program, "sync", "--home", str(home), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=HANG)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            check(False, f"{name}: the sync does not end")
            continue
        grown = (disk(home) - before) / MIB
        said = " ".join((out + err).split())
        held = log_folder(oem, EVIL).exists()
        check(
            process.returncode in (1, 4) and EVIL in said and grown < 20 and not held,
            f"{name}: status {process.returncode}, {grown:.1f} MiB kept{', entries taken' if held else ''}: "
            + said[said.find('"error"'):][:200])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    check(peak < 400, f"no command took more than {peak:.0f} MiB of memory")


def others(oem, evil, tier, server):
    """One bad log keeps no other back, and no other partner."""
    honest_answers(server, evil)
    server.answers["/v1/logs"] = lambda h: h.whole(document(
        offer(evil, origin="x"), offer(evil), offer(tier)))
    server.answers[f"/logs/{EVIL}"] = lambda h: h.whole(b"\0\1x" * 9)
    server.answers[f"/logs/{TIER}"] = lambda h: h.whole(bundle(tier))
    done = oem.attempt("sync")
    check(done.returncode == 4, f"a good log behind two bad ones: status {done.returncode}")
    taken = log_folder(oem, TIER).exists()
    check(taken, "the good one is taken")


def followed(oem, evil, tier, server, port, folder):
    """A node that serves and follows the partner."""
    held = int((log_folder(tier, TIER) / "checkpoint").read_text().split("\n")[1])
    calls = [0]

    def watch(answer):
        def first(handler):
            calls[0] += 1
            answer(handler)
        return first

    def lines(handler, *pieces):
        handler.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n")
        for piece in pieces:
            handler.raw(piece)
        handler.close_connection = True

    good = json.dumps(offer(evil)).encode() + b"\n"
    bad = [
        ("a line without end", lambda h: lines(h, *[b"x" * MIB] * 50)),
        ("a million empty lines", lambda h: lines(h, *[b"\n" * 100_000] * 10)),
        ("lines that are nothing", lambda h: lines(h, *[b'{"origin":7}\n', b"\0\n", b"[]\n", b'{"size":1e99}\n'] * 500)),
        ("lines of 60 KiB, faster than they are taken", lambda h: lines(h, *[
            json.dumps({**offer(evil), "from": 0, "entries": "A" * 60_000}).encode() + b"\n"] * 400)),
        ("entries that are none", lambda h: lines(h, json.dumps({**offer(evil), "from": 0, "entries": "AAF4"}).encode() + b"\n")),
        ("sizes beyond all", lambda h: lines(h, *[
            good.replace(b'"size": ', b'"size": 99999'), good.replace(b'"size": ', b'"size": -'), good])),
    ]
    honest_answers(server, evil)
    server.answers[f"/logs/{EVIL}"] = lambda h: h.whole(b"\0\1x" * 9)
    oem.serve(port, folder / "follow.log")
    try:
        before = memory(oem.node)
        for number, (name, answer) in enumerate(bad):
            server.answers["/v1/watch"] = watch(answer)
            since = calls[0]
            wait_for(lambda: calls[0] >= since + 2 or oem.node.poll() is not None, f"{name}: the node comes back after its end")
            check(oem.node.poll() is None, f"{name}: the node lives")
            tier.run("annotate", DATASET, f"follow-{number}.png", "--class", "spur", "--box", "1,2,3,4")
            tier.run("sync")
        grown = memory(oem.node) - before
        check(grown < 150, f"the node's memory grew by {grown} MiB")
        status = oem.run("status", DATASET)
        logs = {log["origin"]: log for log in status["datasets"][0]["logs"]}
        check(logs[TIER]["size"] == held + len(bad), "what another member brought meanwhile is here")
        check(EVIL not in logs or not logs[EVIL]["size"], "nothing of the hostile one's is")
        # Served what it has to be, the same log is taken without a restart.
        honest_answers(server, evil)
        server.answers["/v1/watch"] = lambda h: (lines(h, good), time.sleep(5))
        wait_for(lambda: log_folder(oem, EVIL).exists(), "a log that failed is tried again")
    finally:
        oem.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        port = free_port()
        oem, tier, evil = companies(program, folder, port, TIER, EVIL)
        oem.serve(port, folder / "oem.log")
        for member in (tier, evil):
            member.run("dataset", "join", DATASET)
        oem.stop()
        for member in (tier, evil):
            member.run("annotate", DATASET, "b.png", "--class", "spur", "--box", "1,2,3,4")
        server = HostileServer(evil, oem)
        try:
            add(oem, evil, folder, "--url", f"https://127.0.0.1:{server.port}")
            dialled(oem, evil, server)
            others(oem, evil, tier, server)
            followed(oem, evil, tier, server, port, folder)
            check(oem.run("verify", DATASET)["ok"], "and the home is whole")
        finally:
            server.stop()
    finish()


if __name__ == "__main__":
    main()
