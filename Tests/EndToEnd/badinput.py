#!/usr/bin/env python3
"""Gives the real program what goes wrong in the field, and checks what it says and what it keeps.

Each case must end with the exit status of the contract and an error of one line with a hint where one
helps; the label set must be the same as before, and `verify` must find nothing. Cases that the machine
does not allow are skipped, loudly.
"""

import argparse
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

from unprivileged import CannotDropRights, Nobody

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402

failures = []


def check(condition, what):
    print(("ok       " if condition else "FAILED   ") + what)
    if not condition:
        failures.append(what)


class Home:
    """One company's home and the commands on it."""

    def __init__(self, program, path):
        self.program, self.path = program, str(path)

    def call(self, *words, **options):
        command = [self.program, *words, "--home", self.path, "--json"]
        return patience.run(command, **options)

    def run(self, *words):
        done = self.call(*words)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)} failed: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def digest(self):
        return self.run("status", "oem.example/boards")["datasets"][0]["digest"]

    def is_whole(self):
        return self.run("verify", "oem.example/boards")["ok"]

    def refuses(self, what, words, status, contains="", **options):
        """Checks that a command fails with a status and one line of error, and changes nothing."""
        done = self.call(*words, **options)
        try:
            error = json.loads(done.stderr.strip().splitlines()[-1])["error"]
        except (ValueError, KeyError, IndexError):
            error = {"code": "", "message": done.stderr}
        text = error["message"] + error.get("hint", "")
        check(
            done.returncode == status and done.stdout == "" and error["code"] != ""
            and contains in text,
            f"{what}: status {done.returncode}, {error['code']}: {text[:150]}")


def company(program, folder, origin):
    home = Home(program, folder / origin)
    home.run("init", "--org", origin, "--name", origin)
    return home


def coco(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


def bad_files(home, folder):
    """Label files with one thing wrong."""
    images = '"images":[{"id":1,"file_name":"a.png","width":10,"height":10}]'
    categories = '"categories":[{"id":1,"name":"spur"}]'

    def document(annotation, images=images):
        return '{%s,%s,"annotations":[%s]}' % (images, categories, annotation)

    good = '{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}'
    before = home.digest()
    fatal = {
        "cut": document(good)[:-9],
        "NaN": document('{"id":1,"image_id":1,"category_id":1,"bbox":[NaN,2,3,4]}'),
        "too deep": '{"info":' + "[" * 3000 + "]" * 3000 + "}",
        "a byte that is no UTF-8": None,
        "another document": '{"annotations":7}',
    }
    for what, text in fatal.items():
        path = folder / "bad.json"
        path.write_bytes(b'{"images":["\xff"]}' if text is None else text.encode())
        home.refuses(f"COCO, {what}", ["import", "boards", str(path), "--format", "coco"], 1)
    located = {
        "missing image": '{"id":1,"image_id":9,"category_id":1,"bbox":[1,2,3,4]}',
        "negative size": '{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,-3,4]}',
        "unknown category": '{"id":1,"image_id":1,"category_id":7,"bbox":[1,2,3,4]}',
        "1e999": '{"id":1,"image_id":1,"category_id":1,"bbox":[1e999,2,3,4]}',
        "duplicate id": good + "," + good.replace("[1,", "[2,"),
    }
    for what, annotation in located.items():
        path = coco(folder, "bad.json", document(annotation))
        done = home.call("import", "boards", path, "--format", "coco")
        # A file of which nothing was taken is a failure that says line by line why.
        said = json.loads(done.stdout) if done.stdout else {"skipped": [], "notes": []}
        # A doubled id costs the id alone.
        skipped = said["notes"] if what == "duplicate id" else said["skipped"]
        refused = done.returncode == 1 and "bad.json" in done.stderr
        place = "{}: {}".format(*skipped[0].values()) if skipped else done.stderr[:120]
        check(bool(skipped) or refused, f"COCO, {what}: {place.strip()}")
    home.refuses(
        "a file that is not there",
        ["import", "boards", str(folder / "none.json"), "--format", "coco"], 1, "none.json")
    home.refuses("an unknown format", ["import", "boards", "x", "--format", "nonsense"], 1)
    check(home.is_whole(), "after bad files the home is whole")
    return before


def wrong_use(home, folder):
    Home(home.program, folder / "nothing").refuses("no home", ["status"], 1, "init")
    done = home.call("nonsense")
    check(done.returncode == 2, f"an unknown command: status {done.returncode}")
    home.refuses("a dataset that is not there", ["list", "none"], 1)
    home.refuses("a bad dataset id", ["dataset", "create", "A B"], 2)
    home.refuses("an id that is none", ["show", "x"], 2)
    shown = home.run("show", "a.png")
    check(
        shown["item"] == "a.png" and len(shown["annotations"]) == 1, "an item is shown by its key")


def read_only(home, folder):
    try:
        nobody = Nobody(home.program, folder)
    except CannotDropRights as why:
        print(f"SKIPPED: a read-only home: {why}")
        return
    before = home.digest()
    copy = nobody.folder / "readonly"
    shutil.copytree(home.path, copy)
    for path in [copy, *copy.rglob("*")]:
        os.chmod(path, 0o555 if path.is_dir() else 0o444)
    held = Home(nobody.program, copy)
    for words in (["annotate", "boards", "x.png", "--class", "spur"], ["rebuild", "boards"]):
        held.refuses(f"a read-only home, {words[0]}", words, 1, "", **nobody.options)
    # What only reads goes on: it is when people most want to save what they have.
    place = nobody.folder / "saves"
    place.mkdir()
    os.chmod(place, 0o777)
    for words in (["status"], ["verify"], ["list", "boards"], ["backup", str(place / "one")]):
        done = held.call(*words, **nobody.options)
        check(done.returncode == 0, f"a read-only home, {words[0]}: {done.stderr.strip()[:150]}")
    check(Home(home.program, copy).digest() == before, "a read-only home is as it was")


def no_space(home, folder):
    rows = ["kind,item,class,selector,external_id"]
    for index in range(60_000):
        selector = '"{""kind"":""box"",""x"":%d,""y"":2,""width"":3,""height"":4}"' % index
        rows.append(f"annotation,board-{index % 300}.png,spur,{selector},{index}")
    table = folder / "many.csv"
    table.write_text("\n".join(rows) + "\n")
    words = ["import", "boards", str(table), "--format", "csv"]
    mount = folder / "small"
    mount.mkdir()
    if os.getuid() == 0 and shutil.which("mount") and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(mount)],
            capture_output=True).returncode == 0:
        try:
            full = Home(home.program, mount / "home")
            shutil.copytree(home.path, full.path)
            full.refuses("no space left", words, 1, "space")
            subprocess.run(["mount", "-o", "remount,size=300m", str(mount)], check=True)
            check(full.is_whole(), "after a full disk the home is whole")
            added = full.run(*words)
            check(
                added["added"] + added["unchanged"] == 60_000,
                f"with space again all is there: {added['added']} added, {added['unchanged']} were")
            check(full.is_whole(), "and the home is whole")
        finally:
            subprocess.run(["umount", str(mount)], check=True)
        return
    print("SKIPPED: a full disk needs a tmpfs; a limit on files' sizes stands for it")
    copy = folder / "limited"
    shutil.copytree(home.path, copy)
    limited = Home(home.program, copy)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    limited.refuses("no more file", words, 1, preexec_fn=limit)
    check(limited.is_whole(), "after it the home is whole")


def locked(home):
    path = pathlib.Path(home.path) / "logs/oem.example/oem.example/boards/lock"
    with open(path, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        home.refuses(
            "a log that another process holds",
            ["annotate", "boards", "x.png", "--class", "spur"], 3, "lock")


def damaged_table(home, folder):
    before = home.digest()
    copy = folder / "damaged"
    shutil.copytree(home.path, copy)
    held = Home(home.program, copy)
    for name in ("state.sqlite-wal", "state.sqlite-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(copy / name)
    (copy / "state.sqlite").write_bytes(b"this is no database" * 999)
    held.refuses("a label table that is none", ["status"], 1, "rebuild")
    held.run("rebuild")
    check(held.digest() == before, "a rebuild makes the table anew, with the same digest")


def damaged_log(home, folder):
    copy = folder / "tampered"
    shutil.copytree(home.path, copy)
    held = Home(home.program, copy)
    log = copy / "logs/oem.example/oem.example/boards"
    bundle = sorted((log / "tile/entries").rglob("*"))[-1]
    bytes_ = bytearray(bundle.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    bundle.write_bytes(bytes_)
    done = held.call("verify", "boards")
    problems = json.loads(done.stdout)["problems"]
    check(
        done.returncode == 1 and any("tile/" in problem["what"] for problem in problems),
        f"a flipped byte: {problems[0]['what'][:120] if problems else 'not found'}")
    bundle.write_bytes(bytes_[:-5])
    done = held.call("verify", "boards")
    check(done.returncode == 1, "a truncated bundle is found")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(home, port, log):
    with open(log, "w") as out:
        node = subprocess.Popen(
            [home.program, "serve", "--home", home.path, "--peer", f"127.0.0.1:{port}"], stderr=out)
    try:
        patience.answers(port, node, f"the node, which writes to {log},")
        yield node
    finally:
        patience.ended(node, "the node")


def network(oem, tier, stranger, folder):
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    for home, other in ((oem, tier), (tier, oem), (stranger, oem)):
        root = folder / f"{pathlib.Path(other.path).name}.pem"
        root.write_text(other.run("key", "show")["root"])
        where = ["--url", url] if other is oem else []
        home.run("partner", "add", pathlib.Path(other.path).name, "--root", str(root), *where)
    oem.run("member", "set", "boards", "tier.example", "--role", "annotator")
    tier.refuses("nobody answers", ["sync"], 4) if tier.call("sync").stdout == "" else check(
        tier.call("sync").returncode == 4, "nobody answers: status 4")
    with serving(oem, port, folder / "serve.log") as node:
        done = oem.call("serve", "--peer", f"127.0.0.1:{port}")
        check(
            done.returncode == 4 and "port" in done.stderr,
            f"a port in use: status {done.returncode}, {done.stderr.strip().splitlines()[-1][:120]}")
        done = stranger.call("sync")
        check(done.returncode == 4, f"a stranger: status {done.returncode}, {done.stdout[:150]}")
        tier.run("dataset", "join", "oem.example/boards")
        check(tier.digest() == oem.digest(), "a partner joins and has the same digest")

        def ask(method, path, body=None):
            context = ssl._create_unverified_context()
            context.load_cert_chain(tier.path + "/trust/own.pem", tier.path + "/keys/node.key")
            connection = http.client.HTTPSConnection(
                "127.0.0.1", port, context=context, timeout=patience.bound(60))
            try:
                connection.request(method, path, body)
                return connection.getresponse().status
            except (ConnectionError, ssl.SSLError):
                return 0
            finally:
                connection.close()

        log = "/v1/logs/tier.example/oem.example/boards/entries"
        for what, path, body, wanted in (
            ("without from", log, b"x", (400,)),
            ("from beyond the end", log + "?from=7", b"x", (409,)),
            ("a part that goes on from nowhere", log + "?from=0&at=9&more=1", b"x", (409,)),
            ("a cut push", log + "?from=0", b"\0\0\1\0abc", (422,)),
            ("a note of four gigabytes", log + "?from=0", b"\xff\xff\xff\xffabc", (422,)),
            ("garbage", log + "?from=0", b"\0\0\0\4abcd" + b"z" * 5000, (422,)),
            ("another's unknown log", "/v1/logs/a.example/b.example/c/entries?from=0", b"x", (404,)),
            ("more than the limit at once", log + "?from=0", b"z" * (33 << 20), (413, 0)),
        ):
            status = ask("POST", path, body)
            check(status in wanted, f"push, {what}: {status}")
        for path in ("/logs/../../etc/passwd", "/logs/tier.example/oem.example/boards/tile/0/%2e%2e",
                     "/logs/oem.example/oem.example/boards/keys", "/nonsense"):
            check(ask("GET", path) == 404, f"GET {path}: 404")
        check(node.poll() is None, "the node serves on")
        check(tier.call("sync").returncode == 0, "and the partner syncs on")
    check(oem.is_whole() and tier.is_whole(), "both homes are whole")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        oem, tier, stranger = (
            company(program, folder, f"{org}.example") for org in ("oem", "tier", "stranger"))
        oem.run("dataset", "create", "boards", "--title", "Boards")
        for item in ("a.png", "b.png"):
            oem.run("annotate", "boards", item, "--class", "spur", "--box", "1,2,3,4")
        wrong_use(oem, folder)
        bad_files(oem, folder)
        read_only(oem, folder)
        no_space(oem, folder)
        locked(oem)
        damaged_table(oem, folder)
        damaged_log(oem, folder)
        network(oem, tier, stranger, folder)
    if failures:
        sys.exit(f"{len(failures)} of the cases failed")


if __name__ == "__main__":
    main()
