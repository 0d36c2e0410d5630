#!/usr/bin/env python3
"""What the real program says: which label an id means, what a write that does not count is told, what an operator
reads in `status`, and that no message holds what only the machine understands.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402

BOARDS = "oem.example/boards"
failures = []

# What no message may hold: Foundation's and NIO's words for their own types, and seconds since 1970.
RAW = re.compile(
    r"Error Domain|UserInfo|NSCocoa|NSPOSIX|NIO\w+Error|SocketAddressError|error -?\d+|errno"
    r"|Optional\(|<null>|\b1[6-9]\d{8}\b|\{\"|\[\"|%[@du]"
)


def check(condition, what, got=""):
    print(("ok       " if condition else "FAILED   ") + what)
    if not condition:
        failures.append(what)
        if got != "":
            print("         got: " + str(got)[:600])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Done:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.text = done.stdout + done.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Company:
    def __init__(self, program, folder, origin, name=None, make=()):
        self.program, self.origin, self.path = program, origin, folder / (name or origin)
        self.folder, self.port = folder, free_port()
        self.json("init", "--org", origin, "--name", origin, *make)
        self.root = folder / f"{name or origin}.pem"
        self.root.write_text(self.json("key", "show")["root"])

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def say(self, *words, environment=None):
        """A command as a person gives it; what it says is looked through for raw words."""
        command = [self.program, *map(str, words), "--home", str(self.path)]
        done = Done(patience.run(command, env={**os.environ, **(environment or {})}))
        if "--json" not in words and words[0] not in ("key", "schema", "show"):
            found = RAW.search(done.text)
            check(found is None, f"{' '.join(map(str, words[:3]))} speaks plainly", done.text)
        return done

    def ok(self, *words, **more):
        done = self.say(*words, **more)
        if done.status != 0:
            sys.exit(f"{self.origin}: {' '.join(map(str, words))} failed: {done.text}")
        return done

    def json(self, *words):
        return self.ok(*words, "--json").json

    def knows(self, other, dials=False):
        url = ["--url", other.url] if dials else []
        self.ok("partner", "add", other.origin, "--root", other.root, *url)

    def label(self, item, dataset=BOARDS, cls="spur", extra=()):
        words = ["annotate", dataset, item, "--class", cls, "--box", "1,2,3,4", *extra]
        return self.json(*words)["id"]

    def try_label(self, item, dataset=BOARDS, *extra):
        return self.say("annotate", dataset, item, "--class", "spur", "--box", "1,2,3,4", *extra)

    def labels(self, dataset=BOARDS):
        return {a["item"]: a["class"] for a in self.json("list", dataset)["annotations"]}

    @contextlib.contextmanager
    def serving(self, *options):
        log = open(self.folder / f"{self.path.name}.log", "ab")
        process = subprocess.Popen(
            [self.program, "serve", "--home", str(self.path), "--peer", f"127.0.0.1:{self.port}",
             *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                        break
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(60)

    @property
    def log(self):
        return (self.folder / f"{self.path.name}.log").read_text()


class Pair:
    """oem.example stewards `boards` and serves; tier.example dials it."""

    def __init__(self, program, folder, role="annotator"):
        folder.mkdir()
        self.folder = folder
        self.oem = Company(program, folder, "oem.example")
        self.tier = Company(program, folder, "tier.example")
        self.oem.knows(self.tier)
        self.tier.knows(self.oem, dials=True)
        self.oem.ok("dataset", "create", "boards", "--title", "Boards")
        self.oem.ok("member", "set", "boards", "tier.example", "--role", role)
        self.oem.label("first.png")
        with self.oem.serving():
            self.tier.ok("dataset", "join", BOARDS)
            self.tier.ok("sync")

    def sync(self):
        with self.oem.serving():
            return self.tier.say("sync")


# ---- an id means one label


def ids(program, folder):
    home = Company(program, folder, "oem.example", "ids")
    for name in ("boards", "wafers"):
        home.ok("dataset", "create", name, "--title", name)
    one = home.label("a.png", "boards")
    other = home.label("b.png", "wafers", "scratch")
    check(one == other, "two datasets make the same short id", (one, other))
    before = [home.labels("boards"), home.labels("wafers")]
    for words in (
        ["set", one, "class=x"], ["retract", one], ["restore", one], ["review", one, "accept"],
        ["comment", one, "hm"], ["show", one], ["resolve", one, "--field", "class", "--value", "x"],
        ["prove", one, "-o", folder / "p"],
    ):
        done = home.say(*words)
        check(
            done.status == 2 and "oem.example/boards" in done.text
            and "oem.example/wafers" in done.text and "--dataset" in done.text,
            f"{words[0]} refuses an id of two datasets and names them", done.text)
    check([home.labels("boards"), home.labels("wafers")] == before, "and nothing has changed")

    wrote = home.ok("set", one, "class=notch", "--dataset", "wafers", "--json").json
    check(wrote["dataset"] == "oem.example/wafers" and wrote["counted"] is True,
          "--dataset says which, and the document names it", wrote)
    check(home.labels("wafers")["b.png"] == "notch" and home.labels("boards")["a.png"] == "spur",
          "only the label of the named dataset changed")
    full = "oem.example/oem.example/boards:" + one.split(":")[1]
    home.ok("set", full, "class=short")
    check(home.labels("boards")["a.png"] == "short", "an id with its dataset is plain")
    done = home.say("set", full, "class=x", "--dataset", "wafers")
    check(done.status == 2 and "wafers" in done.text, "two datasets at once are refused", done.text)
    for words in (["review", one, "accept"], ["comment", one, "x"], ["retract", one],
                  ["restore", one], ["show", one],
                  ["resolve", one, "--field", "class", "--value", "spur"],
                  ["prove", one, "-o", folder / "p"]):
        home.ok(*words, "--dataset", "boards")
    # A change is no label, but somebody may mean it: it must not hit another dataset's label.
    home.label("c.png", "boards")
    lone = home.label("d.png", "boards")
    home.ok("set", lone, "class=pit")
    check(home.labels("boards")["d.png"] == "pit", "a short id that only one dataset has is plain")

    # Items: one key in two datasets.
    home.ok("annotate", "wafers", "a.png", "--class", "x")
    done = home.say("show", "a.png")
    check(done.status == 2 and "boards" in done.text and "wafers" in done.text,
          "show refuses an item of two datasets", done.text)
    check(home.json("show", "a.png", "--dataset", "wafers")["dataset"] == "oem.example/wafers",
          "show --dataset says which")


def verdicts(program, folder):
    pair = Pair(program, folder / "verdicts")
    oem, tier = pair.oem, pair.tier
    label = oem.json("list", "boards")["annotations"][0]["id"]
    oem.ok("review", label, "reject", "--reason", "blurred")
    second = oem.ok("review", label, "accept", "--json").json["id"]
    suggestion = tier.ok("set", label, "class=short", "--json").json
    check(suggestion["suggestion"] is True, "a supplier's change is a suggestion")
    done = oem.say("resolve", label, "--field", "class", "--take", "tier.example")
    check(done.status == 1, "resolve before the suggestion has come fails", done.text)
    pair.sync()
    done = oem.say("resolve", label, "--field", "class", "--take", "tier.example")
    check(done.status == 1 and "suggested" in done.text and "review" in done.text,
          "resolve says that there is only a suggestion, and how to take it", done.text)
    oem.ok("review", suggestion["id"], "needs-work")
    oem.ok("review", suggestion["id"], "accept")
    shown = oem.json("show", label)
    by_op = {r["op"]: r for r in shown["reviews"]}
    on_label = [r for r in shown["reviews"] if r["suggestion"] is None]
    check([r["replaced"] for r in on_label] == [True, False] and not by_op[second]["replaced"],
          "a verdict that its reviewer replaced is shown as replaced", on_label)
    on_suggestion = [r for r in shown["reviews"] if r["suggestion"] == suggestion["id"]]
    check([r["value"]["verdict"] for r in on_suggestion] == ["needs-work", "accept"],
          "verdicts on a suggestion name it", shown["reviews"])
    text = oem.ok("show", label).out
    check(f"on suggestion {suggestion['id']}" in text and "(replaced)" in text
          and "class = short" in text, "and the text tells them apart", text)


def conflicts(program, folder):
    pair = Pair(program, folder / "conflicts", role="reviewer")
    oem, tier = pair.oem, pair.tier
    label = oem.json("list", "boards")["annotations"][0]["id"]
    # The same digits as a number, a float, a text; both write without knowing of each other.
    oem.ok("set", label, "grade=1", "depth=true", "mark=1")
    tier.ok("set", label, "grade=1.0", "status=retracted")
    pair.sync()
    oem.ok("set", label, "note=late")
    pair.sync()
    found = oem.json("conflicts", "boards")["conflicts"]
    kinds = {(c["field"], c["kind"]) for c in found}
    check(("grade", "value") in kinds, "an integer and a float are a conflict", found)
    check(("status", "edited-while-retracted") in kinds, "and so is an edit beside a retraction",
          found)
    text = oem.ok("conflicts", "boards").out
    line = next((l for l in text.splitlines() if " grade " in l), "")
    check("oem.example: 1 " in line + " " and "tier.example: 1.0" in line,
          "their values differ in print", text)
    raw = oem.ok("conflicts", "boards", "--json").out
    check('"value":1.0' in raw and '"value":1,' in raw.replace("1}", "1,"),
          "and in JSON", raw)


# ---- writes that do not count


def uncounted(program, folder):
    reader = Pair(program, folder / "reader", role="reader")
    done = reader.tier.try_label("a.png")
    check(done.status == 1 and "reader" in done.text and "member set" in done.text,
          "a reader's label is refused with the way out", done.text)
    size = [l["size"] for l in reader.tier.json("status")["datasets"][0]["logs"]
            if l["origin"] == "tier.example"]
    check(size in ([], [0]), "before anything is signed", size)
    reader.tier.ok("key", "rotate")
    for words in (["items", "add", BOARDS, reader.tier.root], ["examined", BOARDS, "first.png"],
                  ["comment", "oem.example:2.0", "x"]):
        done = reader.tier.say(*words)
        check(done.status != 0 and "reader" in done.text, f"{words[0]} is refused too", done.text)

    pair = Pair(program, folder / "retired")
    oem, tier = pair.oem, pair.tier
    tier.label("a.png")
    pair.sync()

    # A retired key.
    mark = tier.json("key", "list")["keys"]
    current = next(k["fingerprint"] for k in mark if k["current"])
    oem.ok("key", "retire", current)
    pair.sync()
    done = tier.try_label("e.png")
    check(done.status == 1 and "retired" in done.text and "key rotate" in done.text,
          "a retired key is refused with the way out", done.text)
    tier.ok("key", "rotate")
    pair.sync()
    check(tier.try_label("e.png").status == 0, "and the way out leads out")


# ---- what an operator reads


def status(program, folder):
    pair = Pair(program, folder / "status")
    oem, tier = pair.oem, pair.tier
    text = tier.ok("status").out
    check(re.search(r"partner oem\.example .*last contact 20\d\d-\d\d-\d\d", text) is not None,
          "status names the partner and the last contact", text)
    check("GiB free" in text, "and the disk", text)
    # The partner is away: the failure stays in status until a sync succeeds.
    done = tier.say("sync")
    check(done.status == 4 and "nobody listens" in done.text, "a sync that fails says why", done.text)
    failure = tier.json("status")["partners"][0]["failure"]
    check(failure and "nobody listens" in failure["error"], "status keeps the last failure", failure)
    check("FAILING since" in tier.ok("status").out, "in text too")
    tier.label("a.png")
    done = pair.sync()
    check(BOARDS in done.out and "labels (" in done.out and "entries with" in done.out,
          "sync names the dataset, entries and labels", done.out)
    check(tier.json("status")["partners"][0]["failure"] is None, "a sync that succeeds ends it")
    with oem.serving("--ui", f"127.0.0.1:{free_port()}"):
        tier.label("b.png")
        tier.ok("sync")
    check("took entries" in oem.log and "labels=" in oem.log, "serve names entries and labels")
    oem.ok("invite", "boards", "--role", "reader", "--url", "https://oem.example:7443", "-o",
           folder / "invitation")
    check("invitation to" in oem.ok("status").out and oem.json("status")["invitations"],
          "status lists open invitations")
    oem.ok("member", "cut", "boards", "tier.example")
    check("CUT tier.example" in oem.ok("status").out, "status marks a cut member")

    lone = Company(program, folder, "lone.example")
    for words in (["sync"], ["sync", "--with", "oem.example"]):
        done = lone.say(*words)
        check(done.status == 4 and "partner add" in done.text,
              f"{' '.join(words)} with nobody to dial says so and ends with 4", done.text)
    lone.knows(oem)
    done = lone.say("sync")
    check(done.status == 4 and "nobody to dial" in done.text, "also where partners only dial us",
          done.text)


def examined(program, folder):
    pair = Pair(program, folder / "doctor")
    with pair.oem.serving():
        done = pair.tier.say("doctor")
        check(done.status == 0 and "all is well" in done.out, "doctor finds a whole home well",
              done.text)
    done = pair.tier.say("doctor")
    check(done.status == 1 and "LOOK" in done.out and "nobody listens" in done.out,
          "doctor says that a partner is away", done.text)
    document = json.loads(pair.tier.say("doctor", "--no-dial", "--json").out)
    check(document["ok"] and {c["name"] for c in document["checks"]} >= {"home", "keys", "ends"},
          "doctor --json lists its checks", document)
    os.chmod(pair.tier.path, 0o755)
    check("chmod 700" in pair.tier.say("doctor", "--no-dial").out, "an open folder is told of")


def partners(program, folder):
    oem, tier = Company(program, folder, "oem.example"), Company(program, folder, "tier.example")
    eve = Company(program, folder, "eve.example")

    def entry(org):
        return next(p for p in oem.json("partner", "list")["partners"] if p["org"] == org)

    oem.ok("partner", "add", "tier.example", "--root", tier.root, "--url", "https://[::1]:7443")
    oem.ok("partner", "add", "tier.example", "--root", tier.root)
    check(entry("tier.example")["url"] == "https://[::1]:7443", "partner add keeps the address")
    done = oem.ok("partner", "add", "tier.example", "--url", "https://[::1]:7443")
    check("nothing has changed" in done.out, "and says that nothing has changed", done.text)
    before = entry("tier.example")["fingerprint"]
    oem.ok("partner", "add", "tier.example", "--url", "https://10.0.0.1:1")
    check(entry("tier.example")["fingerprint"] == before, "and keeps the root")
    oem.ok("partner", "add", "tier.example", "--no-url")
    check(entry("tier.example")["url"] is None, "--no-url forgets the address")
    done = oem.ok("partner", "add", "eve.example", "--root", tier.root)
    check("tier.example already" in done.text, "a root of two organisations is warned of", done.text)
    done = oem.say("partner", "add", "new.example")
    check(done.status == 2 and "--root" in done.text, "a new partner needs a root", done.text)
    leaf = folder / "leaf.pem"
    leaf.write_text(tier.json("key", "show")["certificate"])
    done = oem.say("partner", "add", "tier.example", "--root", leaf)
    check(done.status == 1 and "authority" in done.text,
          "a root that would fail at the handshake is refused", done.text)
    for url in ("http://a:1", "https://", "a:1", "https://[::1"):
        done = oem.say("partner", "add", "tier.example", "--url", url)
        check(done.status == 2, f"{url} is no address", done.text)
    oem.ok("partner", "add", "tier.example", "--url", "https://no-such-host.invalid:7443")
    done = oem.say("sync", "--with", "tier.example")
    check(done.status == 4 and "resolved" in done.text, "a name without address is named so",
          done.text)
    config = oem.path / "config.json"
    whole = config.read_text()
    edited = json.loads(whole)
    edited["org"] = "other.example"
    # As somebody does who is told to take the seal out.
    edited.pop("sha256", None)
    config.write_text(json.dumps(edited))
    for words in (["status"], ["annotate", "d", "a", "--class", "c"], ["sync"]):
        done = oem.say(*words)
        check(done.status == 1 and "other.example" in done.text and "oem.example" in done.text,
              f"{words[0]} refuses a config.json that contradicts the certificate", done.text)
    config.write_text(whole)
    oem.ok("dataset", "create", "boards", "--title", "B")
    oem.ok("member", "set", "boards", "eve.example", "--role", "reader")
    done = oem.ok("member", "set", "boards", "eve.example", "--role", "reader")
    check("nothing has changed" in done.out, "member set again says that nothing has changed")
    oem.ok("member", "cut", "boards", "eve.example")
    done = oem.ok("member", "cut", "boards", "eve.example")
    check("nothing has changed" in done.out, "member cut again, too")
    label = oem.label("a.png", "boards")
    oem.ok("set", label, "class=spur")
    done = oem.ok("set", label, "class=spur")
    check("nothing has changed" in done.out, "and set of what was set before", done.out)
    oem.ok("retract", label)
    check(oem.ok("retract", label, "--json").json["changed"] is False, "and retract again")


def leaving(program, folder):
    pair = Pair(program, folder / "leaving")
    oem, tier = pair.oem, pair.tier
    tier.label("a.png")
    pair.sync()
    done = oem.say("dataset", "leave", "boards")
    check(done.status == 1, "a steward cannot leave", done.text)
    tier.ok("dataset", "leave", BOARDS)
    check("nothing has changed" in tier.ok("dataset", "leave", BOARDS).out, "leaving twice says so")
    done = tier.try_label("b.png")
    check(done.status == 1 and "left" in done.text, "a write after leaving is refused", done.text)
    oem.label("late.png", "boards")
    check(pair.sync().status == 0, "a sync goes on without it")
    check("late.png" not in tier.labels() and tier.ok("verify").status == 0,
          "nothing more is taken, what is there holds")
    with oem.serving():
        tier.ok("dataset", "join", BOARDS)
    check("late.png" in tier.labels(), "join takes part again")
    check(tier.try_label("b.png").status == 0, "and writes count again")


def ends(program, folder):
    if not shutil.which("openssl"):
        return print("SKIPPED: no openssl")
    lines = {29 * 86400: "notice", 6 * 86400: "warning", 80_000: "urgent", None: None}
    for seconds, level in lines.items():
        name = f"ends{level}"
        make = certificate(folder, "oem.example", name, seconds or 60 * 86400)
        home = Company(program, folder, "oem.example", name, make)
        found = home.json("status")["ends"]
        check([e["level"] for e in found] == ([level] if level else []),
              f"{level}: the own certificate's end is told of", found)
        text = home.ok("status").out
        check(("ENDS" in text and "key rotate --node-key" in text) == bool(level),
              f"{level}: with the command that renews", text)
        alarms = [a for a in home.json("status")["alarms"] if a["kind"] == "ends"]
        check(len(alarms) == (1 if level in ("warning", "urgent") else 0), f"{level}: alarms", alarms)
    ui = free_port()
    make = certificate(folder, "oem.example", "served", 3 * 86400)
    home = Company(program, folder, "oem.example", "served", make)
    token = folder / "token"
    token.write_text("t" * 64)
    with home.serving("--ui", f"127.0.0.1:{ui}", "--metrics-token", token):
        import urllib.request
        for _ in range(200):
            try:
                bearer = {"Authorization": f"Bearer {token.read_text()}"}
                why = urllib.request.Request(f"http://127.0.0.1:{ui}/healthz", headers=bearer)
                ready = json.loads(urllib.request.urlopen(why).read())
                break
            except OSError:
                time.sleep(0.1)
        metrics = urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{ui}/metrics", headers=bearer)).read().decode()
        time.sleep(1)
    certificate_check = next(check for check in ready["checks"] if check["name"] == "certificate")
    check(ready["ok"] and "warning" in certificate_check["detail"], "/healthz names the end", ready)
    check('countermark_certificate_expiry_timestamp_seconds{who="oem.example",kind="certificate"}' in metrics,
          "/metrics has it")
    check("something ends soon" in home.log, "the log has it")


def certificate(folder, org, name, seconds):
    """A root, and a node certificate under it that ends in so many seconds: the options of init."""
    at = folder / ("pki-" + name)
    at.mkdir()

    def ssl(*words):
        subprocess.run(["openssl", *words], cwd=at, check=True, capture_output=True)

    for key in ("ca", "node"):
        ssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key + ".key")
    ssl("req", "-new", "-x509", "-key", "ca.key", "-subj", "/CN=CA of " + org, "-days", "90", "-out",
        "ca.pem", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
        "keyUsage=critical,keyCertSign,cRLSign")
    ssl("req", "-new", "-key", "node.key", "-subj", "/CN=" + org, "-out", "node.csr")
    (at / "c").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=i\nserial=s\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
        f"x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:{org}\n"
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n")
    (at / "i").write_text("")
    (at / "s").write_text("1001\n")
    stamp = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + t)) for t in (-3600, seconds)]
    ssl("ca", "-batch", "-config", "c", "-keyfile", "ca.key", "-cert", "ca.pem", "-in", "node.csr",
        "-out", "node.pem", "-startdate", stamp[0], "-enddate", stamp[1], "-notext")
    return ["--ca-cert", at / "ca.pem", "--node-cert", at / "node.pem", "--node-key", at / "node.key"]


def revocation(program, folder):
    pair = Pair(program, folder / "revocation")
    oem, tier = pair.oem, pair.tier
    thief = folder / "thief"
    tier.label("a.png")
    old = next(k["fingerprint"] for k in tier.json("key", "list")["keys"] if k["current"])
    done = tier.say("key", "revoke", old)
    check(done.status == 1 and "rotate" in done.text, "the key in use is not revoked", done.text)
    shutil.copytree(tier.path, thief)
    tier.ok("key", "rotate")
    tier.ok("key", "revoke", old, "--stolen")
    check(tier.ok("key", "revoke", old, "--json").json["changed"] is False, "twice changes nothing")
    with oem.serving():
        tier.ok("sync")
        done = subprocess.run([program, "sync", "--home", thief], capture_output=True, text=True)
        check(done.returncode == 4 and "revocation list" in done.stdout + done.stderr,
              "the partner refuses the revoked certificate, and the alert says so",
              done.stdout + done.stderr)
        check(tier.say("sync").status == 0, "and takes the new one")
    # The other way: whoever is dialled publishes, too.
    oem_old = next(k["fingerprint"] for k in oem.json("key", "list")["keys"] if k["current"])
    oem.ok("key", "rotate")
    oem.ok("key", "revoke", oem_old)
    pair.sync()
    check((tier.path / "trust" / "oem.example.crl").exists(), "the dialler has the steward's list")


def proxies(program, folder):
    import base64
    import threading

    asked = []

    def relay(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)

    def answer(client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        asked.append(head.decode())
        if proxy_state["deny"]:
            client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return client.close()
        host, port = head.split()[1].decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
        threading.Thread(target=relay, args=(client, server), daemon=True).start()
        relay(server, client)

    proxy_state = {"deny": False}
    listener = socket.create_server(("127.0.0.1", 0))
    at = listener.getsockname()[1]

    def serve():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    pair = Pair(program, folder / "proxies")
    tier = pair.tier
    with pair.oem.serving():
        done = tier.say("sync", environment={"HTTPS_PROXY": f"http://a:b%40@127.0.0.1:{at}", "NO_PROXY": ""})
        check(done.status == 0 and asked and asked[0].startswith(f"CONNECT 127.0.0.1:{pair.oem.port} "),
              "HTTPS_PROXY is asked with CONNECT", done.text)
        check(base64.b64encode(b"a:b@").decode() in (asked or [""])[0], "with name and password")
        asked.clear()
        tier.ok("sync", environment={"HTTPS_PROXY": f"http://127.0.0.1:{at}", "NO_PROXY": "127.0.0.1"})
        tier.ok("sync", "--proxy", "none", environment={"HTTPS_PROXY": "http://127.0.0.1:1"})
        check(asked == [], "NO_PROXY and --proxy none dial directly", asked)
        tier.ok("sync", "--proxy", f"http://127.0.0.1:{at}")
        check(len(asked) >= 1, "--proxy is used")
        proxy_state["deny"] = True
        done = tier.say("sync", "--proxy", f"http://127.0.0.1:{at}")
        check(done.status == 4 and "403" in done.text and "proxy" in done.text, "a proxy that refuses is named", done.text)
        done = tier.say("sync", "--proxy", "http://127.0.0.1:1")
        check(done.status == 4 and "proxy 127.0.0.1:1" in done.text, "one that is not there, too", done.text)
        done = tier.say("sync", "--proxy", "ftp://x")
        check(done.status == 4 or done.status == 2, "what is no proxy is refused", done.text)


PARTS = [
    ids, verdicts, conflicts, uncounted, status, examined, partners, leaving, ends, revocation, proxies,
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("parts", nargs="*", help="names of parts; all if left out")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    for part in PARTS:
        if options.parts and part.__name__ not in options.parts:
            continue
        with tempfile.TemporaryDirectory(prefix="words-") as folder:
            print(f"-- {part.__name__}")
            part(program, pathlib.Path(folder))
    if failures:
        sys.exit(f"{len(failures)} failed: {failures}")
    print("passed")


if __name__ == "__main__":
    main()
