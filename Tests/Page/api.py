#!/usr/bin/env python3
"""The API of the operator's page, from outside: what it says is what the commands say, and who attacks it gets nothing.

    python3 Tests/Page/api.py --program .build/debug/countermark
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

failures = []


def check(holds, what, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        failures.append(what)
        print(f"      {str(detail)[:12000]}", flush=True)


class Home:
    """A home of one company."""

    def __init__(self, program, path, org):
        self.program, self.path, self.org = program, path, org
        self.ok("init", "--org", org, "--name", org)

    def ok(self, *words):
        done = subprocess.run([self.program, *map(str, words), "--home", self.path], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "--json"))

    @contextlib.contextmanager
    def serving(self, *words, host="127.0.0.1", trust=None):
        """Serves, and signs in by the link that is printed."""
        self.peer = free()
        process = subprocess.Popen(
            [self.program, "serve", "--home", self.path, "--peer", f"127.0.0.1:{self.peer}", "--ui", f"{host}:{free()}",
             *map(str, words)], stderr=subprocess.PIPE, text=True)
        log, link = [], None
        for line in process.stderr:
            log.append(line)
            found = re.search(r"page: (http\S+)#token=(\w+)", line)
            if found:
                link = found.groups()
                break
        threading.Thread(target=lambda: log.extend(process.stderr), daemon=True).start()
        try:
            if not link:
                raise SystemExit("serve prints no link: " + "".join(log))
            yield Page(link[0], trust, token=link[1])
        finally:
            process.terminate()
            check(process.wait(10) == 0, "serve ends when it is told to", log[-3:])


def free():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Page:
    """A browser without a browser."""

    def __init__(self, url, trust=None, **sign_in):
        self.url, self.trust = urllib.parse.urlsplit(url), trust
        self.cookie = self.csrf = None
        done = self.post("/session", sign_in)
        if done.status != 200:
            raise PermissionError(done.json)
        self.cookie_text = done.headers["Set-Cookie"]
        self.cookie, self.csrf = self.cookie_text.split(";")[0], done.json["csrf"]
        self.session = done.json

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)
        if self.trust:
            # The name is of the certificate, and need not be known here.
            plain = socket.create_connection(("127.0.0.1", self.url.port), timeout=30)
            connection.sock = self.trust.wrap_socket(plain, server_hostname=self.url.hostname)
        all_headers = {"Cookie": self.cookie, "X-CSRF-Token": self.csrf, **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            all_headers.setdefault("Content-Type", "application/json")
        connection.request(method, "/api/v1" + path, body, {k: v for k, v in all_headers.items() if v})
        answer = connection.getresponse()
        answer.text = answer.read()
        with contextlib.suppress(ValueError):
            answer.json = json.loads(answer.text)
        connection.close()
        self.last = answer
        return answer

    def get(self, path, **query):
        return self.send("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body):
        return self.send("POST", path, body)


def same_as_commands(home, page):
    """Each document is the one that the command prints."""
    path = f"/datasets/{home.org}/boards"
    label = page.get(path + "/labels", item="a.png").json["annotations"][0]["id"]
    timeless = {"datasets": ("dataset", "list"), "partners": ("partner", "list"), "invitations": ("invite", "list")}
    of_dataset = {
        "": ("dataset", "show", "boards"), "/conflicts": ("conflicts", "boards"),
        "/quarantine": ("quarantine", "boards"), "/history": ("history", "boards"),
        "/releases": ("release", "list", "boards"), "/stages": ("stage", "summary", "boards"),
        "/agreement": ("agreement", "boards"), "/queue": ("queue", "list", "boards"),
        "/labels": ("list", "boards"), "/item?key=a.png": ("show", "a.png", "--dataset", "boards"),
        f"/labels/{label}": ("show", label, "--dataset", "boards"),
    }
    for name, words in {**{f"/{k}": v for k, v in timeless.items()},
                        **{path + k: v for k, v in of_dataset.items()}}.items():
        theirs, ours = page.get(name), home.json(*words)
        check(theirs.status == 200 and theirs.json == ours, f"GET {name} is {words[0]}'s document", (theirs.text, ours))
    status = page.get("/status").json
    check(status["datasets"] == home.json("status")["datasets"], "GET /status tells of the same datasets")
    proof = page.get(path + f"/labels/{label}/proof")
    file = pathlib.Path(home.path).parent / "page.proof"
    file.write_bytes(proof.text)
    root = pathlib.Path(home.path).parent / "root.pem"
    root.write_text(home.json("key", "show")["root"])
    done = subprocess.run([home.program, "verify", "--proof", file, "--trust", root, "--json"], capture_output=True,
                          text=True)
    check(done.returncode == 0 and json.loads(done.stdout)["annotation"] == label, "the proof of the page holds", done)


def events(home, page):
    """What a command writes is told to an open page within a second."""
    connection = http.client.HTTPConnection(page.url.hostname, page.url.port, timeout=10)
    connection.request("GET", "/api/v1/events", headers={"Cookie": page.cookie})
    answer = connection.getresponse()
    lines, moved = [], threading.Event()

    def read():
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            for line in answer:
                lines.append((time.time(), line.decode().strip()))
                if line.startswith(b"data:"):
                    moved.set()

    threading.Thread(target=read, daemon=True).start()
    check(moved.wait(5), "the first event says where the dataset stands")
    before = len(lines)
    home.ok("annotate", "boards", "a.png", "--class", "late", "--box", "0,0,1,1")
    written = time.time()
    time.sleep(1)
    found = [(when, json.loads(line[5:])) for when, line in lines[before:] if line.startswith("data:")]
    digest = home.json("status")["datasets"][0]["digest"]
    check(found and found[-1][1] == {"id": f"{home.org}/boards", "digest": digest} and found[-1][0] - written < 1,
          "what a command writes is told within a second", (found, digest))
    check(answer.headers["Content-Type"] == "text/event-stream", "as server-sent events")
    connection.close()


def people(home, page):
    """Roles, passwords, and an end of both."""
    secret = pathlib.Path(home.path).parent / "password"
    secret.write_text("correct horse\n")
    home.ok("people", "add", "ann", "--role", "annotator", "--password-file", secret)
    file = pathlib.Path(home.path) / "page" / "people.json"
    check(oct(file.stat().st_mode & 0o777) == "0o600" and "correct" not in file.read_text(),
          "the file of people is its owner's, and holds no password")
    ann = Page(page.url.geturl(), name="ann", password="correct horse")
    check(ann.session["role"] == "annotator" and ann.session["person"] == "ann", "a password signs in", ann.session)
    for name, password in (("ann", "wrong horse"), ("bob", "correct horse")):
        try:
            Page(page.url.geturl(), name=name, password=password)
            check(False, f"{name} does not sign in by {password}")
        except PermissionError as error:
            check(error.args[0]["code"] == "wrong-password", f"{name} does not sign in by {password}", error)
    path = f"/datasets/{home.org}/boards"
    done = ann.post(path + "/annotate", {"item": "a.png", "class": "spur"})
    label = done.json["id"]
    check(done.status == 200 and home.json("show", label, "--dataset", "boards")["fields"]["class"]["writes"][0]["author"]
          == "ann", "an annotator labels, and is the author")
    check(ann.post(path + "/review", {"label": label, "verdict": "accept"}).status == 403, "and judges nothing")
    home.ok("people", "add", "ann", "--role", "reviewer")
    check(ann.post(path + "/review", {"label": label, "verdict": "accept"}).status == 200,
          "another role holds at once")
    link = home.json("people", "link", "ann")["url"]
    check(Page(link.split("#")[0], token=link.split("token=")[1]).session["person"] == "ann", "a link signs in")
    home.ok("people", "remove", "ann")
    check(ann.get("/session").status == 401, "and who is removed is out at once")


def blind(home, page):
    """A blind dataset shows on the page what `list` shows, which is nothing of others."""
    path = f"/datasets/{home.org}/boards"
    home.ok("blind", "on", "boards")
    for words, name in ((("list", "boards"), "/labels"), (("conflicts", "boards"), "/conflicts")):
        check(page.get(path + name).json == home.json(*words), f"blind: {name} is {words[0]}'s")
    home.ok("blind", "off", "boards")


def speed(page, org):
    """Lists of many items and labels come at once."""
    path = f"/datasets/{org}/boards"
    lines = "".join(
        json.dumps({"item": "many.png", "class": "spur",
                    "selector": {"kind": "box", "x": n % 1000, "y": n // 1000, "width": 5, "height": 5}}) + "\n"
        for n in range(10_000))
    broken = page.send("POST", path + "/import?format=csv&file=x.csv", b"9\xbe",
                       {"Content-Type": "application/octet-stream"})
    check(broken.status == 422 and broken.json["code"] == "bad-file" and "x.csv, line 1" in broken.json["detail"]
          and "/" not in broken.json["detail"], "a file that cannot be read is named, and not the place where it lay", broken.text)
    done = page.send("POST", path + "/import?format=jsonl&file=many.jsonl", lines,
                     {"Content-Type": "application/octet-stream"})
    check(done.status == 200 and done.json["added"] == 10_000, "10,000 labels come as one body", done.text)
    done = page.post(path + "/items", {"items": [{"key": f"item{n:05}.png"} for n in range(10_000)]})
    check(done.status == 200 and done.json["added"] == 10_000, "10,000 items come as one body", done.text)
    for name in ("/items?limit=100&offset=9000", "/items?class=spur", "/labels?item=many.png&limit=10000"):
        begun = time.time()
        answer = page.get(path + name)
        print(f"      {name}: {1000 * (time.time() - begun):.0f} ms, {len(answer.text)} bytes", flush=True)
        check(answer.status == 200, f"GET {name} answers", answer.text)


def beyond_this_machine(home, folder):
    """Others reach the page over TLS alone, and only where somebody has a password."""
    key, certificate, secret = folder / "ui.key", folder / "ui.pem", folder / "secret"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=page.example", "-addext", "subjectAltName=DNS:page.example", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    plain = ("serve", "--home", home.path, "--peer", f"127.0.0.1:{free()}", "--ui", f"0.0.0.0:{free()}")
    encrypted = (*plain, "--ui-cert", certificate, "--ui-key", key, "--ui-name", "page.example")

    def refused(words, why):
        done = subprocess.run([home.program, *map(str, words)], capture_output=True, text=True, timeout=30)
        check(done.returncode != 0 and why in done.stderr, f"not beyond this machine: {why}", done.stderr[-300:])

    refused(plain, "over TLS alone")
    refused(encrypted, "nobody may sign in yet")
    secret.write_text("correct horse\n")
    home.ok("people", "add", "eve", "--role", "viewer", "--password-file", secret)
    trust = ssl.create_default_context(cafile=str(certificate))
    with home.serving("--ui-cert", certificate, "--ui-key", key, "--ui-name", "page.example", host="0.0.0.0",
                      trust=trust) as page:
        check(page.get("/session").json["role"] == "operator", "the page answers over TLS")
        check("Secure" in page.cookie_text and "max-age" in page.last.headers["Strict-Transport-Security"],
              "its cookie is for TLS alone", page.cookie_text)
        port = page.url.port
        certificates(home, folder, page, str(certificate))
    with socket.socket() as one:
        check(one.connect_ex(("127.0.0.1", port)) != 0, "and it ends")


def releases(home, folder):
    """A member countersigns what the steward has named."""
    tier = Home(home.program, str(folder / "tier"), "tier.example")
    for one, other in ((home, tier), (tier, home)):
        root = folder / f"{other.org}.pem"
        root.write_text(other.json("key", "show")["root"])
        one.ok("partner", "add", other.org, "--root", root)
    home.ok("member", "set", "boards", "tier.example", "--role", "reviewer")
    home.ok("release", "create", "boards", "2026-11", "--quorum", "1")
    with home.serving():
        tier.ok("partner", "add", home.org, "--url", f"https://127.0.0.1:{home.peer}")
        tier.ok("dataset", "join", "oem.example/boards")
        with tier.serving() as page:
            path = "/datasets/oem.example/boards/releases/2026-11/countersign"
            done = page.post(path, {})
            check(done.status == 200 and done.json["countersigned"] == ["tier.example"] and done.json["changed"]
                  and done.json["holds"], "a member countersigns a release", done.text)
            check(page.post(path, {}).json["changed"] is False, "once")
            check(page.post(path.replace("countersign", "withdraw"), {"reason": "x"}).status != 200,
                  "and only the steward withdraws it")


def certificates(home, folder, page, root):
    """People sign in by certificates of their company, which say who they are and not what they may do."""
    def context(certificate=None, key=None):
        made = ssl.create_default_context(cafile=root)
        if certificate:
            made.load_cert_chain(certificate, key)
        return made

    def issue(company, address, kind="p256"):
        files = company.json("key", "issue-person", "--email", address, "--key-type", kind, "-o",
                             folder / f"cards-{address}")
        return files["certificate"], files["key"], files["fingerprint"]

    def answer(trust, session=None):
        """The status, and the code of why not, of signing in by certificate, or of a session's first request."""
        try:
            one = object.__new__(Page)
            one.url, one.trust, one.cookie, one.csrf = page.url, trust, *(session or (None, None))
            one.send(*(("GET", "/session") if session else ("POST", "/session", {"certificate": True})))
            return one.last.status, one.last.json.get("code")
        except OSError as error:
            return 0, type(error).__name__

    home.ok("people", "add", "anna", "--role", "reviewer")
    card = issue(home, "anna@oem.example")
    anna = Page(page.url.geturl(), context(*card[:2]), certificate=True)
    check((anna.session["person"], anna.session["role"]) == ("anna", "reviewer"), "a certificate signs in", anna.session)
    done = anna.post("/datasets/oem.example/boards/annotate", {"item": "a.png", "class": "spur"})
    check(done.status == 200, "and its person labels", done.text)
    for kind in ("ed25519", "p384"):
        home.ok("people", "add", kind, "--role", "viewer")
        check(answer(context(*issue(home, f"{kind}@oem.example", kind)[:2]))[0] == 200, f"{kind} certificates, too")
    other = Home(home.program, str(folder / "mallory"), "mallory.example")
    strangers = {
        "nobody": context(), "of another company": context(*issue(other, "anna@mallory.example")[:2]),
        "of somebody without an account": context(*issue(home, "bob@oem.example")[:2]),
        "of the node": context(f"{home.path}/trust/own.pem", f"{home.path}/keys/node.key")}
    pair = {name: (folder / f"forged.{name}") for name in ("pem", "key")}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=anna", "-addext", "subjectAltName=email:anna@oem.example", "-keyout", pair["key"],
                    "-out", pair["pem"]], check=True, capture_output=True)
    strangers["made by whoever"] = context(pair["pem"], pair["key"])
    for who, trust in strangers.items():
        check(answer(trust) == (401, "bad-certificate"), f"a certificate {who} signs nobody in", answer(trust))
    check(answer(context(), (anna.cookie, anna.csrf)) == (401, "not-signed-in"),
          "such a session is nothing without its certificate")
    check(answer(context(*card[:2]), (anna.cookie, anna.csrf))[0] == 200, "and something with it")
    long = folder / "long.pem"
    long.write_text(pathlib.Path(card[0]).read_text() + pair["pem"].read_text() * 200)
    check(answer(context(long, card[1]))[0] == 0, "more certificates than 64 KiB end the handshake")
    home.ok("people", "add", "anna", "--role", "viewer")
    check(anna.get("/session").json["role"] == "viewer", "the role is what the accounts file says now")
    plain = socket.create_connection(("127.0.0.1", page.url.port), timeout=15)
    stream = context(*card[:2]).wrap_socket(plain, server_hostname=page.url.hostname)
    stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {page.url.netloc}\r\nCookie: {anna.cookie}\r\n\r\n".encode())
    heard = b""
    while b": hello" not in heard:
        heard += stream.recv(4096)
    home.ok("key", "revoke", card[0])
    # The last piece of an answer in pieces is empty.
    try:
        while not heard.endswith(b"\r\n0\r\n\r\n") and (piece := stream.recv(4096)):
            heard += piece
        check(True, "and what its page was being told")
    except TimeoutError:
        check(False, "what a page is told ends with the certificate")
    check(anna.get("/session").status == 401, "a certificate that is revoked ends the session")
    check(answer(context(*card[:2])) == (401, "bad-certificate"), "and signs in no more")
    check(page.get("/session").status == 200, "whoever signed in otherwise stays")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        home = Home(program, str(folder / "oem"), "oem.example")
        home.ok("dataset", "create", "boards", "--title", "Boards")
        media = folder / "media"
        media.mkdir()
        (media / "a.png").write_bytes(b"not a picture")
        home.ok("items", "add", "boards", media)
        home.ok("annotate", "boards", "a.png", "--class", "spur", "--box", "1,2,3,4", "--author", "ann")
        with home.serving("--media", media) as page:
            same_as_commands(home, page)
            found = page.get("/datasets/oem.example/boards/media", item="a.png")
            check(found.headers["Countermark-Media"] == "same" and found.text == b"not a picture", "the item's file")
            events(home, page)
            people(home, page)
            blind(home, page)
            speed(page, home.org)
            check(page.send("DELETE", "/session").status == 204, "signing out")
            check(page.get("/status").status == 401, "ends the session")
        releases(home, folder)
        beyond_this_machine(home, folder)
    print(f"{len(failures)} wrong")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
