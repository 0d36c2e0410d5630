#!/usr/bin/env python3
"""What members wrote is inert: on terminals, in the node's log, in the names of exported files.

One home writes what a hostile member would, all commands print it to a terminal, and all formats export it
into folders in which links lie.
"""

import argparse
import http.client
import json
import os
import pathlib
import pty
import select
import shutil
import stat
import subprocess
import tempfile
import termios

from supplier import OEM, ROOT, Company, check, free_port, patience

DATASET = f"{OEM}/boards"
BAD = "\x1b[2J\x1b]52;c;cm0=\x07\x1b[31mFAKE\r\ncountermark: all holds\u2028\x7f"
# What a name in a log may hold: no controls of ASCII.
NAME = "\u009b31m\u202eevil\u2066\u0085"
# Commands that were looked at through a pipe: a bare root has no /dev/pts.
PIPED = []
ACTIVE = {
    "a control": lambda c: ord(c) < 0x20 and c != "\n" or 0x7f <= ord(c) < 0xa0,
    "a separator": lambda c: c in "\u2028\u2029",
    "a bidirectional control": lambda c: c in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}
FORMATS = """coco deeppcb csv jsonl yolo yolo-seg yolo-pose yolo-obb voc voc-zero labelme cvat label-studio datumaro
kitti kitti-raw mot sustech pcd pcd-ascii sdf coco-panoptic nuscenes openlabel webvtt rttm textgrid audacity brat conll
conll-iobes spacy nab tcpd web-annotation preference dpo kto alpaca sqlite""".split()


def findings(text):
    """What of a text a terminal would obey, and lines that are not the program's own."""
    found = [name for name, is_active in ACTIVE.items() if any(map(is_active, text))]
    lines = [line for line in text.split("\n") if line.startswith("countermark: all holds")]
    return found + lines


def on_terminal(company, *words):
    """What a command writes to a terminal, as the terminal gets it; to a pipe where the system has no terminals."""
    try:
        mine, its = pty.openpty()
    except OSError as error:
        if not PIPED:
            print(f"SKIPPED: terminals, of which there are none ({error}); pipes are looked at instead")
        PIPED.append(words)
        done = subprocess.run(
            [company.program, *words, "--home", str(company.home)], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=patience.bound(patience.HANG_SECONDS))
        return (done.stdout + done.stderr).decode("utf-8", "replace")
    mode = termios.tcgetattr(its)
    mode[1] &= ~termios.OPOST
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(its, termios.TCSANOW, mode)
    process = subprocess.Popen(
        [company.program, *words, "--home", str(company.home)], stdin=its, stdout=its, stderr=its)
    os.close(its)
    out = b""
    while select.select([mine], [], [], patience.bound(patience.HANG_SECONDS))[0]:
        try:
            part = os.read(mine, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    process.wait(timeout=patience.bound(patience.HANG_SECONDS))
    os.close(mine)
    return out.decode("utf-8", "replace")


def is_inert(company, *words):
    text = on_terminal(company, *words)
    found = findings(text)
    check(not found, f"{' '.join(words)[:70]!r} prints nothing that a terminal obeys {found}")


def is_json(company, *words):
    done = company.attempt(*words)
    text = done.stdout or done.stderr
    json.loads(text)
    check(not findings(text), f"{words[0]} --json has escapes {findings(text)}")


def values(document):
    """All texts of a document, joined."""
    if isinstance(document, dict):
        return "\n".join(k + values(v) for k, v in document.items())
    if isinstance(document, list):
        return "\n".join(map(values, document))
    return str(document)


def write(company, folder):
    """What a hostile member writes; returns the label's id."""
    schema = {"schemaVersion": 1, "title": "t" + NAME, "classes": [
        {"name": "c\u202evil", "description": BAD}, {"name": "scratch"}]}
    (folder / "schema.json").write_text(json.dumps(schema))
    company.run("schema", "set", DATASET, str(folder / "schema.json"))
    label = company.run(
        "annotate", DATASET, "img/" + NAME, "--class", "c" + NAME, "--box", "1,2,3,4",
        "--attr", f"attr{NAME}={BAD}", "--author", "author" + NAME)["id"]
    company.run("annotate", DATASET, "img/plain.png", "--class", "outside" + NAME, "--box", "1,2,3,4")
    company.run("comment", label, BAD)
    company.run("review", label, "reject", "--reason", BAD)
    company.run("set", label, f"attr{NAME}=other{BAD}")
    company.run("stage", "set", DATASET, "img/" + NAME, "--stage", "filter", "--state", "excluded",
                "--why", BAD)
    return label


def terminals(company, folder):
    label = write(company, folder)
    key = "img/" + NAME
    odd = folder / ("odd\x1b[2J\n\u202e.csv")
    odd.write_text(f"item,class,selector\n{key},x,{{}}\na,b\n")
    for words in [
        ["list", DATASET], ["history", DATASET], ["conflicts", DATASET], ["quarantine", DATASET],
        ["status"], ["dataset", "list"], ["dataset", "show", DATASET], ["show", label],
        ["show", key, "--dataset", DATASET], ["stage", "show", DATASET, key],
        ["stage", "summary", DATASET, "--group"], ["schema", "show", DATASET],
        ["schema", "show", DATASET, "--json"], ["schema", "check", DATASET],
        ["schema", "history", DATASET], ["schema", "json-schema", DATASET], ["verify"],
        ["invite", "list"], ["partner", "list"], ["key", "show"], ["evidence"],
        ["import", DATASET, str(odd), "--format", "csv"],
        ["import", DATASET, str(folder / BAD.replace("/", "")), "--format", "csv"],
        ["items", "add", DATASET, str(odd)], ["show", BAD], ["list", BAD], ["list", DATASET, "--" + BAD],
        ["partner", "remove", "x" + BAD], ["comment", label, ""], ["sync", "--with", BAD],
        ["annotate", DATASET, key + "2", "--class", "c", "--selector", BAD],
        ["export", DATASET, "--format", "yolo", "-o", str(folder / ("out" + BAD.replace("/", "")))],
        ["export", DATASET, "--format", BAD],
    ]:
        is_inert(company, *words)
    for words in [["list", DATASET], ["show", label], ["history", DATASET], ["show", BAD],
                  ["conflicts", DATASET], ["stage", "show", DATASET, key]]:
        is_json(company, *words)
    shown = company.run("show", label)
    check(BAD in values(shown) and NAME in values(shown), "and the JSON says exactly what was written")


def log(company, folder):
    port, operator = free_port(), free_port()
    path = folder / "serve.log"
    with open(path, "w") as file:
        node = subprocess.Popen(
            [company.program, "serve", "--home", str(company.home), "--peer", f"127.0.0.1:{port}",
             "--ui", f"127.0.0.1:{operator}"], stdout=file, stderr=file)
    try:
        patience.answers(operator, node, f"the node, which writes to {path},")
        connection = http.client.HTTPConnection(
            "127.0.0.1", operator, timeout=patience.bound(patience.HANG_SECONDS))
        connection.request("GET", "/%1b%5b2J%0acountermark:%20all%20holds")
        connection.getresponse().read()
    finally:
        patience.ended(node, "the node")
    text = path.read_text("utf-8", "replace")
    check(text and not findings(text), f"the serving node's log is inert {findings(text)}")


def name(company, path, format="voc"):
    done = company.attempt("export", DATASET, "--format", format, "-o", str(path))
    document = json.loads(done.stdout) if done.returncode == 0 else json.loads(done.stderr)["error"]
    return done.returncode, document


def names(company, folder):
    keys = ["img/1.png", "../img/1.png", "img/1.jpg", "\u00e9.png", "e\u0301.png", "p/q.png", "p//q.png",
            "x" * 1000, "img/1.xml/2.png", "UPPER.png", "upper.png", ".hidden/a.png", "a/./b.png"]
    for key in keys:
        company.run("annotate", DATASET, key, "--class", "scratch", "--box", "1,2,3,4")
    for format in FORMATS:
        status, document = name(company, folder / "all" / format, format)
        check(status == 0, f"{format} is exported beside impossible names {document.get('message', '')}")
    status, document = name(company, folder / "names")
    files = {str(p.relative_to(folder / "names")) for p in (folder / "names").rglob("*.xml") if p.is_file()}
    check({f"Annotations/{n}.xml" for n in ["img/1", "\u00e9", "e\u0301", "p/q", "UPPER", "upper"]} <= files,
          "names of other bytes are other files")
    check(all("../img" not in p and ".hidden" not in p for p in files), "nothing hidden, nothing outside")
    left = [entry["item"] for entry in document["leftOut"]]
    check(set(left) == {"img/1.png", "../img/1.png", "p//q.png", "x" * 1000, "img/1.xml/2.png",
                        ".hidden/a.png", "a/./b.png", "img/" + NAME},
          f"whoever has no file is named {left}")
    check(left == sorted(left, key=lambda k: k.encode()), "in the order of the bytes")
    text = on_terminal(company, "export", DATASET, "--format", "voc", "-o", str(folder / "names"))
    check('left out: img/1.png: "Annotations/img/1.xml" is the name of the item "img/1.jpg"' in text,
          "with the reason")
    company.run("export", DATASET, "--format", "csv", "-o", str(folder / "a.csv"))
    check("=" not in [line[:1] for line in (folder / "a.csv").read_text().split("\n")], "no formula begins")


def links(company, folder):
    place = folder / "links"
    (place / "elsewhere").mkdir(parents=True)
    target = place / "target"
    target.write_text("precious")

    def refused(what, path, link, format, to=target, *words):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(to)
        done = company.attempt(*(words or ["export", DATASET, "--format", format, "-o", str(path)]))
        check(done.returncode == 1 and "is a link" in done.stderr, f"{what} is refused {done.stderr[:90]}")
        check(target.read_text() == "precious" and not list((place / "elsewhere").iterdir()),
              "and nothing is written behind it")
        link.unlink()

    for format in ["csv", "jsonl", "coco", "sqlite"]:
        path = place / f"x.{format}"
        refused(f"a link at the {format} file", path, path, format)
    for format in ["csv", "coco", "tcpd"]:
        path = place / f"x.{format}"
        refused(f"a link at {format}'s unfinished file", path, place / f"x.{format}.partial", format)
    for inner in ["Annotations", "Annotations/img"]:
        refused(f"a link at the folder {inner}", place / "voc", place / "voc" / inner, "voc", place / "elsewhere")
        shutil.rmtree(place / "voc")
    for inner in ["Annotations/img/1.xml", "Annotations/img/1.xml.partial"]:
        refused(f"a link at {inner}", place / "voc", place / "voc" / inner, "voc")
        shutil.rmtree(place / "voc")
    label = company.run("list", DATASET)["annotations"][0]["id"]
    for what, words in {
        "a link at the proof": ["prove", label, "-o"], "a link at the schema": ["schema", "show", DATASET],
        "a link at the invitation":
            ["invite", "create", "boards", "--role", "reader", "--url", "https://oem.example:7443", "-o"],
    }.items():
        refused(what, None, place / "file", "", target, *words, str(place / "file"))
    (place / "link").symlink_to(place / "elsewhere")
    status, _ = name(company, place / "link")
    check(status == 0 and (place / "elsewhere" / "Annotations").is_dir(),
          "an output folder may be a link that the user names")
    sidecar = place / "s.json.countermark.jsonl"
    sidecar.symlink_to(target)
    done = company.attempt("export", DATASET, "--format", "coco", "--sidecar", "-o", str(place / "s.json"))
    check(done.returncode == 1 and target.read_text() == "precious", "a link at the sidecar is refused")
    check(company.attempt("export", DATASET, "--format", "csv", "-o", "-").returncode == 2,
          "labels are not written to a terminal")
    check(not list(place.rglob("*.partial")), "nothing unfinished is left")


def sent(company, to, *words, json_too=True):
    """Runs a command whose standard output is a file that takes nothing, or is closed."""
    command = [company.program, *words, "--home", str(company.home)] + ["--json"] * json_too
    with open(to or "/dev/null", "w") as file:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, text=True,
            preexec_fn=None if to else lambda: os.close(1), timeout=patience.bound(patience.HANG_SECONDS))


def lost(company, folder):
    """What cannot be written to standard output is an error, whatever the command."""
    for to in ["/dev/full", None]:
        for words, json_too in [
            (["list", DATASET], True), (["list", DATASET], False), (["status"], True), (["key", "show"], True),
            (["schema", "show", DATASET], False), (["verify"], False), (["--help"], False), (["export", "--help"], False),
            (["export", DATASET, "--format", "csv", "-o", str(folder / "lost.csv")], True),
        ]:
            done = sent(company, to, *words, json_too=json_too)
            text = done.stderr.split("\n")[-2] if done.stderr else ""
            check(done.returncode == 1 and "standard output takes no more" in text,
                  f"{' '.join(words)[:40]} into {to or 'nothing'}: {done.returncode} {text[:60]}")
            check(not json_too or json.loads(text)["error"]["code"] == "output-lost", "as a document where one is asked for")
    check(company.run("verify")["ok"], "and no file of the home was taken for standard output")
    done = sent(company, "/dev/full", "comment", company.run("list", DATASET)["annotations"][0]["id"], "x")
    check(done.returncode == 1 and "written all the same" in done.stderr, "what was signed is said to be")
    for words in [[], ["-o", "/dev/full"], ["-o", str(folder / "no" / "such" / "folder")]]:
        done = sent(company, "/dev/full", "invite", DATASET, "--role", "reader", "--url", "https://127.0.0.1:9", *words)
        error = json.loads(done.stderr)["error"]
        place = error["hint"].split("it lies in ")[-1].split(":")[0]
        check(done.returncode == 1 and "BEGIN" in pathlib.Path(place).read_text()
              and stat.S_IMODE(os.stat(place).st_mode) == 0o600, f"an invitation that nobody got is kept: {error['hint']}")


def inside(company, folder):
    """Nothing that a user asks for is written over the home's own files."""
    home, label = company.home, company.run("list", DATASET)["annotations"][0]["id"]
    (folder / "way").symlink_to(home)
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file() and p.suffix == ".key" or p.name == "config.json"}
    for words in [
        *(["export", DATASET, "--format", format, "-o"] for format in ("coco", "sqlite", "yolo")),
        ["prove", label, "-o"], ["schema", "export-json-schema", DATASET, "-o"], ["carry", "out", DATASET],
        ["schema", "show", DATASET], ["key", "issue-person", "--email", f"kim@{OEM}", "-o"],
        ["invite", DATASET, "--role", "reader", "--url", "https://127.0.0.1:9", "-o"],
        ["gold", "seal", DATASET, "g", str(folder / "a.csv"), "--format", "csv", "-o"],
        ["import", DATASET, str(folder / "a.csv"), "--format", "csv", "--propose-mapping"],
    ]:
        for path in [home / "config.json", folder / "way" / "keys" / "node.key"]:
            done = company.attempt(*words, str(path))
            check(done.returncode == 2 and json.loads(done.stderr)["error"]["code"] == "inside-home",
                  f"{' '.join(words)[:40]} into the home is refused {done.stderr[:90]}")
    check({p: p.read_bytes() for p in before} == before, "and the home is what it was")
    check(company.attempt("backup", str(home / "b")).returncode == 1, "nor is a backup kept in it")


def again(company, folder):
    """The folder of an export holds nothing but the next export."""
    company.run("dataset", "create", "again", "--title", "A")
    first = {key: company.run("annotate", "again", key, "--class", "dent", "--box", "1,2,3,4")["id"]
             for key in ("a.png", "b.png")}
    formats = ["voc", "labelme", "kitti"]
    folders = {format: folder / "again" / format for format in formats}
    (folder / "again").mkdir()

    def export(format, *words):
        return company.attempt("export", "again", "--format", format, "-o", str(folders[format]), *words)

    for format in formats:
        check(json.loads(export(format).stdout)["removed"] == [], f"{format}: nothing is removed at first")
    company.run("retract", first["b.png"], "--dataset", f"{OEM}/again")
    for format in formats:
        removed = json.loads(export(format).stdout)["removed"]
        check(len(removed) == 1 and "b" in removed[0] and not (folders[format] / removed[0]).exists(),
              f"{format}: what is no longer in the export is removed: {removed}")
    for words in [["--class", "dnet"], ["--author", "nobody"], ["--view", "org:tire.example"]]:
        done = export("voc", *words)
        check(done.returncode == 2 and "unknown-name" in done.stderr and list(folders["voc"].rglob("a.xml")),
              f"{words}: an unknown name leaves the last export as it is")


def home(program, folder):
    before = os.umask(0o022)
    try:
        company = Company(program, folder, "open.example")
        (company.home / "logs").mkdir(parents=True)
        company.home.chmod(0o755)
        company.run("init", "--org", "open.example", "--name", "Open")
    finally:
        os.umask(before)
    check(stat.S_IMODE(company.home.stat().st_mode) == 0o700, "a home in an open folder closes it")
    keys = [stat.S_IMODE(p.stat().st_mode) for p in (company.home / "keys").iterdir()]
    check(keys and set(keys) == {0o600}, "keys are their owner's alone")
    company = Company(program, folder, "linked.example")
    company.home.mkdir()
    (company.home / "keys").symlink_to(folder)
    done = company.attempt("init", "--org", "linked.example", "--name", "Linked")
    check(done.returncode == 1 and "not-own" in done.stderr, "a home is not made through links")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=ROOT / ".build" / "debug" / "countermark")
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-outputs-"))
    try:
        home(program, folder)
        oem = Company(program, folder, OEM)
        oem.run("init", "--org", OEM, "--name", "OEM" + NAME)
        oem.run("dataset", "create", "boards", "--title", "T" + NAME)
        (folder / "all").mkdir()
        terminals(oem, folder)
        log(oem, folder)
        names(oem, folder)
        links(oem, folder)
        lost(oem, folder)
        inside(oem, folder)
        again(oem, folder)
    finally:
        shutil.rmtree(folder)
    print("all that is put out is inert")


if __name__ == "__main__":
    main()
