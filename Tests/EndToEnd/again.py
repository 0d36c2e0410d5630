#!/usr/bin/env python3
"""A command that changes nothing says so, in words and in --json, and signs nothing.

Every command of the program stands in one of three tables here; a new one fails until somebody has said which.
"""

import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from words import BOARDS, ROOT, Pair, check, failures  # noqa: E402

# Each run of these says something of its own, or makes a file of its own.
ALWAYS_NEW = {
    "annotate": "each label is one more",
    "comment": "each comment is one more",
    "key rotate": "each key is a new one",
    "invite create": "each invitation is a new one",
    "people link": "each link is a new one",
    "bench": "it works on a home of its own",
}
# A second run ends with an error that says what is there already.
REFUSED = {
    "init": "home-exists", "dataset create": "dataset-exists", "key issue-person": "file-exists",
    "partner remove": "not-found", "gold seal": "gold-exists", "people approve": "no-key-request",
    "people forget": "not-found",
}
# These tell how much they moved, and write nothing but that.
COUNTED = {
    "sync": "pulled 0", "carry out": "wrote 0 entries", "carry in": "took 0 entries", "backup": " 0 new",
    "repair": "whole", "join": "joined", "store move": "nothing has changed",
}
READS = {
    "status", "key show", "key list", "partner list", "dataset list", "dataset show", "policy show", "export",
    "show", "list", "conflicts", "history", "quarantine", "verify", "prove", "rebuild", "schema show",
    "schema check", "schema export-json-schema", "schema history", "evidence", "serve", "invite list", "stage show",
    "stage summary", "doctor", "release list", "release show", "release verify", "release diff",
    "release prove", "release sheet",
    "agreement", "consensus", "gold list", "gold score", "queue list", "blind show", "label-errors", "people list",
    "people keys", "store show", "store check", "store rows show",
}


def leaves(program, path=()):
    """All commands, as their names on the command line."""
    text = subprocess.run([program, *path, "--help"], capture_output=True, text=True).stdout
    if "SUBCOMMANDS:" not in text:
        return [" ".join(path)]
    names = re.findall(r"^  ([a-z][a-z-]*)(?: \(default\))?(?:  .*| *)$", text.split("SUBCOMMANDS:")[1], re.M)
    return [leaf for name in names for leaf in leaves(program, (*path, name))]


def signed(home):
    """What the own logs and the home's small files hold."""
    files = [*home.path.glob(f"logs/{home.origin}/**/checkpoint"), *home.path.glob("trust/*"),
             *home.path.glob("keys/*"), *home.path.glob("left/**/*"), *home.path.glob("joined/**/*")]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
            if file.is_file() and file.suffix != ".lock"}


def again(home, *words, first=True):
    """Runs a command three times: once as it is, and then in words and in JSON, when nothing is left to change."""
    if first:
        home.ok(*words)
    before = signed(home)
    name = " ".join(map(str, words[:2]))
    done = home.ok(*words)
    check("nothing has changed" in done.text, f"{name} again says that nothing has changed", done.text)
    document = home.json(*words)
    check(not document["changed"], f"{name} again says so in --json", document)
    check(signed(home) == before, f"{name} again signs and writes nothing")
    return document


def writing(program, folder):
    pair = Pair(program, folder / "again")
    oem, tier = pair.oem, pair.tier
    done = set()

    def both(home, *words, **more):
        found = [name for name in (" ".join(map(str, words[:2])), words[0]) if name in ALL]
        done.update(found[:1])
        return again(home, *words, **more)

    label = tier.label("first.png")
    image = folder / "image.png"
    image.write_bytes(b"picture")
    twin = folder / "twin.png"
    twin.write_bytes(b"picture")
    for words in (
            ["items", "add", BOARDS, image, twin], ["items", "same", BOARDS, "twin.png", "image.png"],
            ["items", "same", BOARDS, "twin.png", "--apart"], ["set", label, "class=open"], ["retract", label],
            ["restore", label], ["review", label, "needs-work", "--reason", "blurred"], ["resolve", label, "--field", "class", "--value", "open"],
            ["stage", "set", BOARDS, "image.png", "--stage", "filter", "--state", "kept"],
            ["examined", BOARDS, "image.png"], ["examined", BOARDS, "image.png", "--withdraw"],
            ["audience", BOARDS, "--org", "oem.example"], ["audience", BOARDS, "--all"]):
        both(tier, *words)
    csv = folder / "labels.csv"
    csv.write_text('kind,item,class,selector,external_id\nannotation,image.png,spur,"{""kind"":""wholeItem""}",e1\n')
    tier.ok("import", BOARDS, csv, "--format", "csv")
    both(tier, "import", BOARDS, csv, "--format", "csv")
    schema = ROOT / "Examples" / "schema" / "board-defects.json"
    third = folder / "third.pem"
    third.write_text(oem.root.read_text())
    for words in (
            ["schema", "set", "boards", schema], ["policy", "set", "boards", "role-rank"],
            ["dataset", "witnesses", "boards", "--require", "1", "--org", "tier.example"],
            ["release", "quorum", "boards", "--require", "1"],
            ["member", "set", "boards", "tier.example", "--role", "reviewer"],
            ["partner", "add", "tier.example", "--url", "https://127.0.0.1:9"],
            ["partner", "add", "third.example", "--root", third],
            ["member", "set", "boards", "third.example", "--role", "reader"],
            ["member", "succeed", "boards", "third.example", "tier.example"],
            ["member", "cut", "boards", "third.example"],
            ["release", "create", "boards", "v1"]):
        both(oem, *words)
    oem.ok("partner", "add", "tier.example", "--no-url")
    password = folder / "password"
    password.write_text("correct horse\n")
    both(oem, "people", "add", "ann", "--role", "reviewer", "--password-file", password)
    both(oem, "people", "remove", "ann")
    keys(tier, oem, both, folder)
    invitations(oem, both)
    with oem.serving():
        tier.ok("sync")
        both(tier, "dataset", "join", BOARDS, first=False)
        check("pulled 0" in tier.ok("sync").out, "sync again says that it moved nothing")
        both(tier, "release", "countersign", BOARDS, "v1")
        both(oem, "release", "withdraw", BOARDS, "v1", "--reason", "wrong scale")
    quality(oem, both, folder)
    both(tier, "dataset", "leave", BOARDS)
    for name, sign in {"backup": ("backup", folder / "backup"), "carry out": ("carry", "out", BOARDS, folder / "stick"),
                       "carry in": ("carry", "in", folder / "stick"), "repair": ("repair",), "store move": ("store", "move", "--to", "folder")}.items():
        oem.ok(*sign)
        text = oem.ok(*sign).out
        check(COUNTED[name] in text, f"{name} again says that it moved nothing", text)
    refused(oem, folder)
    check(done == ALL, "every command that writes was tried", ALL ^ done)


def keys(tier, oem, both, folder):
    old = next(key["fingerprint"] for key in tier.json("key", "list")["keys"]
               if key["current"] and key["log"].startswith("tier"))
    tier.ok("key", "rotate")
    both(tier, "key", "revoke", old)
    both(tier, "key", "retire", old)
    issued = tier.json("key", "issue-person", "--email", "anna@tier.example", "-o", folder)
    tier.ok("annotate", BOARDS, "p.png", "--class", "spur", "--sign-cert", issued["certificate"], "--sign-key",
            issued["key"])
    both(tier, "key", "retire", issued["fingerprint"], "--dataset", BOARDS)
    with oem.serving():
        tier.ok("sync")
    # The steward's last word holds: another index is another word, the same one is not.
    both(oem, "key", "retire", issued["fingerprint"], "--at", "3", "--dataset", BOARDS)
    check(oem.json("key", "retire", issued["fingerprint"], "--at", "4", "--dataset", BOARDS)["changed"],
          "the steward moves where a key ended")
    done = tier.say("key", "retire", issued["fingerprint"], "--at", "1", "--dataset", BOARDS)
    check(done.status == 0 and "only the steward" in done.text, "a member is told who can move it", done.text)
    crl = folder / "tier.crl"
    crl.write_text((tier.path / "trust" / "own-revoked.pem").read_text())
    oem.ok("partner", "crl", "tier.example", "--remove")
    both(oem, "partner", "crl", "tier.example", crl)
    both(oem, "partner", "crl", "tier.example", "--remove")
    done = oem.ok("partner", "crl", "tier.example", "--remove")
    check("nothing has changed" in done.out, "partner crl --remove where there is none says so", done.out)


def quality(oem, both, folder):
    answers = folder / "answers.jsonl"
    answers.write_text('{"item":"image.png","class":"open","selector":{"kind":"wholeItem"}}\n')
    oem.ok("gold", "seal", "boards", "first", answers, "-o", folder / "first.gold")
    both(oem, "gold", "open", "boards", folder / "first.gold")
    both(oem, "queue", "assign", "boards", "image.png", "--to", "tier.example/kim")
    both(oem, "queue", "next", "boards")
    both(oem, "queue", "done", "boards", "image.png")
    both(oem, "blind", "on", "boards")
    both(oem, "blind", "off", "boards")


def invitations(oem, both):
    nonce = oem.json("invite", "boards", "--role", "reader", "--url", oem.url)["nonce"]
    both(oem, "invite", "revoke", nonce)


def refused(oem, folder):
    oem.ok("key", "issue-person", "--email", "otto@oem.example", "-o", folder)
    for words, code in {
            ("init", "--org", "oem.example", "--name", "x"): "home-exists",
            ("dataset", "create", "boards", "--title", "x"): "dataset-exists",
            ("key", "issue-person", "--email", "otto@oem.example", "-o", str(folder)): "file-exists",
            ("gold", "seal", "boards", "first", str(folder / "answers.jsonl"), "-o", str(folder / "x")): "gold-exists",
            ("people", "approve", "otto", *"one two three four five six".split()): "no-key-request",
            ("people", "forget", "otto"): "not-found",
            ("partner", "remove", "nobody.example"): "not-found"}.items():
        before = signed(oem)
        done = oem.say(*words, "--json")
        check(done.status == 1 and code in done.err and signed(oem) == before,
              f"{' '.join(words[:2])} again is refused as {code}", done.text)


# Found by the help of the program that is tested, in `main`.
ALL = set()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    commands = set(leaves(program))
    known = READS | set(ALWAYS_NEW) | set(REFUSED) | set(COUNTED)
    check(known <= commands, "the tables name commands that there are", known - commands)
    # An invitation is accepted, and pairing tried, by pairing.py; rows need a PostgreSQL, and Store/rows.py has one.
    ALL.update(commands - known - {"invite accept", "store rows all", "store rows none"})
    with tempfile.TemporaryDirectory(prefix="again-") as folder:
        writing(program, pathlib.Path(folder))
    if failures:
        sys.exit(f"{len(failures)} failed: {failures}")
    print("passed")


if __name__ == "__main__":
    main()
