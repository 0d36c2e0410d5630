#!/usr/bin/env python3
"""A release as documents for those who have no node, read back by other people's readers without a network.

Croissant by mlcroissant, PROV by prov and pyshacl, the data sheet by parsers of HTML and XML, what a connector
registers by rdflib; and two companies write the same bytes.
"""

import argparse
import hashlib
import html.parser
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import mlcroissant
import prov.model
import pyshacl
import rdflib
from supplier import OEM, ROOT, TIER, Company, check, free_port, introduce

DATASET = f"{OEM}/boards"
# What a number, a formula, a tag and a table's cell would be to careless readers.
HOSTILE = ["007", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "a|b `c` *d*"]
BOX = {"kind": "box", "x": 1, "y": 2, "width": 30, "height": 40}


def labelled(oem, tier, folder):
    """Both companies label the same items, and differ about some; the supplier's model labels, too."""
    for company, shift in ((oem, 0), (tier, 1)):
        lines = [
            {"kind": "annotation", "item": f"{number:04}", "class": HOSTILE[(number + shift * (number % 3 == 0)) % 4],
             "author": f"kim@{company.origin}", "selector": BOX, "confidence": 0.5,
             "source": "model:cutter@1.2" if number == 5 and shift else "human",
             "attributes": {"severity": "high", "depth": number}, "externalID": f"{company.origin}-{number}"}
            for number in range(12)]
        path = folder / f"{company.origin}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        company.run("import", DATASET, str(path), "--format", "jsonl")
        tier.run("sync")
    gone = tier.run("annotate", DATASET, "0003", "--class", "gone", "--box", "1,1,1,1")["id"]
    changed = tier.run("annotate", DATASET, "0004", "--class", "open", "--box", "9,9,9,9")["id"]
    tier.run("set", changed, "class=short", "--dataset", DATASET)
    tier.run("retract", gone, "--dataset", DATASET)
    tier.run("sync")
    oem.run("release", "create", DATASET, "2026-11", "--quorum", "1")
    tier.run("sync")
    tier.run("release", "countersign", DATASET, "2026-11")
    tier.run("sync")
    return changed, gone


def croissant(company, folder):
    """The folder as mlcroissant reads it."""
    path = folder / f"{company.origin}.croissant"
    done = company.run("export", DATASET, "--release", "2026-11", "--format", "croissant", "-o", str(path))
    check((done["annotations"], done["items"]) == (25, 12), f"{company.origin} exports what the release holds")
    about = json.loads((path / "croissant.json").read_text())
    listed = {file["name"]: (file["sha256"], file["contentSize"]) for file in about["distribution"]}
    there = {file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), f"{file.stat().st_size} B")
             for file in path.iterdir() if file.name != "croissant.json"}
    check(listed == there and len(there) == 4, "each file is listed with its size and SHA-256")
    dataset = mlcroissant.Dataset(path / "croissant.json")
    issues = dataset.metadata.ctx.issues
    check(not issues.errors and not issues.warnings, f"mlcroissant has nothing to say: {issues.report()}")
    text = lambda value: value.decode() if isinstance(value, bytes) else value  # noqa: E731
    for table, size in (("labels", 25), ("items", 12)):
        written = json.loads((path / f"{table}.json").read_text())
        read = [{key.split("/")[1]: text(value) for key, value in record.items()} for record in dataset.records(table)]
        wanted = [{key: row[key] for key in read[0]} for row in written]
        check(len(read) == size and read == wanted, f"mlcroissant reads the {table} back as they were written")
    rows = json.loads((path / "labels.json").read_text())
    check({row["class"] for row in rows} == {*HOSTILE, "short"}, "hostile classes are classes")
    check({row["org"] for row in rows} == {OEM, TIER} and all(row["signer"] and row["time"] for row in rows),
          "each label says whose it is and who signed it")
    fields = {field["name"]: field for field in about["recordSet"][1]["field"]}
    marks = {note["equivalentProperty"] for note in fields["class"]["annotation"]}
    check(marks == {"prov:wasAttributedTo", "prov:wasGeneratedBy"}, "the class of each label has an attribution")
    analysis = about["rai:dataAnnotationAnalysis"]
    check(any(re.search(r"krippendorff-alpha of places: 0\.\d+ \(95 % interval 0\.\d+ to [01]\.\d+\)", a) for a in analysis),
          f"agreement has its interval: {analysis}")
    check(about["rai:machineAnnotationTools"] == ["model:cutter@1.2: 1 labels"], "models are named")
    wrong = company.attempt("export", DATASET, "--format", "croissant", "-o", str(folder / "none"))
    check(wrong.returncode == 2 and "--release" in wrong.stderr, "croissant is of a release")
    return path


SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
[] a sh:NodeShape ; sh:targetSubjectsOf prov:specializationOf ;
  sh:property [ sh:path prov:specializationOf ; sh:class prov:Entity ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetSubjectsOf prov:wasGeneratedBy ;
  sh:property [ sh:path prov:wasGeneratedBy ; sh:class prov:Activity ; sh:maxCount 1 ] ;
  sh:property [ sh:path prov:wasAttributedTo ; sh:class prov:Agent ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetClass prov:Activity ;
  sh:property [ sh:path prov:wasAssociatedWith ; sh:class prov:Agent ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetClass prov:Person ;
  sh:property [ sh:path prov:actedOnBehalfOf ; sh:class prov:Organization ; sh:minCount 1 ] .
"""


def conforms(graph):
    return pyshacl.validate(graph, shacl_graph=rdflib.Graph().parse(data=SHAPES, format="turtle"))[0]


def told(path, what):
    """A PROV document that prov reads and writes back, as RDF that conforms to the shapes."""
    document = prov.model.ProvDocument.deserialize(str(path), format="json")
    again = prov.model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    check(document == again, f"prov reads {what} and writes it back")
    graph = rdflib.Dataset(default_union=True)
    graph.parse(data=document.serialize(format="rdf", rdf_format="trig"), format="trig")
    check(conforms(graph), f"pyshacl: {what} conforms to the shapes")
    agent = rdflib.URIRef("http://www.w3.org/ns/prov#wasAssociatedWith")
    bare = rdflib.Graph()
    for triple in graph.triples((None, None, None)):
        if triple[1] != agent:
            bare.add(triple)
    check(not conforms(bare), "and would not without those who acted")
    return {kind.__name__: len(list(document.get_records(kind))) for kind in (
        prov.model.ProvMembership, prov.model.ProvInvalidation, prov.model.ProvDerivation, prov.model.ProvAgent)}


def provenance(tier, changed, gone, folder):
    path = folder / "label.prov"
    tier.run("prove", changed, "--dataset", DATASET, "--format", "prov", "--release", "2026-11", "-o", str(path))
    found = told(path, "a label")
    check((found["ProvMembership"], found["ProvInvalidation"], found["ProvDerivation"]) == (1, 0, 1),
          f"a label is in its release and comes from its item: {found}")
    values = [record for record in json.loads(path.read_text())["entity"].values() if record.get("prov:label") == "class"]
    check(sorted((v["prov:value"], v["cm:replaced"]) for v in values) == [("open", True), ("short", False)],
          "what was replaced is told")
    tier.run("prove", gone, "--dataset", DATASET, "--format", "prov", "-o", str(path))
    check(told(path, "a retracted label")["ProvInvalidation"] == 1, "a retraction invalidates")
    tier.run("release", "prove", DATASET, "2026-11", "--prov", "-o", str(path))
    told(path, "a release")
    activities = json.loads(path.read_text())["activity"]
    check(sorted(a["prov:label"] for a in activities.values()) == ["countersign", "release"], "with who countersigned it")


class Page(html.parser.HTMLParser):
    """The tags of a page, and whether all that were opened were closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "rect", "line", "polyline", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("rect", "line", "polyline", "circle"):
            if not self.open or self.open.pop() != tag:
                sys.exit(f"FAILED: </{tag}> closes nothing")


def sheets(companies, folder):
    texts = {}
    for form in ("md", "html"):
        found = []
        for company in companies:
            path = folder / f"{company.origin}.{form}"
            company.run("release", "sheet", DATASET, "2026-11", "--format", form, "-o", str(path))
            found.append(path.read_text())
        check(found[0] == found[1], f"two companies write the same sheet as {form}")
        texts[form] = found[0]
        drawings = re.findall(r"<svg.*?</svg>", found[0], re.S)
        check(len(drawings) == 3 and all(xml.etree.ElementTree.fromstring(d).tag.endswith("svg") for d in drawings),
              f"the {form} has plots of classes, confusion and time, which XML readers read")
        check("<script" not in found[0] and "krippendorff-alpha" in found[0] and TIER in found[0],
              f"the {form} has figures and names, and runs nothing")
    page = Page(texts["html"])
    check(not page.open and "script" not in page.tags and page.tags.count("svg") == 3, "the page is well-formed")
    check("a\\|b \\`c\\` \\*d\\*" in texts["md"], "what means something in Markdown is escaped")


def dataspace(path, folder):
    url = "https://labels.oem.example/boards/2026-11/"
    command = [sys.executable, str(ROOT / "Examples" / "dataspace" / "describe.py"), str(path), "--url", url, "-o",
               str(folder / "register")]
    subprocess.run(command, check=True)
    found = {p.stem: json.loads(p.read_text()) for p in (folder / "register").iterdir()}
    check(set(found) == {"asset", "policy", "contract", "dcat"}, "a connector's four documents are made")
    identifier = found["asset"]["@id"]
    check(found["contract"]["assetsSelector"][0]["operandRight"] == identifier
          and found["contract"]["contractPolicyId"] == found["policy"]["@id"], "which name each other")
    check(found["asset"]["dataAddress"]["baseUrl"] == url, "the asset is at its address")
    document = dict(found["dcat"])
    # The context of ODRL lies on the network.
    document["odrl:hasPolicy"] = {"@id": document["odrl:hasPolicy"]["@id"]}
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    sums = {str(o) for o in graph.objects(None, rdflib.URIRef("http://spdx.org/rdf/terms#checksumValue"))}
    there = {hashlib.sha256(p.read_bytes()).hexdigest() for p in path.iterdir() if p.name != "croissant.json"}
    check(sums == there, "the catalogue has the SHA-256 of each file")
    wrong = subprocess.run([*command[:4], "http://plain.example", *command[5:]], capture_output=True, text=True)
    check(wrong.returncode == 1 and "https://" in wrong.stderr, "an address that is none is refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="countermark-documents-"))
    oem, tier = [Company(program, folder, origin) for origin in [OEM, TIER]]
    port = free_port()
    oem.run("init", "--org", OEM, "--name", "The manufacturer")
    oem.run("dataset", "create", "boards", "--title", "Boards <of> all | kinds")
    oem.serve(port, folder / "oem.log")
    try:
        introduce(oem, tier, folder, port, "boards")
        changed, gone = labelled(oem, tier, folder)
    finally:
        oem.stop()
    # From here on nobody may ask a network.
    def no_network(*given):
        raise AssertionError(f"a reader asks the network: {given[1:]}")
    socket.socket.connect = no_network
    folders = [croissant(company, folder) for company in (oem, tier)]
    first, second = [{p.name: p.read_bytes() for p in path.iterdir()} for path in folders]
    check(all(first[name] == second[name] for name in ("labels.json", "items.json", "release.proof.leaves")),
          "two companies write the same tables and leaves")
    proof = oem.run("verify", "--proof", str(folders[0] / "release.proof"), "--trust", str(folder / f"{OEM}.pem"))
    check(proof["leaves"] and proof["holds"], "the folder proves its release")
    provenance(tier, changed, gone, folder)
    sheets((oem, tier), folder)
    dataspace(folders[0], folder)
    shutil.rmtree(folder)


main()
