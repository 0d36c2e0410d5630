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
        if "--json" not in words and words[0] not in ("key", "schema"):
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
            for _ in range(patience.times(200) if hasattr(patience, "times") else 600):
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
    lines = folder / "values.jsonl"
    # The same digits as a number, a float, a text; both write without knowing of each other.
    oem.ok("set", label, "grade=1", "depth=true", "mark=1")
    tier.ok("set", label, "grade=1.0", "status=retracted")
    tier.ok("sync") if False else pair.sync()
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
    lines.write_text("")


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

    pair = Pair(program, folder / "cut")
    oem, tier = pair.oem, pair.tier
    tier.label("a.png")
    tier.label("b.png")
    pair.sync()
    # The steward ends it before what it has written last.
    at = next(l["size"] for l in oem.json("status")["datasets"][0]["logs"]
              if l["origin"] == "tier.example") - 1
    oem.ok("member", "cut", "boards", "tier.example", "--at", at)
    first, second = pair.sync(), pair.sync()
    for done, which in ((first, "first"), (second, "second")):
        check("does not count" in done.text and BOARDS in done.text,
              f"the {which} sync says what does not count any more", done.text)
        check(done.status == 1, f"the {which} sync ends with 1", done.status)
    done = tier.try_label("c.png")
    check(done.status == 1 and "cut" in done.text, "a write after a cut is refused", done.text)
    document = tier.json("status")["datasets"][0]
    check(document["uncounted"] and document["uncounted"][0]["why"], "status lists it", document)
    text = tier.ok("status").out
    check("cut" in text and "not count" in text, "status says so in text", text)
    oem.ok("member", "set", "boards", "tier.example", "--role", "annotator")
    pair.sync()
    tier.label("d.png")
    done = pair.sync()
    check(done.status == 0 and "not count" in done.text,
          "after the return the lost entry is still told of, and the sync ends with 0", done.text)

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


PARTS = [ids, verdicts, conflicts, uncounted]


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
