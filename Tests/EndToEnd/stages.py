#!/usr/bin/env python3
"""Filter, clean, annotate, quality and "nothing found" between two companies with the real program over real sockets."""

import argparse
import json
import pathlib
import shutil
import tempfile

from supplier import OEM, TIER, Company, check, free_port, introduce, patience

DATASET = f"{OEM}/presses"


def records(folder):
    """Twelve small records of three presses."""
    made = folder / "records"
    made.mkdir()
    for number in range(12):
        (made / f"press{number % 3}-{number:02}.csv").write_text(f"t,a\n0,{number}\n")
    return made, sorted(path.name for path in made.iterdir())


def filtering(oem, tier, keys, folder):
    names = folder / "names.txt"
    names.write_text("\n".join(keys) + "\n")
    report = oem.run("stage", "set", DATASET, "--items-from", str(names), "--stage", "filter",
                     "--state", "kept")
    check((report["changed"], report["changesets"]) == (12, 1), "one statement keeps all items")
    again = oem.run("stage", "set", DATASET, *keys, "--stage", "filter", "--state", "kept")
    check((again["unchanged"], again["changesets"]) == (12, 0), "said again, nothing is written")
    piped = patience.run(
        [oem.program, "stage", "set", DATASET, "--items-from", "-", "--stage", "filter", "--state",
         "kept", "--home", str(oem.home), "--json"], input=keys[0].replace("press", "nopress"))
    check(piped.returncode == 1 and json.loads(piped.stderr)["error"]["code"] == "not-found",
          "an item that nobody registered is refused")
    wrong = oem.attempt("stage", "set", DATASET, keys[0], "--stage", "filter", "--state", "done")
    check(wrong.returncode != 0 and "kept, excluded" in wrong.stderr, "a wrong state names the right ones")

    tier.run("sync")
    # Both decide before they hear of each other.
    oem.run("stage", "set", DATASET, keys[0], "--stage", "filter", "--state", "excluded",
            "--why", "sensor was loose")
    tier.run("stage", "set", DATASET, keys[0], "--stage", "filter", "--state", "excluded",
             "--why", "wrong press")
    tier.run("sync")
    for company in [oem, tier]:
        found = company.run("conflicts", DATASET)["conflicts"]
        check([(c["item"], c["field"], c["annotation"]) for c in found]
              == [(keys[0], "stage.filter", None)], f"{company.origin} sees the conflict")
        check({c["org"]: c["value"]["why"] for c in found[0]["candidates"]}
              == {OEM: "sensor was loose", TIER: "wrong press"}, "with both reasons")
        counts = company.run("stage", "summary", DATASET)["ofItems"]["filter"]
        check((counts["contested"], counts["states"]["kept"]) == (1, 11), "and the summary says so")
    oem.run("resolve", keys[0], "--dataset", DATASET, "--field", "stage.filter", "--take", TIER)
    tier.run("sync")
    for company in [oem, tier]:
        check(company.run("conflicts", DATASET)["conflicts"] == [], "the conflict is settled")
        story = company.run("stage", "show", DATASET, keys[0])["fields"]["stage.filter"]
        check(story["value"] == {"state": "excluded", "why": "wrong press"} and not story["contested"],
              f"as {TIER} said, on both sides")
        check(len(story["writes"]) == 4, "and every statement is remembered")


def cleaning(oem, tier, source, folder):
    derived = "press1-01.clean.csv"
    report = tier.run("stage", "set", DATASET, derived, "--stage", "clean", "--state", "done",
                      "--from", source, "--how", "bandpass 10-500 Hz")
    check(report["added"] == 1, "a cleaned item is registered")
    tier.run("sync")
    made = folder / derived
    made.write_text("t,a\n0,1.5\n")
    check(oem.run("items", "add", DATASET, str(made))["added"] == 1, "its digest comes with the file")
    tier.run("sync")
    for company in [oem, tier]:
        item = company.run("show", derived)
        check(item["derivedFrom"] == source, "the cleaned item says from what it was made")
        check("sha256" in item["fields"], "and has its digest")
        check(company.run("show", source)["derivedItems"] == [derived], "and its source names it")
    back = oem.attempt("stage", "set", DATASET, source, "--stage", "clean", "--state", "done",
                       "--from", derived)
    check(json.loads(back.stderr)["error"]["code"] == "circular-source", "nothing is made from itself")
    counts = oem.run("stage", "summary", DATASET)["ofItems"]["clean"]
    check((counts["states"]["done"], counts["sources"], counts["notStarted"]) == (1, 1, 10),
          "the summary counts both apart")


def labelling(oem, tier, keys):
    label = tier.run("annotate", DATASET, keys[1], "--class", "spike")["id"]
    tier.run("annotate", DATASET, keys[2], "--class", "drift")
    tier.run("examined", DATASET, keys[1], keys[3])
    tier.run("stage", "set", DATASET, keys[1], keys[2], "--stage", "annotate", "--state", "done")
    tier.run("sync")
    look = oem.run("stage", "summary", DATASET)["examined"]
    check(look[TIER] == {"examinedWithLabels": 1, "examinedNothingFound": 1, "labelledOnly": 1,
                         "excluded": 1, "notLooked": 9}, "nothing found is not the same as not looked")
    check(look[OEM]["notLooked"] == 12, "and each company speaks for itself")
    story = oem.run("show", keys[3])["fields"]
    check(story[f"examined/{TIER}"]["value"] is True
          and story[f"examined/{TIER}"]["writes"][0]["org"] == TIER, "who looked is shown")
    tier.run("examined", DATASET, keys[3], "--withdraw")
    oem.run("stage", "set", DATASET, label, "--stage", "quality", "--state", "rejected",
            "--why", "too short")
    tier.run("sync")
    document = tier.run("dataset", "show", DATASET)["stages"]
    check(document == {k: v for k, v in tier.run("stage", "summary", DATASET).items()},
          "dataset show tells the same")
    check(document["examined"][TIER]["examinedNothingFound"] == 0, "a statement can be taken back")
    check(document["ofAnnotations"]["quality"]["states"]["rejected"] == 1, "labels have a quality")
    check([a["id"] for a in tier.run("list", DATASET, "--stage", "quality=rejected")["annotations"]]
          == [label], "and are found by it")
    groups = tier.run("stage", "summary", DATASET, "--group")["groups"]
    check(sorted(groups) == ["", "press0", "press1", "press2"] and groups["press0"]["items"] == 4,
          "and each press by itself")


def exporting(oem, keys, folder):
    oem.run("annotate", DATASET, keys[0], "--class", "spike")
    whole = oem.run("export", DATASET, "--format", "jsonl", "-o", str(folder / "all.jsonl"))
    kept = oem.run("export", DATASET, "--format", "jsonl", "-o", str(folder / "kept.jsonl"),
                   "--only-kept")
    check((whole["annotations"], whole["excludedItems"]) == (3, 1), "an export says what it holds")
    check((kept["annotations"], kept["items"]) == (2, 12), "and can leave out what is excluded")
    check(keys[0] not in (folder / "kept.jsonl").read_text(), "entirely")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-stages-"))
    oem, tier = [Company(program, folder, origin) for origin in [OEM, TIER]]
    port = free_port()
    oem.run("init", "--org", OEM, "--name", "The manufacturer")
    oem.run("dataset", "create", "presses", "--title", "Presses")
    made, keys = records(folder)
    oem.run("items", "add", DATASET, str(made), "--group-by", "^(press[0-9])")
    oem.serve(port, folder / "oem.log")
    try:
        introduce(oem, tier, folder, port, "presses")
        filtering(oem, tier, keys, folder)
        cleaning(oem, tier, keys[5], folder)
        labelling(oem, tier, keys)
        exporting(oem, keys, folder)
        tier.run("sync")
        digests = {c.run("status", DATASET)["datasets"][0]["digest"] for c in [oem, tier]}
        check(len(digests) == 1, "both hold one label set")
        for company in [oem, tier]:
            check(company.run("verify")["ok"], f"{company.origin} verifies all it holds")
            before = company.run("stage", "summary", DATASET)
            company.run("rebuild", DATASET)
            check(company.run("stage", "summary", DATASET) == before, "a rebuild changes nothing")
    finally:
        oem.stop()
    shutil.rmtree(folder)
    print("stages hold")


if __name__ == "__main__":
    main()
