"""Engineering drawings: entities by handle, what a program read from scans, and symbols of a process with its flow."""

import csv
import json
import shutil
from collections import Counter

import ezdxf
from ezdxf import units
from pycocotools.coco import COCO

import samples
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find
from drawing import check_label, entities

DATA = shared("drawings")
READER = "model:eDOCr@2023"
SHEETS = ["Adapterplatte", "Candle_holder", "Gripper"]


def entity(handle):
    return {"kind": "graph", "elementKind": "entity", "elements": [handle]}


def region(corners, width, height):
    """A box whose corners are shares of the sheet, in pixels."""
    x, y = corners["topX"] * width, corners["topY"] * height
    return {"kind": "box", "x": x, "y": y, "width": corners["bottomX"] * width - x, "height": corners["bottomY"] * height - y}


# MARK: DXF


def vectors():
    """Nodes of drawings, one of them placed twice, and what stands in relation to what."""
    with network("vectors") as net:
        oem, tier = net.companies
        oem.bring(net.dataset, DATA / "dxf", "dxf")
        labels, items = oem.labels(net.dataset), oem.items(net.dataset)
        for path in sorted((DATA / "dxf").glob("*.dxf")):
            drawing = ezdxf.readfile(path)
            wanted = entities(drawing)
            of_item = [r for r in labels if r["item"] == path.name]
            for label in of_item:
                check_label(label, wanted)
            same({r["selector"]["elements"][0] for r in of_item}, set(wanted), f"the handles of {path.name}")
            same(items[path.name]["dxf.version"], drawing.dxfversion, f"version of {path.name}")
            same(items[path.name]["unit"], units.decode(drawing.units), f"unit of {path.name}")
        net.sync()

        inserts = [r for r in labels if r["class"] == "INSERT"]
        same([r["attributes"]["places"] for r in inserts], ["BLK_WITH_DIM"] * 2, "a block, placed twice")
        inner = next(r for r in labels if r["class"] == "DIMENSION" and r["attributes"].get("block"))
        handle, item = inner["selector"]["elements"][0], inner["item"]
        placed = [f"{r['selector']['elements'][0]}/{handle}" for r in inserts]
        tier.bring(net.dataset, samples.jsonl(net.path / "nodes.jsonl", [
            *(samples.label(item, "length", entity(node), attributes={"fit": "H7"}) for node in placed),
            samples.label(item, "names", {"kind": "relation", "relation": "names",
                                          "from": [{"item": item, "selector": entity(placed[0])}],
                                          "to": [{"item": item, "selector": entity(inserts[0]["selector"]["elements"][0])}]}),
        ]), "jsonl", "--author", "ben@tier.example")
        dispute = Dispute(net)
        second = next(r["id"] for r in labels if r["class"] == "TEXT")
        dispute.contest(inner["id"], "tolerance", "+0.1", "+0.05")
        dispute.contest(second, "text", "TOP", "Top")
        same(dispute.agree()["annotations"], len(labels) + 3, "nodes of both companies")
        dispute.settle(inner["id"], "tolerance", tier, TIER)
        same(tier.run("show", inner["id"])["fields"]["tolerance"]["value"], "+0.05", "the settled tolerance")
        again = oem.bring(net.dataset, DATA / "dxf", "dxf")
        same((again["added"], again["changesets"]), (0, 0), "the drawings again change nothing")
        record("dxf", "ezdxf", items=3, labels=len(labels), tolerance=0)


# MARK: Scans


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_by_program():
    """What the reader found, as its proposals: fields of title blocks, dimensions, tolerances of form."""
    records = []
    for sheet in SHEETS:
        for part, kind in [("tables", "title-block field"), ("dimensions", "dimension"), ("gdts", "geometric tolerance")]:
            for row in rows(DATA / f"edocr/results/{sheet}_{part}.csv"):
                attributes = {n: v for n, v in row.items() if n != "ID" and v}
                records.append(samples.label(f"{sheet}.jpg", kind, {"kind": "wholeItem"}, source=READER,
                                             externalID=f"{sheet}/{part}/{row['ID']}", attributes=attributes))
    return records


def scans():
    """A program's reading, with its errors; people of two companies accept, reject and correct it."""
    proposals = read_by_program()
    with network("scans") as net:
        oem, tier = net.companies
        folder = net.path / "sheets"
        folder.mkdir()
        for sheet in SHEETS:
            shutil.copy(DATA / f"edocr/{sheet}.jpg", folder)
        oem.run("items", "add", net.dataset, str(folder))
        oem.bring(net.dataset, samples.jsonl(net.path / "read.jsonl", proposals), "jsonl")
        kinds = Counter(r["class"] for r in oem.labels(net.dataset))
        same(kinds, {"title-block field": 29, "dimension": 64, "geometric tolerance": 3}, "what the program has read")
        expect(all(f["width"] > 600 for f in oem.items(net.dataset).values()), "sizes of the sheets")
        net.sync()

        title = find(oem, net.dataset, externalID="Candle_holder/tables/9")
        scale = find(oem, net.dataset, externalID="Candle_holder/tables/3")
        noise = find(oem, net.dataset, externalID="Candle_holder/tables/2")
        dispute = Dispute(net)
        dispute.contest(title, "nominal", "BREAK ALL SHARP EDGES AND REMOVE BURRS", "Break all sharp edges and remove burrs")
        tier.run("set", scale, "nominal=SCALE: 1:1", "field=scale")
        oem.run("review", scale, "accept", "--reason", "checked on paper")
        tier.run("review", noise, "reject", "--reason", "no text there")
        dispute.agree()
        dispute.settle(title, "nominal", tier, OEM)
        for company in net.companies:
            verdicts = {r["org"]: r["value"]["verdict"] for r in company.run("show", noise)["reviews"]}
            same(verdicts, {TIER: "reject"}, f"{company.origin} shows who rejected the noise")
            fields = company.run("show", scale)["fields"]
            same(fields["source"]["value"], READER, "who read it first")
            same(fields["nominal"]["value"], "SCALE: 1:1", "the corrected scale")
        titles = {r["externalID"]: r["attributes"]["nominal"] for r in tier.labels(net.dataset)}
        same(titles["Candle_holder/tables/9"], "BREAK ALL SHARP EDGES AND REMOVE BURRS", "the settled note")
        changed = [k for k, v in titles.items() if v != next(r["attributes"]["nominal"] for r in proposals if r["externalID"] == k)]
        same(sorted(changed), ["Candle_holder/tables/3", "Candle_holder/tables/9"], "all other readings stand as they were")


# MARK: A process


def process():
    """75 symbols with a hierarchy of classes; tags name symbols, and control loops join them."""
    found = json.loads((DATA / "pid/symbol_detection_results.json").read_text())
    width, height = (found["image_details"][n] for n in ("width", "height"))
    tagged = json.loads((DATA / "pid/expected_symbol_text_detection_result.json").read_text())
    symbols = [{"kind": "item", "item": name, "fields": {"width": width, "height": height, "mediaType": "image/png"}}
               for name in ("pid123.png", "loops.png")]
    symbols += [samples.label("pid123.png", s["label"], region(s, width, height), confidence=s["score"],
                              externalID=str(s["id"]), source="model:symbols@1") for s in found["label"]]
    symbols += [samples.label("loops.png", s["label"], region(s, width, height), externalID=f"loops/{s['id']}",
                              attributes={"tag": s["text_associated"]} if s["text_associated"] else {}) for s in tagged]
    with network("process") as net:
        oem, tier = net.companies
        oem.bring(net.dataset, samples.jsonl(net.path / "symbols.jsonl", symbols), "jsonl")
        net.sync()
        loops = [["TE 100", "TT 100", "TIC 100", "TV 100"], ["FE 101", "FT 101", "FIC 101", "FV 101"]]
        by_tag = {r["attributes"]["tag"]: r["id"] for r in tier.labels(net.dataset) if r.get("attributes", {}).get("tag")}
        flow = [samples.label("loops.png", "flow", {
            "kind": "relation", "relation": "flow", "from": [{"annotation": by_tag[one], "role": "upstream"}],
            "to": [{"annotation": by_tag[other], "role": "downstream"}]}) for loop in loops for one, other in zip(loop, loop[1:])]
        tier.bring(net.dataset, samples.jsonl(net.path / "flow.jsonl", flow), "jsonl", "--author", "ben@tier.example")
        dispute = Dispute(net)
        valve = find(oem, net.dataset, externalID="loops/8")
        dispute.contest(valve, "class", "Instrument/Valve/Gate valve NC", "Instrument/Valve/Diaphragm valve")
        dispute.contest(by_tag["TT 100"], "tag", "TT-100", "TT 100A")
        same(dispute.agree()["annotations"], 75 + 18 + 6, "symbols and the flow between them")
        dispute.settle(valve, "class", oem, TIER)

        relations = [r["selector"] for r in oem.labels(net.dataset) if r["class"] == "flow"]
        steps = {r["from"][0]["annotation"]: r["to"][0]["annotation"] for r in relations}
        for loop in loops:
            walked, place = [], by_tag[loop[0]]
            while place:
                walked.append(place)
                place = steps.get(place)
            same(walked, [by_tag[tag] for tag in loop], f"the way through loop {loop[0]}")
        check_process(tier, net, found["label"], (width, height))


def check_process(company, net, symbols, size):
    coco = COCO(str(company.export(net.dataset, "coco", net.path / "process.json")))
    skipped = {loss["why"]: loss["count"] for loss in company.report["losses"] if loss["skipped"]}
    same(list(skipped.values()), [6], f"the relations, which COCO has no place for: {skipped}")
    names = {number: c["name"] for number, c in coco.cats.items()}
    read = {a["countermark"]["externalID"]: a for a in coco.anns.values() if "externalID" in a.get("countermark", {})}
    same(len(read), 75 + 18, "symbols as pycocotools counts them")
    for symbol in symbols:
        one = read[str(symbol["id"])]
        same(names[one["category_id"]], symbol["label"], f"class of symbol {symbol['id']}")
        close([one["score"]], [symbol["score"]], 0, f"score of symbol {symbol['id']}")
        shares = [one["bbox"][0] / size[0], one["bbox"][1] / size[1], (one["bbox"][0] + one["bbox"][2]) / size[0],
                  (one["bbox"][1] + one["bbox"][3]) / size[1]]
        close(shares, [symbol[n] for n in ("topX", "topY", "bottomX", "bottomY")], 1e-12, f"place of symbol {symbol['id']}")
    same(len({names[read[str(s["id"])]["category_id"]] for s in symbols}), 25, "classes of symbols")
    record("coco", "pycocotools", items=2, labels=len(read), tolerance=1e-12)


vectors()
scans()
process()
