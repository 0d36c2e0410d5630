"""COCO, opened with pycocotools: boxes, polygons, masks and keypoints."""

from collections import Counter

import numpy as np
from pycocotools.coco import COCO

import samples
from company import box, close, expect, home, record, round_trips, same

POINTS = ["head", "hand", "foot"]


def drawn(sizes):
    """A label set with every kind of shape that COCO has."""
    records = [{"kind": "class", "class": "worker", "keypoints": POINTS, "skeleton": [[1, 2], [2, 3]]}]
    records += samples.items(sizes) + samples.boxes(sizes)
    masks = {}
    for number, (key, (width, height)) in enumerate(sizes.items()):
        selector, masks[key] = samples.mask(width, height, number)
        records.append(samples.label(key, "stain", selector))
        records.append(samples.label(key, "scratch", samples.polygon(3.25 + number, 4.5)))
        points = [[5.5, 6.25, 2], [20, 30.5, 1], [0, 0, 0]]
        records.append(samples.label(key, "worker", {"kind": "keypoints", "points": points}))
    return records, masks


def check_shape(coco, found, wanted, masks):
    """One annotation as pycocotools sees it, against the label."""
    shape, what = wanted["selector"], f"label {wanted['id']}"
    if shape["kind"] == "box":
        close(found["bbox"], box(shape), 0, f"{what}: bbox")
        close([found["area"]], [shape["width"] * shape["height"]], 1e-9, f"{what}: area")
    elif shape["kind"] == "polygon":
        close(found["segmentation"][0], shape["parts"][0][0], 0, f"{what}: ring")
        expect(coco.annToMask(found).sum() > 0, f"{what} covers pixels")
    elif shape["kind"] == "mask":
        pixels = coco.annToMask(found)
        expect(np.array_equal(pixels, masks[wanted["item"]]), f"{what}: every pixel is the same")
        same(found["area"], int(pixels.sum()), f"{what}: area")
        columns, rows = np.flatnonzero(pixels.any(0)), np.flatnonzero(pixels.any(1))
        edges = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
        close(found["bbox"], edges, 0, f"{what}: the mask's bbox")
    else:
        flat = [n for point in shape["points"] for n in point]
        close(found["keypoints"], flat, 0, f"{what}: keypoints")
        same(found["num_keypoints"], 2, f"{what}: keypoints seen")


def main():
    with home() as (company, folder):
        sizes = samples.pictures(folder / "pictures")
        records, masks = drawn(sizes)
        company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
        path = company.export("labels", "coco", folder / "coco.json")
        coco, labels = COCO(str(path)), {r["id"]: r for r in company.labels("labels")}

        sizes_read = {i["file_name"]: (i["width"], i["height"]) for i in coco.loadImgs(coco.getImgIds())}
        same(sizes_read, sizes, "the pictures and their sizes")
        found = coco.loadAnns(coco.getAnnIds())
        same(len(found), len(labels), "how many labels")
        for annotation in found:
            wanted = labels[annotation["countermark"]["id"]]
            same(coco.cats[annotation["category_id"]]["name"], wanted["class"], "the class")
            same(coco.imgs[annotation["image_id"]]["file_name"], wanted["item"], "the picture")
            check_shape(coco, annotation, wanted, masks)
        names = Counter(coco.cats[a["category_id"]]["name"] for a in found)
        same(names, Counter(r["class"] for r in labels.values()), "labels by class")
        record("coco", "pycocotools", items=len(sizes_read), labels=len(found), tolerance=0,
               lossless=round_trips(company, "labels", "coco", "coco.json"))


main()
