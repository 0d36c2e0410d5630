"""Image defects: boxes on circuit boards, masks on cookies, and outlines of the same things by several raters."""

import itertools
import json
import shutil
from collections import Counter, defaultdict

import numpy as np
from PIL import Image
from pycocotools import mask as runs
from pycocotools.coco import COCO
from shapely.geometry import Polygon

import samples
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find

BOARDS, COOKIES, RATERS = shared("pcb-deeppcb", "surface-cookies", "raters-lidc")
# As the data's own pages count them.
DEFECTS = {"copper": 22, "mousebite": 20, "open": 16, "pin-hole": 24, "short": 14, "spur": 20}
PIXELS = {"anomaly-1": 9278, "anomaly-2": 9722, "anomaly-3": 9971, "anomaly-4": 24301, "anomaly-22": 23634,
          "anomaly-23": 33171}


def opened(company, dataset, path):
    """An export as pycocotools has it: names by category, files by picture, and all annotations."""
    coco = COCO(str(company.export(dataset, "coco", path)))
    return coco, {i: c["name"] for i, c in coco.cats.items()}, {i: m["file_name"] for i, m in coco.imgs.items()}


# MARK: Boxes


def boards():
    """Size, position and type of defects; the two companies read three of them differently."""
    with network("boards") as net:
        oem, tier = net.companies
        # Keys are paths below the folder that is given; the label files' own layout says images/….
        shutil.copytree(BOARDS / "images", net.path / "boards" / "images")
        added = oem.run("items", "add", net.dataset, str(net.path / "boards"), "--group-by", r"(\d+)_")
        same(added["added"], 32, "16 pairs of pictures")
        same(oem.bring(net.dataset, BOARDS / "labels", "deeppcb")["added"], 116, "defects")
        same(Counter(r["class"] for r in oem.labels(net.dataset)), DEFECTS, "defects by type")
        items = oem.items(net.dataset)
        same({(f["width"], f["height"]) for f in items.values()}, {(640, 640)}, "the pictures' size")
        same(Counter(Counter(f["group"] for f in items.values()).values()), {2: 16}, "pairs by group")
        net.sync()
        dispute, labels = Dispute(net), oem.labels(net.dataset)
        first, second, third = (r["id"] for r in labels[:3])
        dispute.contest(first, "class", "short", "spur")
        dispute.contest(second, "severity", "minor", "major")
        # Different fields of one label live side by side.
        oem.run("set", third, "cause=etching")
        tier.run("set", third, "depth_um=12.5")
        test = labels[0]["item"]
        template = next(k for k, f in items.items() if f["group"] == items[test]["group"] and k != test)
        pair = {"kind": "relation", "relation": "same", "from": [{"item": test, "role": "tested"}],
                "to": [{"item": template, "role": "template"}]}
        tier.bring(net.dataset, samples.jsonl(net.path / "pair.jsonl", [
            samples.label(test, "same", pair, author="ben@tier.example"),
            samples.label(test, "open", {"kind": "rotatedBox", "centerX": 300, "centerY": 200, "width": 40, "height": 12,
                                         "angle": 0.25}, author="ben@tier.example")]), "jsonl")
        same(dispute.agree()["annotations"], 118, "labels of both companies")
        dispute.settle(first, "class", oem, TIER)
        side = {name: v["value"] for name, v in tier.run("show", third)["fields"].items() if name in ("cause", "depth_um")}
        same(side, {"cause": "etching", "depth_um": 12.5}, "both companies' fields of one label")

        coco, names, files = opened(oem, net.dataset, net.path / "boards.json")
        settled = Counter(r["class"] for r in tier.labels(net.dataset) if r["selector"]["kind"] != "relation")
        same(Counter(names[a["category_id"]] for a in coco.anns.values()), settled, "types as pycocotools counts them")
        boxes = Counter((files[a["image_id"]], *a["bbox"]) for a in coco.anns.values() if not a["segmentation"])
        stated = Counter()
        for path in (BOARDS / "labels").glob("*.txt"):
            for line in path.read_text().splitlines():
                x1, y1, x2, y2, _ = map(int, line.split())
                stated[f"{path.stem}_test.jpg", x1, y1, x2 - x1, y2 - y1] += 1
        same(Counter({(k[0].split("/")[-1], *k[1:]): n for k, n in boxes.items()}), stated, "boxes as the files have them")
        record("coco", "pycocotools", items=len(coco.imgs), labels=len(coco.anns), tolerance=0)


# MARK: Masks


def pixels(path):
    """The defect's pixels: those of the colour that the manifest names."""
    return (np.array(Image.open(path).convert("RGBA"))[:, :, :3] == [0x23, 0xA4, 0x36]).all(-1)


def as_coco(manifest):
    """The manifest as COCO with run lengths, and what it says of whole pictures."""
    images, annotations, verdicts = [], [], []
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        key, number = entry["source-ref"], len(images) + 1
        images.append({"id": number, "file_name": key, "width": 576, "height": 768})
        verdicts.append(samples.label(key, entry["anomaly-label-metadata"]["class-name"], {"kind": "wholeItem"}))
        if "anomaly-mask-ref" in entry:
            packed = runs.encode(np.asfortranarray(pixels(COOKIES / entry["anomaly-mask-ref"])))
            packed["counts"] = packed["counts"].decode()
            annotations.append({"id": number, "image_id": number, "category_id": 1, "iscrowd": 0, "segmentation": packed,
                                "bbox": runs.toBbox(packed).tolist(), "area": int(runs.area(packed))})
        else:
            verdicts.append({"kind": "item", "item": key, "fields": {"examined": True}})
    categories = [{"id": 1, "name": "cracked", "supercategory": "surface"}]
    return {"images": images, "annotations": annotations, "categories": categories}, verdicts


def cookies():
    """Masks, pixel by pixel; a picture without defects was looked at, and says so."""
    with network("cookies") as net:
        oem, tier = net.companies
        same(oem.run("items", "add", net.dataset, str(COOKIES / "training-images"))["added"], 8, "pictures")
        coco, verdicts = as_coco(COOKIES / "template.manifest")
        prefix = {k.split("/")[-1]: k for k in oem.items(net.dataset)}
        for entry in [*coco["images"], *verdicts]:
            name = "file_name" if "file_name" in entry else "item"
            entry[name] = prefix[entry[name].split("/")[-1]]
        (net.path / "masks.json").write_text(json.dumps(coco))
        same(oem.bring(net.dataset, net.path / "masks.json", "coco")["added"], 6, "masks")
        oem.bring(net.dataset, samples.jsonl(net.path / "verdicts.jsonl", verdicts), "jsonl")
        net.sync()
        dispute = Dispute(net)
        mask = find(oem, net.dataset, **{"class": "cracked", "item": prefix["anomaly-3.jpg"]})
        dispute.contest(mask, "class", "crumbled", "broken")
        found, _ = samples.mask(576, 768)
        tier.bring(net.dataset, samples.jsonl(net.path / "more.jsonl", [
            samples.label(prefix["normal-1.jpg"], "stain", found, author="ben@tier.example", confidence=0.5)]), "jsonl")
        same(dispute.agree()["annotations"], 6 + 8 + 1, "masks, verdicts and the second company's stain")
        dispute.settle(mask, "class", tier, OEM)
        examined = tier.run("show", prefix["normal-2.jpg"], "--dataset", net.dataset)["fields"]
        expect(any("examined" in name for name in examined), f"looked at, nothing found: {sorted(examined)}")

        read, names, files = opened(tier, net.dataset, net.path / "cookies.json")
        sizes = {}
        for annotation in read.anns.values():
            stem = files[annotation["image_id"]].split("/")[-1].split(".")[0]
            if names[annotation["category_id"]] != "stain":
                sizes[stem] = int(read.annToMask(annotation).sum())
                wanted = pixels(COOKIES / "mask-images" / f"{stem}.png")
                expect(np.array_equal(read.annToMask(annotation) > 0, wanted), f"every pixel of {stem}")
        same(sizes, PIXELS, "pixels of each mask")
        panoptic = tier.export(net.dataset, "coco-panoptic", net.path / "panoptic")
        for stem in PIXELS:
            (file,) = panoptic.rglob(f"{stem}.png")
            expect(np.array_equal(np.array(Image.open(file).convert("RGB")).any(-1),
                                  pixels(COOKIES / "mask-images" / f"{stem}.png")), f"segments of {stem}")
        record("coco", "pycocotools", items=len(read.imgs), labels=len(read.anns), tolerance=0)


# MARK: Raters


def outlines(scans):
    """A label for what one rater outlined in one slice: parts, and rings in them as holes."""
    records, keys = [], set()
    for scan, annotation in ((s, a) for s in scans for a in s["annotations"]):
        slices = defaultdict(list)
        for contour in annotation["contours"]:
            ring = [float(n) for row, column in contour["points_row_col"] for n in (column, row)]
            slices[contour["slice"]].append((contour["inclusion"], ring))
        for name, contours in slices.items():
            key = f"{scan['scan']}/{name}"
            parts = [[ring] for inside, ring in contours if inside]
            parts[0] += [ring for inside, ring in contours if not inside]
            if key not in keys:
                keys.add(key)
                records.append({"kind": "item", "item": key, "fields": {
                    "width": 512, "height": 512, "group": scan["scan"], "mediaType": "image/dicom"}})
            records.append(samples.label(
                key, "nodule", {"kind": "polygon", "parts": parts}, externalID=f"{annotation['annotation_id']}/{name}",
                author=f"rater {annotation['nodule_id_given_by_rater']}",
                attributes={"track": str(annotation["annotation_id"]), **annotation["ratings"]}))
    return records


def overlapping(labels):
    """Pairs of outlines of one slice that mostly cover each other: the same thing, by two raters."""
    by_item = defaultdict(list)
    for label in labels:
        ring = label["selector"]["parts"][0][0]
        shape = Polygon(list(zip(ring[0::2], ring[1::2]))).buffer(0)
        by_item[label["item"]].append((label, shape))
    pairs = set()
    for entries in by_item.values():
        for (one, a), (other, b) in itertools.combinations(entries, 2):
            if a.intersection(b).area > 0.5 * a.union(b).area:
                pairs.add(frozenset((one["attributes"]["track"], other["attributes"]["track"])))
    return pairs


def raters():
    """137 things in 12 scans, outlined by up to four raters of two companies that do not know each other."""
    scans = json.loads((RATERS / "lidc_annotations.json").read_text())
    same(sum(len(a["contours"]) for s in scans for a in s["annotations"]), 642, "contours in the data")
    with network("raters") as net:
        halves = [[dict(s, annotations=s["annotations"][half::2]) for s in scans] for half in (0, 1)]
        for company, half in zip(net.companies, halves):
            company.bring(net.dataset, samples.jsonl(net.path / f"{company.origin}.jsonl", outlines(half)), "jsonl")
        net.sync()
        labels = net.steward.labels(net.dataset)
        same(len({r["attributes"]["track"] for r in labels}), 137, "things outlined")
        rings = sum(len(part) for r in labels for part in r["selector"]["parts"])
        same((rings, len({r["item"].split("/")[0] for r in labels})), (642, 12), "contours and scans on the merged node")
        pairs = overlapping(labels)
        same(overlapping(net.partners[0].labels(net.dataset)), pairs, "who means the same thing, on the other node")
        mixed = [p for p in pairs if len({r["org"] for r in labels if r["attributes"]["track"] in p}) == 2]
        expect(len(mixed) > 30, f"{len(mixed)} pairs of outlines of one thing come from two companies")
        dispute = Dispute(net)
        disputed = labels[0]["id"]
        dispute.contest(disputed, "malignancy", 2, 5)
        dispute.agree()
        dispute.settle(disputed, "malignancy", net.steward, TIER)

        coco, _, _ = opened(net.partners[0], net.dataset, net.path / "raters.json")
        same(len(coco.anns), len(labels), "outlines as pycocotools counts them")
        tracks = {a["attributes"]["track"]: a for a in coco.anns.values()}
        same(len(tracks), 137, "things as pycocotools counts them")
        holes = [a for a in coco.anns.values() if isinstance(a["segmentation"], dict)]
        same(len(holes), 3, "outlines with a hole, as run lengths")
        for annotation in coco.anns.values():
            if isinstance(annotation["segmentation"], list):
                (label,) = [r for r in labels if r["id"] == annotation["countermark"]["id"]]
                close(annotation["segmentation"][0], label["selector"]["parts"][0][0], 0, "an outline")
        record("coco", "pycocotools", items=len(coco.imgs), labels=len(coco.anns), tolerance=0)


boards()
cookies()
raters()
