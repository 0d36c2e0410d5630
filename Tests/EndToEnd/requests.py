#!/usr/bin/env python3
"""Sends thousands of mutated requests to a serving node, as one of its members, and checks that none ends anything.

Each request is a real one of the protocol with one to four things changed: bytes, numbers, headers, lengths, order. The
process must live, no answer may be a 5xx, and every few hundred requests an honest member must be answered as
before. The seed is printed; the same seed sends the same requests.
"""

import argparse
import pathlib
import random
import socket
import ssl
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company, free_port  # noqa: E402
from patience import HANG_SECONDS, bound  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"

# What may stand where a number does.
NUMBERS = [
    "", "-", "+", "-0", "-1", "+1", "00", "01", "0x10", "1e9", "1.5", " 1", "1 ", "--5", "NaN", "%31", "٣",
    "255", "256", "257", "65535", "65536", "4294967295", "4294967296", "68719476736", "68719476737",
    "9007199254740993", "36028797018963967", "36028797018963968", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "9" * 40, "9" * 5000,
]
RANGES = [
    "bytes=0-", "bytes=-5", "bytes=-5-", "bytes=--5-", "bytes=5-1", "bytes=0-0,4-", "bytes=", "bytes=-", "lines=0-",
    "bytes=18446744073709551616-", "bytes=9223372036854775808-", "bytes=+1-", "bytes=1 -", "bytes=01-", "=", "-",
]
TILES = [
    "tile/entries/000", "tile/entries/000.p/1", "tile/entries/000.p/-1", "tile/entries/000.p/256", "tile/0/000.p/2",
    "tile/63/000", "tile/64/000", "tile/-1/000", "tile/8/000.p/1", "tile/entries/x009/x007/x199/x254/x740/x991/999",
    "tile/0/x036/x028/x797/x018/x963/967", "tile/entries/x999/x999/x999/x999/x999/x999/999", "tile/0/x000/x000/000",
    "tile/entries/%30%30%30", "tile/entries/../../checkpoint", "checkpoint/", "checkpoint", "tile/" + "x999/" * 400,
]
WORDS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI", "get", "G\0T", ""]


class Request:
    """One request in parts that can be changed."""

    def __init__(self, method, path, query=(), headers=(), body=b""):
        self.method, self.path, self.query = method, path, list(query)
        self.headers, self.body, self.version = [("host", OEM), *headers], body, "HTTP/1.1"
        self.length = None
        self.is_chunked = False

    def bytes(self):
        query = "&".join(f"{name}={value}" for name, value in self.query)
        headers = list(self.headers)
        body = self.body
        if self.is_chunked:
            headers.append(("transfer-encoding", "chunked"))
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif self.length is not None or body:
            headers.append(("content-length", str(len(body)) if self.length is None else self.length))
        target = self.path + ("?" + query if query else "")
        lines = [f"{self.method} {target} {self.version}"] + [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def templates(push, note):
    """The calls of the protocol, as a member makes them."""
    own = f"/v1/logs/{TIER}/{DATASET}/entries"
    logs = [f"/logs/{OEM}/{DATASET}", f"/logs/{TIER}/{DATASET}"]
    made = [
        lambda r: Request("GET", "/v1/logs"),
        lambda r: Request("GET", "/healthz"),
        lambda r: Request("GET", "/v1/evidence"),
        lambda r: Request("GET", f"{r.choice(logs)}/checkpoint"),
        lambda r: Request("GET", f"{r.choice(logs)}/{r.choice(TILES)}"),
        lambda r: Request("GET", f"{r.choice(logs)}/tile/entries/000.p/1",
                          headers=[("range", r.choice(RANGES))]),
        lambda r: Request("GET", f"{r.choice(logs)}/tile/{r.choice(NUMBERS)}/{r.choice(NUMBERS)}"),
        lambda r: Request("GET", f"/v1/witness/{r.randbytes(32).hex()}/checkpoint"),
        lambda r: Request("POST", own, [("from", "0"), ("at", "0"), ("more", "1")], body=push),
        lambda r: Request("POST", own, [("from", "0")], body=push[:r.randrange(len(push))]),
        lambda r: Request("POST", own, [("from", r.choice(NUMBERS)), ("at", r.choice(NUMBERS))], body=push[:64]),
        lambda r: Request("POST", f"/v1/logs/{OEM}/{DATASET}/entries", [("from", "1")], body=push[:400]),
        lambda r: Request("POST", "/v1/held", body=b'{"logs":[],"time":%d}' % r.choice([0, 1, 1 << 62])),
        lambda r: Request("POST", "/v1/mend",
                          body=b'{"origin":"%s","checkpoint":"x","tiles":[{"path":"%s","bytes":"AAAA"}]}' % (
                              f"{r.choice([OEM, TIER])}/{DATASET}".encode(), r.choice(TILES).encode())),
        lambda r: Request("POST", "/v1/evidence", body=b'{"evidence":["countermark/equivocation@v2\\n"]}'),
        lambda r: Request("POST", "/v1/add-checkpoint", body=b"old 0\n\n" + note),
        lambda r: Request("POST", "/v1/add-checkpoint",
                          body=f"old {r.choice(NUMBERS)}\n\n".encode() + note),
        lambda r: Request("POST", "/v1/cosignatures", body=note),
        lambda r: Request("POST", "/v1/join", body=b"-----BEGIN COUNTERMARK ANSWER-----\nAAAA\n"),
    ]
    return made


def mutate(request, r):
    """Changes one part."""
    def number():
        return r.choice(NUMBERS)

    def piece(text):
        text = list(text)
        for _ in range(r.randint(1, 3)):
            at = r.randrange(len(text) + 1)
            text[at:at + r.randint(0, 3)] = r.choice([
                "/", "//", "..", "%", "%00", "%2e%2e", "%ff", "?", "#", " ", "\t", "\0", "é", "\\", "&", "=", ";", "x" * 300])
        return "".join(text)

    choice = r.randrange(16)
    if choice == 0:
        request.method = r.choice(WORDS)
    elif choice == 1:
        request.path = piece(request.path)
    elif choice == 2 and request.query:
        at = r.randrange(len(request.query))
        request.query[at] = (request.query[at][0], number())
    elif choice == 3:
        request.query.insert(r.randint(0, len(request.query)), (r.choice(["from", "at", "more", "", "x"]), number()))
    elif choice == 4:
        request.headers.append(("range", r.choice(RANGES)))
    elif choice == 5:
        request.length = number()
    elif choice == 6:
        request.headers += [("content-length", str(len(request.body))), ("content-length", number())]
    elif choice == 7:
        request.is_chunked = True
    elif choice == 8:
        request.headers.append((r.choice(["transfer-encoding", "te", "expect", "connection", "upgrade"]),
                                r.choice(["chunked", "gzip, chunked", "100-continue", "close", "keep-alive", "h2c", ""])))
    elif choice == 9:
        request.headers.append((piece("x-name"), piece("value")))
    elif choice == 10:
        request.headers += [(f"x-{i}", "v") for i in range(r.choice([10, 90, 130, 2000]))]
    elif choice == 11:
        request.headers.append(("x", "v" * r.choice([100, 16_000, 17_000, 200_000])))
    elif choice == 12 and request.body:
        body = bytearray(request.body)
        for _ in range(r.randint(1, 8)):
            body[r.randrange(len(body))] = r.randrange(256)
        request.body = bytes(body)
    elif choice == 13:
        request.body = r.choice([b"", b"\0", b"\xff" * 4, b"\0\0\0\0", b"\0\1\0\0", b"[" * 5000, b'{"evidence":' + b"[" * 900,
                                 b'{"evidence":["' + b"a" * 70_000 + b'"]}', request.body * 3, r.randbytes(r.randrange(5000))])
    elif choice == 14:
        request.version = r.choice(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/9.9", "HTTP/", "", "1.1"])
    else:
        request.headers = [(name, number()) for name, _ in request.headers]


def broken(data, r):
    """Changes the bytes of a whole request: cut, doubled, lines without an end, trailers."""
    choice = r.randrange(8)
    if choice == 0:
        return data[:r.randrange(len(data))]
    if choice == 1:
        return data.replace(b"\r\n", b"\n", r.randint(1, 3))
    if choice == 2:
        at = r.randrange(len(data))
        return data[:at] + r.randbytes(r.randint(1, 4)) + data[at:]
    if choice == 3:
        head, _, body = data.partition(b"\r\n\r\n")
        chunk = r.choice([b"5", b"-5", b"ffffffffffffffff", b"1" * 40, b"5;" + b"x" * 3000, b"0", b"", b"05"])
        trailer = r.choice([b"", b"x: y\r\n", b"x:\r\n", b"x\r\n", b": y\r\n", b"content-length: 9\r\n" * 200])
        return (head + b"\r\ntransfer-encoding: chunked\r\n\r\n" + chunk + b"\r\nhello\r\n0\r\n" + trailer + b"\r\n")
    if choice == 4:
        return data + r.randbytes(r.randint(1, 200))
    return data


class Connection:
    """A member's connection, made anew whenever the node has ended it."""

    def __init__(self, home, port):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.context.load_cert_chain(home / "trust/own.pem", home / "keys/node.key")
        self.port, self.link = port, None

    def send(self, data, seconds):
        """What the node answered, as far as it came at once: in so many seconds."""
        answer = b""
        for _ in range(2):
            is_new = self.link is None
            try:
                if is_new:
                    plain = socket.create_connection(("127.0.0.1", self.port), timeout=bound(HANG_SECONDS))
                    self.link = self.context.wrap_socket(plain, server_hostname=OEM)
                self.link.settimeout(bound(HANG_SECONDS))
                self.link.sendall(data)
                self.link.settimeout(seconds)
                while piece := self.link.recv(65536):
                    answer += piece
                    head, _, body = answer.partition(b"\r\n\r\n")
                    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                    if lengths and len(body) >= int(lengths[0][15:]):
                        return answer
                self.close()
            except TimeoutError:
                # It waits for the rest of the request: that is another request's end, too.
                self.close()
                return answer
            except OSError:
                self.close()
            if answer or is_new:
                return answer
        return answer

    def close(self):
        if self.link:
            self.link.close()
        self.link = None


def statuses(answer):
    """The statuses of the answers in what came."""
    found = []
    for line in answer.split(b"\r\n"):
        if line.startswith(b"HTTP/1.1 ") and line[9:12].isdigit():
            found.append(int(line[9:12]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=12)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    failures = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        port = free_port()
        oem, tier = Company(program, folder, OEM), Company(program, folder, TIER)
        for company in (oem, tier):
            company.run("init", "--org", company.origin, "--name", company.origin)
            (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
        oem.run("dataset", "create", "boards", "--title", "Boards")
        oem.run("annotate", "boards", "a.png", "--class", "spur", "--box", "1,2,3,4")
        oem.run("partner", "add", TIER, "--root", str(folder / f"{TIER}.pem"))
        tier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"),
                 "--url", f"https://127.0.0.1:{port}")
        oem.run("member", "set", "boards", TIER, "--role", "annotator")
        oem.serve(port, folder / "oem.log")
        try:
            tier.run("dataset", "join", DATASET)
            # What it would push, from its own files.
            tier.run("annotate", DATASET, "b.png", "--class", "spur", "--box", "1,2,3,4")
            log = tier.home / "logs" / TIER / DATASET
            note = (log / "checkpoint").read_bytes()
            entries = sorted((log / "tile/entries").rglob("*"))[-1].read_bytes()
            push = len(note).to_bytes(4, "big") + note + entries
            made = templates(push, note)
            r = random.Random(options.seed)
            link = Connection(tier.home, port)
            counts = {}
            began = time.monotonic()
            for number in range(options.requests):
                request = r.choice(made)(r)
                for _ in range(r.choice([0, 1, 1, 1, 2, 2, 4])):
                    mutate(request, r)
                data = request.bytes()
                if r.random() < 0.3:
                    data = broken(data, r)
                if r.random() < 0.05:
                    data = data + b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
                answer = link.send(data, 0.05)
                for status in statuses(answer) or [0]:
                    counts[status] = counts.get(status, 0) + 1
                    # 501 and 505 would be the parser's own words about methods and versions.
                    if status >= 500:
                        failures.append(f"request {number} was answered with {status}: {data[:300]!r}")
                if oem.node.poll() is not None:
                    failures.append(f"the node ended with {oem.node.returncode} at request {number}: {data[:300]!r}")
                    break
                if number % 500 == 0:
                    link.close()
                    plain = link.send(b"GET /v1/logs HTTP/1.1\r\nhost: x\r\n\r\n", bound(HANG_SECONDS))
                    if statuses(plain) != [200]:
                        failures.append(f"after request {number} a plain one was answered with {plain[:200]!r}")
                        break
            link.close()
            took = time.monotonic() - began
            if oem.node.poll() is None:
                tier.run("sync")
                digests = [c.run("status", DATASET)["datasets"][0]["digest"] for c in (oem, tier)]
                if digests[0] != digests[1]:
                    failures.append(f"the digests differ: {digests}")
                if not oem.run("verify", DATASET)["ok"]:
                    failures.append("verify finds damage")
        finally:
            oem.stop()
    shown = ", ".join(f"{status or 'none'} {count}" for status, count in sorted(counts.items()))
    print(f"{sum(counts.values())} answers to {options.requests} mutated requests (seed {options.seed}) in {took:.0f} s: {shown}")
    for failure in failures[:20]:
        print(f"FAILED   {failure}")
    if failures:
        sys.exit(f"{len(failures)} of the requests did what none may")


if __name__ == "__main__":
    main()
