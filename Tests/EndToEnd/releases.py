#!/usr/bin/env python3
"""A label set is named, countersigned over real sockets, and comes out the same whatever is labelled afterwards."""

import argparse
import json
import pathlib
import shutil
import tempfile

from supplier import OEM, TIER, Company, check, free_port, introduce

DATASET = f"{OEM}/boards"


def exported(company, folder, name, release="v1"):
    path = folder / name
    done = company.run("export", DATASET, "--format", "jsonl", "--release", release, "-o", str(path))
    return path.read_bytes(), done


def code(done):
    return json.loads(done.stderr)["error"]["code"] if done.returncode else None


def naming(oem, tier, folder):
    oem.run("annotate", DATASET, "a.png", "--class", "spur", "--box", "1,2,3,4")
    tier.run("sync")
    label = tier.run("annotate", DATASET, "a.png", "--class", "open", "--box", "5,6,7,8")["id"]
    gone = tier.run("annotate", DATASET, "b.png", "--class", "short", "--box", "5,6,7,8")["id"]
    tier.run("retract", gone)
    tier.run("sync")
    policy = oem.run("release", "quorum", DATASET, "--require", "1", "--org", TIER)
    check((policy["required"], policy["members"], policy["changed"]) == (1, [TIER], True), "a dataset has a quorum")
    made = oem.run("release", "create", DATASET, "v1")
    check((made["quorum"], made["asked"]) == (1, [TIER]), "which each release asks for")
    check(made["changed"] and not made["holds"] and made["countersigned"] == [], "a release waits for its quorum")
    check(code(oem.attempt("release", "countersign", DATASET, "v1")) == "own-release",
          "the steward does not countersign its own")
    waiting = oem.attempt("release", "verify", DATASET, "v1", "--holds")
    check(waiting.returncode == 1 and oem.attempt("release", "verify", DATASET, "v1").returncode == 0,
          "--holds asks for the quorum, too")
    told = oem.run("verify", DATASET)
    check((told["ok"], [(r["name"], r["ok"], r["holds"]) for r in told["releases"]]) == (True, [("v1", True, False)]),
          "verify recomputes a release, and says that it waits")
    again = oem.run("release", "create", DATASET, "v1")
    check(not again["changed"] and again["digest"] == made["digest"], "a second time nothing is written")
    check(code(tier.attempt("release", "create", DATASET, "v9")) == "not-steward", "the steward names releases")
    tier.run("sync")
    shown = [company.run("release", "show", DATASET, "v1") for company in (oem, tier)]
    check(shown[0] == shown[1], "both recompute the same")
    check((shown[0]["labels"], shown[0]["items"], shown[0]["ok"], shown[0]["policy"]) == (2, 2, True, "causal-height"),
          "with what it holds")
    check({head["origin"] for head in shown[0]["heads"]} == {OEM, TIER}, "and of which logs")
    check(tier.run("release", "countersign", DATASET, "v1")["countersigned"] == [TIER], "a partner countersigns")
    tier.run("sync")
    check(oem.run("release", "list", DATASET)["releases"][0]["holds"], "and the release holds")
    check(oem.attempt("release", "verify", DATASET, "v1", "--holds").returncode == 0, "and --holds has nothing to say")
    return label


def later(oem, tier, label, folder):
    first, done = exported(oem, folder, "first.jsonl")
    check(done["annotations"] == 2 and b'"spur"' in first, "an export of the release has its labels")
    tier.run("set", label, "class=mousebite")
    oem.run("annotate", DATASET, "c.png", "--class", "spur", "--box", "1,1,1,1")
    oem.run("policy", "set", DATASET, "owner-decides")
    tier.run("sync")
    for company in (oem, tier):
        check(exported(company, folder, f"{company.origin}.jsonl")[0] == first,
              f"{company.origin} writes the same bytes after all that")
        check(company.run("release", "verify", DATASET, "v1")["ok"], "and the release is right")
    oem.run("release", "create", DATASET, "v2")
    difference = oem.run("release", "diff", DATASET, "v1", "v2")
    check((difference["added"], difference["removed"]["labels"], difference["changed"]["labels"])
          == ({"labels": 1, "items": 1}, 0, 1), "what changed between two is told")
    check(any(change["id"] == label and change["kind"] == "changed" for change in difference["changes"]),
          "label by label")
    check(code(oem.attempt("release", "create", DATASET, "v1")) == "release-exists", "a name stays what it is")
    check(code(oem.attempt("export", DATASET, "--format", "jsonl", "--release", "v9", "-o", "x")) == "not-found",
          "a release that is none is named")


def proving(oem, tier, label, folder):
    late = oem.run("annotate", DATASET, "z.png", "--class", "spur")["id"]
    tier.run("sync")
    root = folder / "root.pem"
    root.write_text(oem.run("key", "show")["root"])
    for company in (oem, tier):
        found = []
        for name in (label, late):
            path = folder / "label.proof"
            company.run("prove", name, "--dataset", DATASET, "--release", "v1", "-o", str(path))
            found.append(company.run("verify", "--proof", str(path), "--trust", str(root))["release"])
        check([(part["name"], part["in"]) for part in found] == [("v1", True), ("v1", False)],
              f"{company.origin} proves what is in a release and what is not")
        check(found[0]["label"]["class"] == "open" and found[0]["countersigned"] == [TIER],
              "with what the label said then, and who has countersigned")


def ending(oem, tier):
    done = oem.run("release", "withdraw", DATASET, "v1", "--reason", "wrong scale")
    check(done["withdrawn"] == "wrong scale" and not done["holds"], "a release is withdrawn with a reason")
    tier.run("sync")
    done = tier.attempt("export", DATASET, "--format", "jsonl", "--release", "v1", "-o",
                        str(tier.home.parent / "withdrawn.jsonl"))
    check(done.returncode == 0 and "wrong scale" in done.stderr, "whoever takes it all the same is told")
    check(code(tier.attempt("release", "countersign", DATASET, "v1")) == "release-withdrawn",
          "and nobody countersigns it")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-releases-"))
    oem, tier = [Company(program, folder, origin) for origin in [OEM, TIER]]
    port = free_port()
    oem.run("init", "--org", OEM, "--name", "The manufacturer")
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.serve(port, folder / "oem.log")
    try:
        introduce(oem, tier, folder, port, "boards")
        label = naming(oem, tier, folder)
        later(oem, tier, label, folder)
        proving(oem, tier, label, folder)
        ending(oem, tier)
    finally:
        oem.stop()
    for company in (oem, tier):
        told = company.run("verify", DATASET)
        check(told["ok"] and [r["withdrawn"] for r in told["releases"]] == ["wrong scale", None],
              f"{company.origin}: all holds, and what was withdrawn is told")
    shutil.rmtree(folder)


main()
