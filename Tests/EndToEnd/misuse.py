#!/usr/bin/env python3
"""Commands that are given what cannot be meant: each is refused with words of its own, and leaves nothing behind."""

import argparse
import json
import os
import pathlib
import shutil
import tempfile
import time

from supplier import OEM, TIER, Company, check

NAME = "boards"
DATASET = f"{OEM}/{NAME}"


class Pair:
    """A manufacturer and its supplier, who carry their logs to each other."""

    def __init__(self, program, folder, role):
        self.folder = folder
        folder.mkdir()
        self.oem, self.tier = oem, tier = [Company(program, folder, origin) for origin in (OEM, TIER)]
        for company in (oem, tier):
            company.run("init", "--org", company.origin, "--name", "x")
            (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
        oem.run("dataset", "create", NAME, "--title", "Boards")
        oem.run("partner", "add", TIER, "--root", str(folder / f"{TIER}.pem"))
        tier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"))
        oem.run("member", "set", NAME, TIER, "--role", role)
        for number in "12":
            (folder / f"{number}.png").write_text(number)
        oem.run("items", "add", NAME, str(folder / "1.png"), str(folder / "2.png"))
        self.carry(oem, tier)

    def carry(self, one, other):
        stick = self.folder / "stick"
        shutil.rmtree(stick, ignore_errors=True)
        one.run("carry", "out", DATASET, str(stick), "--for", other.origin)
        other.run("carry", "in", str(stick))

    def labelled(self, name):
        id = self.oem.run("annotate", DATASET, "1.png", "--class", name)["id"]
        self.carry(self.oem, self.tier)
        return id


def refused(company, code, *words, needs=""):
    """Runs a command that is refused with a code, and words that it needs to say; nothing is signed."""
    before = company.run("status", DATASET)["datasets"][0]["digest"]
    done = company.attempt(*[str(word) for word in words])
    said = json.loads(done.stderr.splitlines()[-1])["error"] if done.stderr.startswith("{") else {"code": done.stderr}
    text = f"{said.get('message', '')} {said.get('hint', '')}"
    check(done.returncode in (1, 2) and said["code"] == code and needs in text,
          f"{' '.join(map(str, words))[:90]} is refused: {code}, {text[:160]} ({done.returncode})")
    check(company.run("status", DATASET)["datasets"][0]["digest"] == before, "and nothing is signed")


def blind(program, folder):
    """What a company is not shown yet is neither judged nor passed on."""
    pair = Pair(program, folder / "blind", "reviewer")
    oem, tier = pair.oem, pair.tier
    hidden = pair.labelled("secret")
    tier.run("annotate", DATASET, "2.png", "--class", "other")
    pair.carry(tier, oem)
    oem.run("blind", "on", NAME)
    pair.carry(oem, tier)
    refused(tier, "blind", "stage", "set", DATASET, hidden, "--stage", "quality", "--state", "rejected")
    path = folder / "guess.jsonl"
    for guess in ("secret", "open"):
        path.write_text(json.dumps({
            "item": "1.png", "class": guess, "selector": {"kind": "wholeItem"}, "id": hidden, "org": OEM}) + "\n")
        for way in (["--dry-run"], []):
            done = tier.attempt("import", DATASET, str(path), "--format", "jsonl", *way)
            report = json.loads(done.stdout)
            check(report["changed"] == 0 and report["unchanged"] == 0 and report["skippedCount"] == 1
                  and "blind" in report["skipped"][0]["why"], f"a guess of what is hidden learns nothing ({guess})")
    for items, added in (([], 0), (["1.png"], 1)):
        if items:
            oem.run("examined", NAME, *items)
        done = oem.run("consensus", NAME, "--method", "majority", "--write")
        check(done["hidden"] == 2 - len(items) and done["written"]["added"] == added,
              f"a consensus is signed of the {len(items)} items that the steward has examined")
    check({a["class"] for a in oem.run("list", NAME)["annotations"]} == {"secret"}, "and tells nothing of others")


def labels(program, folder):
    pair = Pair(program, folder / "labels", "annotator")
    oem, tier = pair.oem, pair.tier
    label = pair.labelled("a")
    for field in ("stage.filter=kept", "stage.qualty=accepted", "stage.quality=bogus", "sha256=x", "bytes=lots",
                  "examined=true"):
        done = oem.attempt("set", label, field)
        check(done.returncode in (1, 2), f"set LABEL {field} is refused: {done.stderr.strip()[:150]}")
    for field, value in (("sha256", "x"), ("bytes", "lots"), ("mediaType", "5"), ("examined", "maybe"),
                         ("sameAs", "nope.png"), ("sameAs", "2.png")):
        done = oem.attempt("resolve", "1.png", "--dataset", NAME, "--field", field, "--value", value)
        check(done.returncode in (1, 2), f"resolve --field {field} --value {value}: {done.stderr.strip()[:150]}")
    check(oem.run("set", label, "externalID=10")["changed"] and oem.run("show", label)["fields"]["externalID"]["value"]
          == "10", "an external id is a text, whatever it looks like")
    check(oem.attempt("comment", label, " ").returncode == 2, "a comment says something")
    check(oem.attempt("annotate", NAME, "1.png", "--class", "a", "--box", "1,2,3,4", "--selector",
                      '{"kind":"wholeItem"}').returncode in (2, 64), "a label has one place")
    # A suggestion is made once, and what was accepted is not rejected any more.
    pair.carry(oem, tier)
    suggestion = tier.run("set", label, "--dataset", DATASET, "class=b")["id"]
    again = tier.run("set", label, "--dataset", DATASET, "class=b")
    check(not again["changed"] and again["suggestion"], "the same suggestion again is not signed again")
    pair.carry(tier, oem)
    oem.run("review", suggestion, "--dataset", DATASET, "accept")
    refused(oem, "usage", "review", suggestion, "--dataset", DATASET, "reject", needs="was accepted")


def names(program, folder):
    pair = Pair(program, folder / "names", "reviewer")
    oem = pair.oem
    oem.run("annotate", NAME, "1.png", "--class", "a")
    refused(oem, "unknown-name", "release", "create", NAME, "r", "--org", "oem.exmaple", needs="oem.exmaple")
    refused(oem, "bad-threshold", "release", "create", NAME, "r", "--quorum", "9", needs="cannot be reached")
    oem.run("release", "create", NAME, "r")
    refused(oem, "unknown-name", "export", NAME, "--release", "r", "--format", "jsonl", "-o", folder / "r.jsonl",
            "--class", "aa", needs="no label of")
    refused(oem, "not-found", "release", "countersign", NAME, "nope")
    for words in (["repair", "nope"], ["sync", "nope"], ["key", "list", "--dataset", "nope"],
                  ["invite", "list", "nope"], ["queue", "assign", NAME, "1.png", "--to", "tier.exmaple"],
                  ["queue", "list", NAME, "--to", "tier.exmaple"],
                  ["carry", "out", NAME, folder / "none", "--for", "tier.exmaple"]):
        refused(oem, "not-found", *words)
    refused(oem, "no-file", "repair", NAME, "--from", folder / "nowhere")
    refused(oem, "own-origin", "member", "cut", NAME, OEM, needs="steward")
    refused(oem, "own-origin", "member", "succeed", NAME, OEM, TIER, needs="steward")
    for url in ("https://127.0.0.1:7443/path", "https://u:p@127.0.0.1:7443", "https://h:99999", "http://h:7443"):
        refused(oem, "bad-url", "invite", NAME, "--role", "reviewer", "--url", url, needs="HOST:PORT")
    done = oem.attempt("agreement", NAME, "--since", "2026-02-30")
    check(done.returncode in (2, 64) and "no time" in done.stderr, "the 30th of February is no day")
    # Who changes his mind about which of two keys stands for both is taken at his last word.
    (pair.folder / "copy.png").write_text("1")
    oem.run("items", "add", NAME, str(pair.folder / "copy.png"))
    for one, other in (("copy.png", "1.png"), ("1.png", "copy.png")):
        oem.run("items", "same", NAME, one, other)
        check(oem.run("show", "1.png", "--dataset", NAME)["item"] == other, f"{one} is shown as {other}")


def files(program, folder):
    pair = Pair(program, folder / "files", "reviewer")
    oem = pair.oem
    (folder / "answers.jsonl").write_text(
        '{"item":"1.png","class":"a","selector":{"kind":"wholeItem"}}\n')
    (folder / "pictures").mkdir()
    pipe, huge = folder / "pipe", folder / "huge"
    os.mkfifo(pipe)
    with open(huge, "wb") as file:
        file.truncate(8 << 30)
    answers = folder / "answers.jsonl"
    refused(oem, "bad-file", "gold", "seal", NAME, "g", answers, "-o", answers / "x", needs="cannot be written")
    refused(oem, "file-exists", "gold", "seal", NAME, "g", answers, "-o", huge, needs="there already")
    for path in (pipe, folder / "pictures", huge):
        for words in (["gold", "open", NAME, path], ["evidence", path], ["partner", "crl", TIER, path],
                      ["verify", "--proof", path, "--trust", folder / f"{OEM}.pem"]):
            done = oem.attempt(*map(str, words))
            text = done.stdout + done.stderr
            check(done.returncode in (1, 2) and "countermark verify" not in text and "countermark repair" not in text,
                  f"{words[0]} {words[1]} of {path.name}: {text.strip()[:140]}")
    # A list that was newer stays, and one that nobody of the partner's has signed is not taken.
    tier = pair.tier
    tier.run("annotate", DATASET, "1.png", "--class", "a")
    lists = []
    for stolen in (False, True):
        if stolen:
            old = str(shutil.copy(tier.home / "trust" / "own.pem", folder / "old.pem"))
            tier.run("key", "rotate")
            time.sleep(1.1)  # Lists are dated to the second.
            tier.run("key", "revoke", old, "--stolen")
        else:
            tier.run("key", "revoke", "--renew")
        lists.append(folder / f"list-{stolen}.pem")
        lists[-1].write_text(pathlib.Path(tier.home, "trust", "own-revoked.pem").read_text().split("#")[0])
    oem.run("partner", "crl", TIER, str(lists[1]))
    refused(oem, "bad-file", "partner", "crl", TIER, lists[0], needs="older")
    check(not oem.run("partner", "crl", TIER, str(lists[1]))["changed"], "the newer list is kept")


def sticks(program, folder):
    """What is wrong with a stick is named, and nothing of the home is blamed for it."""
    pair = Pair(program, folder / "sticks", "reviewer")
    oem, tier = pair.oem, pair.tier
    tier.run("annotate", DATASET, "2.png", "--class", "b")
    pair.carry(tier, oem)
    oem.run("annotate", NAME, "1.png", "--class", "a")
    stick = folder / "bad-stick"
    for what in ("no checkpoint", "a folder as checkpoint", "a link", "a damaged checkpoint"):
        shutil.rmtree(stick, ignore_errors=True)
        oem.run("carry", "out", NAME, str(stick), "--for", TIER)
        log = stick / "logs" / OEM / OEM / NAME
        if what == "a link":
            log.rename(folder / "elsewhere")
            log.symlink_to(folder / "elsewhere")
        elif what == "a damaged checkpoint":
            (log / "checkpoint").write_text("x")
        else:
            (log / "checkpoint").unlink()
            if "folder" in what:
                (log / "checkpoint").mkdir()
        done = tier.attempt("carry", "in", str(stick))
        text = done.stdout + done.stderr
        check(done.returncode == 1 and "carry it out anew" in text and "countermark repair" not in text
              and "countermark verify" not in text, f"a stick with {what} is named: {text.strip()[:200]}")
        shutil.rmtree(folder / "elsewhere", ignore_errors=True)
    backup = folder / "backup"
    oem.run("backup", str(backup))
    (backup / "logs" / OEM / OEM / NAME / "checkpoint").write_text("x")
    done = oem.attempt("backup", str(backup))
    text = done.stdout + done.stderr
    check(done.returncode == 1 and "written anew" in text and "damaged" in text,
          f"a damaged copy in a backup is written anew, and named: {text[:200]}")
    check(any((backup / "damaged").rglob("checkpoint")), "what was there is kept")
    check(oem.run("backup", str(backup))["ok"], "the next one is whole")
    done = oem.attempt("history", NAME, "--org", "misspelt.example")
    check(done.returncode == 1 and "misspelt.example" in done.stdout + done.stderr, "a misspelt company has no past")
    done = oem.attempt("list", NAME, "--org", "misspelt.example")
    check(done.returncode == 1 and "misspelt.example" in done.stdout + done.stderr, "and no labels")
    nothing = folder / "unclassed.jsonl"
    nothing.write_text('{"kind":"annotation","item":"a","class":"","selector":{"kind":"wholeItem"}}\n')
    done = oem.attempt("import", NAME, str(nothing), "--format", "jsonl")
    check("1 labels have no class" in done.stdout + done.stderr, "a label without a class is told of")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-misuse-"))
    try:
        for part in (blind, labels, names, files, sticks):
            part(program, folder)
    finally:
        shutil.rmtree(folder)
    print("what cannot be meant is refused")


if __name__ == "__main__":
    main()
