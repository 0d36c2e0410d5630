#!/usr/bin/env python3
"""A label schema between two companies: versions, labels outside it, mappings, proposals and JSON Schema."""

import argparse
import json
import pathlib
import shutil
import tempfile

from supplier import OEM, ROOT, TIER, Company, check, free_port, introduce

DATASET = f"{OEM}/boards"
EXAMPLE = ROOT / "Examples" / "schema" / "board-defects.json"


def write(path, value):
    path.write_text(json.dumps(value, indent=1))
    return str(path)


def records(path, names, severity=3):
    lines = [{"item": f"board-{n}.png", "class": name, "externalID": f"e{n}",
              "selector": {"kind": "box", "x": n, "y": 1, "width": 5, "height": 5},
              "attributes": {"severity": severity}} for n, name in enumerate(names)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def status(company):
    return company.run("status", DATASET)["datasets"][0]


def listed(company, *words):
    return company.run("list", DATASET, *words)["annotations"]


def setting(oem, tier, folder):
    schema = json.loads(EXAMPLE.read_text())
    schema.pop("mappings")
    broken = json.loads(json.dumps(schema))
    broken["classes"][1]["parent"] = "defekt"
    path = write(folder / "broken.json", broken)
    refused = oem.attempt("schema", "set", DATASET, path)
    error = json.loads(refused.stderr)["error"]
    check(refused.returncode == 1 and error["code"] == "bad-schema", "a schema with a mistake is refused")
    line = [n for n, text in enumerate(pathlib.Path(path).read_text().split("\n"), 1)
            if '"defekt"' in text][0]
    check(f"line {line}," in error["message"] and "classes[1].parent" in error["message"]
          and '"defect"' in error["message"], "with its place and the name that was meant")
    path = write(folder / "first.json", schema)
    refused = tier.attempt("schema", "set", DATASET, path)
    check(refused.returncode == 1 and "not-steward" in refused.stderr, "only the steward sets one")
    check(oem.run("schema", "check", "--file", path)["ok"], "a file is checked without a dataset")
    done = oem.run("schema", "set", DATASET, path)
    check(done["changed"] and not oem.run("schema", "set", DATASET, path)["changed"],
          "the same schema twice is one version")
    tier.run("sync")
    shown = tier.run("schema", "show", DATASET)
    check([c["name"] if isinstance(c, dict) else c for c in shown["classes"]]
          == ["defect", "short", "open", "mouse bite", "connector"], "the supplier sees the schema")
    copy = folder / "copy.json"
    tier.attempt("schema", "show", DATASET, str(copy))
    check(oem.run("schema", "check", "--file", str(copy))["schema"] == shown,
          "what is shown reads back as the same")
    return schema


def importing(oem, tier, folder):
    path = records(folder / "tier.jsonl", ["Short", "bridge", "open_circuit", "scratch", "open"])
    proposal = folder / "mapping.json"
    before = status(tier)["digest"]
    found = tier.run("import", DATASET, path, "--format", "jsonl", "--propose-mapping", str(proposal))
    check(not found["imported"] and status(tier)["digest"] == before, "a proposal imports nothing")
    check({c["name"]: c["suggestion"] for c in found["classes"]}
          == {"Short": "short", "bridge": "short", "open_circuit": None, "scratch": None},
          "it names the classes that do not fit, and what they may mean")
    again = tier.attempt("import", DATASET, path, "--format", "jsonl",
                         "--propose-mapping", str(proposal))
    check(again.returncode == 1 and "file-exists" in again.stderr, "and overwrites no file")
    mapping = json.loads(proposal.read_text())
    check(mapping == {"Short": "short", "bridge": "short", "open_circuit": None, "scratch": None},
          "the file holds the same")
    wrong = write(folder / "wrong.json", {**mapping, "scratch": "shorts"})
    refused = tier.attempt("import", DATASET, path, "--format", "jsonl", "--mapping", wrong)
    check(refused.returncode == 1 and "line 5" in refused.stderr and "did you mean" in refused.stderr,
          "a mapping to an unknown class is refused at its place")
    done = tier.run("import", DATASET, path, "--format", "jsonl", "--mapping", str(proposal))
    check((done["added"], done["renamed"]) == (5, 2), "the mapping renames two labels")
    check({c["name"] for c in done["classes"]} == {"open_circuit", "scratch"}, "two do not fit")
    again = tier.run("import", DATASET, path, "--format", "jsonl", "--mapping", str(proposal))
    check(again["changesets"] == 0, "the second time nothing changes")
    refused = tier.attempt("import", DATASET, records(folder / "strict.jsonl", ["short"] * 6, 9),
                           "--format", "jsonl", "--strict-schema")
    check(refused.returncode == 1, "strictly, a file of which nothing is taken fails")
    strict = json.loads(refused.stdout)
    check(strict["skippedCount"] == 6 and "severity" in strict["skipped"][0]["why"],
          "strictly, what does not fit is left out")
    tier.run("sync")


def outside(oem, tier):
    for company in [oem, tier]:
        check(status(company)["outsideSchema"] == 2, f"{company.origin} counts two outside")
        found = listed(company, "--outside-schema")
        check([a["class"] for a in found] == ["open_circuit", "scratch"], "and lists them")
        check("no class" in found[0]["outsideSchema"][0], "with the reason")
        story = company.run("show", found[1]["id"])
        check(story["outsideSchema"] == found[1]["outsideSchema"], "show says so too")
    fit = oem.run("schema", "check", DATASET)
    check((fit["labels"], fit["outside"], len(fit["problems"])) == (5, 2, 2), "check counts them")
    check(oem.attempt("schema", "check", DATASET, "--strict").returncode == 1, "strictly it fails")


def merging(oem, tier, folder, schema):
    digest = status(oem)["digest"]
    candidate = write(folder / "second.json", {**schema, "mappings": {
        "open_circuit": "open", "scratch": "worn", "worn": "mouse bite"}})
    fit = oem.run("schema", "check", DATASET, "--file", candidate)
    check(fit["outside"] == 0 and status(oem)["outsideSchema"] == 2,
          "a schema can be tried before it is set")
    oem.run("schema", "set", DATASET, candidate)
    tier.run("sync")
    for company in [oem, tier]:
        found = status(company)
        check(found["outsideSchema"] == 0 and found["digest"] == digest,
              f"{company.origin}: the old labels fit, and not one was changed")
        check([a["classAsWritten"] for a in listed(company, "--class", "open")]
              == ["open_circuit", "open"], "the new name finds the labels under the old")
        story = company.run("show", listed(company, "--class", "scratch")[0]["id"])
        check((story["class"], story["classAsWritten"], story["fields"]["class"]["value"])
              == ("mouse bite", "scratch", "scratch"), "a label shows both names")
    versions = tier.run("schema", "history", DATASET)["versions"]
    check([v["version"] for v in versions] == [3, 2, 1] and versions[0]["current"]
          and {v["log"] for v in versions} == {OEM} and all(v["signer"] for v in versions),
          "three versions, each signed in the steward's log")


def exporting(oem, tier, folder):
    before = status(tier)["digest"]
    for words in [[], ["--sidecar"]]:
        path = folder / f"export{len(words)}.json"
        tier.run("export", DATASET, "--format", "coco", "-o", str(path), *words)
        back = tier.run("import", DATASET, str(path), "--format", "coco")
        check(back["changesets"] == 0, f"an export comes back without a change {words}")
    coco = json.loads((folder / "export0.json").read_text())
    names = [c["name"] for c in coco["categories"]]
    check(names == ["short", "open", "mouse bite", "connector"], "classes have the schema's order")
    used = [names[a["category_id"] - 1] for a in coco["annotations"]]
    check(used == ["short", "short", "open", "mouse bite", "open"], "labels have the new names")
    check(coco["categories"][0]["supercategory"] == "defect"
          and coco["categories"][3]["keypoints"] == ["pin 1", "last pin"], "parents, keypoints")
    tier.run("export", DATASET, "--format", "jsonl", "-o", str(folder / "w.jsonl"),
             "--classes", "as-written")
    old = [json.loads(x).get("class") for x in (folder / "w.jsonl").read_text().splitlines()]
    check("scratch" in old and "open_circuit" in old, "as written has the old names")
    cvat = folder / "cvat.xml"
    tier.run("export", DATASET, "--format", "cvat", "-o", str(cvat))
    check("<color>#d62728</color>" in cvat.read_text(), "colours reach CVAT")
    check(status(tier)["digest"] == before, "nothing was written meanwhile")


def json_schema(tier, folder):
    path = folder / "attributes.schema.json"
    tier.attempt("schema", "export-json-schema", DATASET, "-o", str(path))
    document = json.loads(path.read_text())
    check(document["$defs"]["short"]["properties"]["severity"]["maximum"] == 5, "ranges are there")
    try:
        import jsonschema
    except ImportError:
        print("SKIPPED: the JSON Schema was not tried, there is no jsonschema for this Python")
        return
    jsonschema.Draft202012Validator.check_schema(document)
    validator = jsonschema.Draft202012Validator(document)
    good = {"class": "open_circuit", "attributes": {"severity": 3, "side": "top"}}
    bad = [{"class": "ghost"}, {"class": "short"}, {"class": "short", "attributes": {"severity": 9}},
           {"class": "short", "attributes": {"severity": 1, "depth": 1}}, {"attributes": {}},
           {"class": "connector", "attributes": {"side": "left"}}]
    check(validator.is_valid(good) and not any(map(validator.is_valid, bad)),
          "a JSON Schema validator judges attributes alike")
    tier.run("export", DATASET, "--format", "jsonl", "-o", str(folder / "all.jsonl"))
    labels = map(json.loads, (folder / "all.jsonl").read_text().splitlines())
    check(all(validator.is_valid(x) for x in labels if x["kind"] == "annotation"),
          "and accepts every label of the export")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-schema-"))
    oem, tier = [Company(program, folder, origin) for origin in [OEM, TIER]]
    port = free_port()
    oem.run("init", "--org", OEM, "--name", "The manufacturer")
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.serve(port, folder / "oem.log")
    try:
        introduce(oem, tier, folder, port, "boards")
        schema = setting(oem, tier, folder)
        importing(oem, tier, folder)
        outside(oem, tier)
        merging(oem, tier, folder, schema)
        exporting(oem, tier, folder)
        json_schema(tier, folder)
        for company in [oem, tier]:
            check(company.run("verify")["ok"], f"{company.origin} verifies all it holds")
    finally:
        oem.stop()
    shutil.rmtree(folder)
    print("schemas hold")


if __name__ == "__main__":
    main()
