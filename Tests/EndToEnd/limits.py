#!/usr/bin/env python3
"""Takes a serving node to each of its limits as one member, and checks that it says so and that others are served.

Then it takes trust back in every way while connections, watches and pushes are open. Nothing here measures time, but for
what would never end.
"""

import argparse
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

from raw import (
    DATASET, EVIL, HANG, OEM, TIER, add, answer, ask, check, companies, connect, finish, free_port, is_ended, log_folder,
    memory, once, push_body, wait_for)

MIB = 1 << 20


def parallel(*tasks):
    """Runs what takes its time side by side."""
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * HANG)


def slow(evil, tier, port):
    """Heads and bodies that hardly come, and bodies without an end."""
    own = f"/v1/logs/{EVIL}/{DATASET}/entries?from=0"
    body = push_body(evil)

    def drip(link, data):
        try:
            for byte in data:
                link.sendall(bytes([byte]))
                time.sleep(1)
        except OSError:
            pass

    def slow_head():
        with connect(evil, port) as link:
            threading.Thread(target=drip, args=(link, b"GET /v1/logs HTTP/1.1\r\nx: " + b"y" * HANG), daemon=True).start()
            check(is_ended(link), "a head that comes byte by byte ends its connection")

    def silent():
        with connect(evil, port) as link:
            check(is_ended(link), "a connection without a request is ended")

    def slow_body():
        with connect(evil, port) as link:
            link.sendall(f"POST {own} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n".encode())
            threading.Thread(target=drip, args=(link, body[:HANG]), daemon=True).start()
            status, document = answer(link)
            check(status == 408 and document["code"] == "slow-body", f"a body that comes byte by byte: {status} {document}")

    def stopped_body():
        with connect(evil, port) as link:
            link.sendall(f"POST {own}&more=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 30000000\r\n\r\n".encode() + body)
            status, document = answer(link)
            check(status == 408, f"a body that stops after its first entries: {status} {document}")

    def no_handshake():
        with socket.create_connection(("127.0.0.1", port), timeout=HANG) as link:
            check(is_ended(link), "a connection without a handshake is ended")

    def honest():
        for _ in range(20):
            tier.run("sync")
            time.sleep(0.5)
        check(True, "another member syncs meanwhile")

    parallel(slow_head, silent, slow_body, stopped_body, no_handshake, honest)


def endless(evil, port):
    """Bodies and heads that are too long."""
    def chunked(path, first):
        with connect(evil, port) as link:
            link.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode())
            sent = 0
            try:
                for data in [first] + [b"z" * 65536] * 1600:
                    link.sendall(b"%x\r\n%s\r\n" % (len(data), data))
                    sent += len(data)
            except OSError:
                pass
            return answer(link), sent

    own = f"/v1/logs/{EVIL}/{DATASET}/entries?from=0"
    (status, document), sent = chunked("/v1/evidence", b'{"evidence":["')
    check(status in (413, 0) and sent < 60 * MIB, f"evidence without end: {status} {document} after {sent // MIB} MiB")
    (status, document), sent = chunked(own, push_body(evil))
    check(status in (422, 0), f"a push that goes on behind its last entry: {status} {document}")
    for path, limit in (("/v1/join", 49_152), ("/v1/cosignatures", 65_536), (own, 32 * MIB)):
        with connect(evil, port) as link:
            link.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {33 * MIB}\r\n\r\n".encode())
            status, document = answer(link)
            check(status == 413 and document["code"] == "too-large", f"{path[:20]} with 33 MiB announced: {status} {document}")
    status, document = once(evil, port, "POST", "/v1/cosignatures", b"x" * 65_537)
    check(status == 413, f"cosignatures of 65,537 bytes: {status} {document}")
    for what, head in (
        ("a header of 17,000 bytes", "x: " + "y" * 17_000 + "\r\n"), ("101 headers", "x: y\r\n" * 101),
        ("a path of 17,000 bytes", None),
    ):
        path = "/" + "p" * 17_000 if head is None else "/healthz"
        status, _ = once(evil, port, "GET", path, headers=head or "")
        check(status == 400, f"{what}: {status}")
    status, _ = once(evil, port, "GET", "/healthz", headers="x: y\r\n" * 98)
    check(status == 200, f"99 headers: {status}")
    with connect(evil, port) as link:
        try:
            for _ in range(2000):
                link.sendall(b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 65536)
        except OSError:
            pass
        check(is_ended(link), "a header without end is ended")


def crowds(evil, tier, port):
    """Too many connections, watches, requests and pushes."""
    links, told = [], []
    for _ in range(60):
        try:
            links.append(connect(evil, port))
        except OSError:
            told.append((0, None))
    told += [ask(link, "GET", "/healthz") for link in links]
    served = [status for status, _ in told].count(200)
    busy = [document for status, document in told if status == 503]
    check(served == 32, f"of 60 connections of one member 32 are served: {served}")
    check(busy and all(d["code"] == "too-many-connections" for d in busy), f"further ones are told why: {busy[:1]}")
    check(0 in [status for status, _ in told], "and the rest are closed")
    tier.run("sync")
    check(True, "another member is served beside them")
    for link in links:
        link.close()
    wait_for(lambda: once(evil, port, "GET", "/healthz")[0] == 200, "when they are closed, the member is served again")

    links, told = [], []
    for _ in range(9):
        links.append(connect(evil, port))
        links[-1].sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
        told.append(int(links[-1].recv(12)[9:12]))
    check(told == [200] * 8 + [429], f"of nine watches of one member eight are served: {told}")
    for link in links:
        link.close()

    with connect(evil, port) as link:
        count = 3_000
        data = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" * count
        threading.Thread(target=lambda: link.sendall(data), daemon=True).start()
        told = [answer(link) for _ in range(count)]
        got = sum(status == 200 for status, _ in told)
        others = [(place, *one) for place, one in enumerate(told) if one[0] != 200]
        check(got == count, f"{count} requests one behind the other get {got} answers, in their time: {others[:3]}")


def pushes(oem, evil, port, folder):
    """A push is taken in parts, wherever they are cut; what is refused is not kept."""
    own = f"/v1/logs/{EVIL}/{DATASET}/entries?from=0"
    body = push_body(evil)
    incoming = oem.home / "incoming"
    kept = lambda: sum(path.stat().st_size for path in incoming.iterdir())
    status, document = once(evil, port, "POST", f"{own}&at=0&more=1", body[:100])
    check((status, document) == (202, {"size": 0, "received": 100}), f"a part that ends within the note: {status} {document}")
    status, document = once(evil, port, "POST", f"{own}&at=100&more=1", body[100:700])
    check(status == 202 and document["received"] == 700, f"the next part: {status} {document}")
    status, document = once(evil, port, "POST", f"{own}&at=701", body[701:])
    check(status == 409 and document["received"] == 700, f"a part that leaves a byte out: {status} {document}")
    broken = bytearray(body[700:])
    broken[len(broken) // 2] ^= 1
    status, document = once(evil, port, "POST", f"{own}&at=700", bytes(broken))
    check(status == 422 and str(folder) not in str(document), f"an altered part is refused: {status} {document}")
    check(kept() == 0, f"and nothing of it is kept: {kept()} bytes")
    status, document = once(evil, port, "POST", f"{own}&at=1400", body[1400:])
    check(status == 409 and document["received"] == 0, f"and it begins anew: {status} {document}")
    for number in ("-1", "+0", "00", "0x0", "", " 0", "18446744073709551616", "68719476737"):
        status, document = once(evil, port, "POST", f"/v1/logs/{EVIL}/{DATASET}/entries?from={number}", body)
        check(status in (400, 0), f"from={number!r}: {status}")
    two = [connect(evil, port) for _ in range(2)]
    head = f"POST {own} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    two[0].sendall(head + body[:500])
    time.sleep(1)
    two[1].sendall(head + body)
    status, document = answer(two[1])
    check(status == 200, f"a second request takes the place of a first that stopped: {status} {document}")
    two[0].sendall(body[500:])
    status, document = answer(two[0])
    check(status == 409, f"which is told so: {status} {document}")
    for link in two:
        link.close()
    check(kept() == 0, "nothing is left over")


def revoke(evil, folder):
    """A revocation list of the company's authority that names its node."""
    (folder / "index.txt").write_text("")
    (folder / "crlnumber").write_text("01\n")
    config = folder / "crl.cnf"
    config.write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index.txt\ncrlnumber={folder}/crlnumber\n"
        "default_md=sha256\ndefault_crl_days=30\nunique_subject=no\n")
    base = ["openssl", "ca", "-config", str(config), "-keyfile", str(evil.home / "keys/ca.key"),
            "-cert", str(evil.home / "trust/ca.pem"), "-batch"]
    for words in (["-revoke", str(evil.home / "trust/own.pem")], ["-gencrl", "-out", str(folder / "evil.crl")]):
        subprocess.run(base + words, check=True, capture_output=True)
    return str(folder / "evil.crl")


def trust(oem, evil, other, port, folder):
    """Whatever takes trust back ends what is open."""
    def remove():
        oem.run("partner", "remove", EVIL)

    def root():
        oem.run("partner", "add", EVIL, "--root", str(folder / f"{other.origin}.pem"))

    def crl():
        oem.run("partner", "crl", EVIL, revoke(evil, folder))

    number = 0
    for what, end in (("partner remove", remove), ("another root", root), ("a revocation list", crl)):
        add(oem, evil, folder)
        wait_for(lambda: once(evil, port, "GET", "/v1/logs")[0] == 200, f"before {what} the partner is served")
        with connect(evil, port) as link, connect(evil, port) as watch, connect(evil, port) as push:
            ask(link, "GET", "/healthz")
            watch.sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
            watch.recv(100)
            body = push_body(evil)
            push.sendall(f"POST /v1/logs/{EVIL}/{DATASET}/entries?from=0&at=0&more=1 HTTP/1.1\r\nhost: x\r\n"
                         f"content-length: {len(body)}\r\n\r\n".encode() + body[:-1])
            end()
            number += 1
            oem.run("annotate", "boards", f"secret-{number}.png", "--class", "spur", "--box", "1,2,3,4")
            status, document = ask(link, "GET", f"/logs/{OEM}/{DATASET}/checkpoint")
            check(status == 403 and document["code"] == "trust-ended", f"{what}: the next request is refused: {status} {document}")
            check(is_ended(link), f"{what}: and its connection is ended")
            data = b""
            try:
                while piece := watch.recv(65536):
                    data += piece
            except OSError:
                pass
            # The entry's text would stand in the line in Base64.
            check(b'"from"' not in data.split(b"\n", 1)[-1] or b"c2VjcmV0" not in data, f"{what}: the watch ends without what came after")
            push.sendall(body[-1:])
            status, _ = answer(push)
            check(status in (403, 408, 0), f"{what}: a push that was under way is not taken: {status}")
            status, _ = once(evil, port, "GET", "/healthz")
            check(status == 0, f"{what}: a new connection is refused")
        if end is crl:
            oem.run("partner", "crl", EVIL, "--remove")
    add(oem, evil, folder)
    wait_for(lambda: once(evil, port, "GET", "/v1/logs")[0] == 200, "trusted again, the partner is served")
    with connect(evil, port) as link, connect(evil, port) as watch:
        watch.sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
        watch.recv(100)
        oem.run("member", "cut", "boards", EVIL)
        oem.run("annotate", "boards", "secret-cut.png", "--class", "spur", "--box", "1,2,3,4")
        status, _ = ask(link, "GET", f"/logs/{OEM}/{DATASET}/checkpoint")
        check(status == 404, f"member cut: the steward's log is not there any more: {status}")
        status, document = ask(link, "GET", "/v1/logs")
        check(status == 200 and not document["logs"] and document["ended"], f"member cut: no log is told of: {document}")
        watch.settimeout(5)
        data = b""
        try:
            while piece := watch.recv(65536):
                data += piece
        except OSError:
            pass
        check(b"c2VjcmV0LWN1d" not in data and b"secret-cut" not in data, "member cut: the watch brings nothing that came after")


def isolation(oem, tier, evil, port):
    """A log that cannot be read keeps no other back."""
    note = log_folder(oem, TIER) / "checkpoint"
    kept = note.read_bytes()
    note.write_bytes(b"damaged\n")
    try:
        status, document = once(evil, port, "GET", "/v1/logs")
        logs = [log["origin"] for log in document["logs"]] if status == 200 else []
        check(logs and f"{TIER}/{DATASET}" not in logs, f"/v1/logs tells of the others: {status} {logs}")
        with connect(evil, port) as watch:
            watch.sendall(b"GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
            data = b""
            while b"}" not in data:
                data += watch.recv(65536) or b"}"
            check(OEM.encode() in data, "a watch tells of the others")
        status, document = once(evil, port, "GET", f"/logs/{TIER}/{DATASET}/checkpoint")
        check(status in (404, 500) and str(oem.home) not in str(document), f"the log itself: {status} {document}")
    finally:
        note.write_bytes(kept)


def files(program, oem, evil, tier, port, folder):
    """More connections than the system grants files."""
    small = folder / "small.sh"
    small.write_text(f'#!/bin/sh\nulimit -n 256\nexec "{program}" "$@"\n')
    small.chmod(0o755)
    oem.program = str(small)
    oem.serve(port, folder / "small.log")
    links = []
    try:
        for _ in range(400):
            try:
                links.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            except OSError:
                break
        check(oem.node.poll() is None, f"{len(links)} connections with 256 files: the node lives")
        tier.run("sync")
        check(True, "and another member syncs beside them")
    finally:
        for link in links:
            link.close()
        check(oem.node.poll() is None, "and lives on")
        oem.stop()
        oem.program = program


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        port = free_port()
        oem, tier, evil = companies(program, folder, port, TIER, EVIL)
        oem.serve(port, folder / "oem.log")
        try:
            for member in (tier, evil):
                member.run("dataset", "join", DATASET)
                member.run("annotate", DATASET, "b.png", "--class", "spur", "--box", "1,2,3,4")
            check(log_folder(evil, EVIL).exists(), "there is a log to push")
            before = memory(oem.node)
            slow(evil, tier, port)
            endless(evil, port)
            crowds(evil, tier, port)
            trust(oem, evil, tier, port, folder)
            oem.run("member", "set", "boards", EVIL, "--role", "annotator")
            pushes(oem, evil, port, folder)
            grown = memory(oem.node) - before
            check(grown < 150, f"the node's memory grew by {grown} MiB")
            check(oem.node.poll() is None, "the node serves on")
            isolation(oem, tier, evil, port)
            tier.run("sync")
        finally:
            oem.stop()
        files(program, oem, evil, tier, port, folder)
        check(oem.run("verify", DATASET)["ok"], "and its home is whole")
    finish()


if __name__ == "__main__":
    main()
