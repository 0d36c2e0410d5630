"""Predictions scored by COCOeval against a file and against its export give the same AP.

So the ids of images and categories, the areas, the crowds, the boxes beside outlines and points, and the
people without visible points must all survive the way through a label set.
"""

import contextlib
import copy
import io
import json
import random

import numpy as np
from pycocotools import mask as coding
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from company import close, expect, home, say

KINDS = ["bbox", "segm", "keypoints"]
POINTS = ["nose", "hand", "foot"]
# Ids as real files have them: with gaps, not in order, beyond 32 bits.
CATEGORIES = [{"id": 44, "name": "bottle", "supercategory": "kitchen"},
              {"id": 1, "name": "person", "supercategory": "living", "keypoints": POINTS, "skeleton": [[1, 2], [2, 3]]},
              {"id": 17, "name": "cat", "supercategory": "living"}]
IMAGES = [{"id": 391_895 + 7 * n if n else 2**40 + 3, "file_name": f"val/{n:03}.jpg", "width": 320 + n, "height": 240}
          for n in range(12)]


def outline(x, y, w, h):
    """A polygon that fills its box but for the corners."""
    return [x, y + h / 4, x + w / 4, y, x + 3 * w / 4, y, x + w, y + h / 4, x + w, y + 3 * h / 4, x + w / 2, y + h,
            x, y + 3 * h / 4]


def runs(outlines, image):
    """The pixels of polygons as runs, uncompressed as crowds have them."""
    whole = coding.merge(coding.frPyObjects(outlines, image["height"], image["width"]))
    pixels = coding.decode(whole).flatten(order="F")
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff(np.concatenate([[0], edges, [pixels.size]])).tolist()
    return {"size": whole["size"], "counts": [0, *counts] if pixels[0] else counts}


def annotation(chance, image, number):
    x, y = chance.uniform(0, 150), chance.uniform(0, 100)
    w, h = chance.uniform(8, 140), chance.uniform(8, 120)
    found = {"id": 900_000 + 13 * number, "image_id": image["id"], "iscrowd": 0, "bbox": [x, y, w, h],
             "category_id": chance.choice(CATEGORIES)["id"], "segmentation": [outline(x, y, w, h)]}
    # Of the pixels, as annotators say it: smaller than the box, which decides who is small and who is large.
    found["area"] = w * h * 0.8
    if found["category_id"] == 1:
        seen = chance.choice([0, 1, 2, 3])
        flat = [v for n in range(3) for v in
                ((x + w * (n + 1) / 4, y + h * (n + 1) / 4, chance.choice([1, 2])) if n < seen else (0, 0, 0))]
        found |= {"keypoints": flat, "num_keypoints": seen}
    if number % 11 == 5:
        found |= {"iscrowd": 1, "segmentation": runs([outline(x, y, w, h)], image)}
    return found


def truth():
    chance = random.Random(14)
    annotations = [annotation(chance, image, 10 * place + number)
                   for place, image in enumerate(IMAGES[:-1]) for number in range(8)]
    return {"images": IMAGES, "categories": CATEGORIES, "annotations": annotations}


def predictions(data, kind):
    """What a middling detector says: moved, missed, of the wrong class, and on the picture without objects."""
    chance, found = random.Random(41), []
    for each in data["annotations"]:
        if each["iscrowd"] or chance.random() < 0.15 or kind == "keypoints" and each["category_id"] != 1:
            continue
        move = [chance.gauss(0, 0.06) for _ in range(4)]
        x, y, w, h = each["bbox"]
        box = [max(0, x + move[0] * w), max(0, y + move[1] * h), w * (1 + move[2]), h * (1 + move[3])]
        name = each["category_id"] if chance.random() < 0.9 else chance.choice(CATEGORIES)["id"]
        one = {"image_id": each["image_id"], "category_id": name, "score": round(chance.random(), 4)}
        if kind == "bbox":
            one["bbox"] = box
        elif kind == "segm":
            image = next(i for i in IMAGES if i["id"] == each["image_id"])
            packed = coding.merge(coding.frPyObjects([outline(*box)], image["height"], image["width"]))
            one["segmentation"] = packed | {"counts": packed["counts"].decode()}
        else:
            one["category_id"] = 1
            one["keypoints"] = [v for n in range(3) for v in
                                (box[0] + box[2] * (n + 1) / 4, box[1] + box[3] * (n + 1) / 4, 2)]
        found.append(one)
    if kind == "bbox":
        found.append({"image_id": IMAGES[-1]["id"], "category_id": 17, "score": 0.9, "bbox": [9, 9, 40, 40]})
    return found


def score(path, found, kind):
    """The twelve figures of COCOeval (ten for keypoints), and its whole table of precisions."""
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO(str(path))
        run = COCOeval(known, known.loadRes(copy.deepcopy(found)), kind)
        if kind == "keypoints":
            run.params.kpt_oks_sigmas = np.array([0.026, 0.062, 0.089])
            run.params.catIds = [1]
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats, run.eval["precision"]


def main():
    with home() as (company, folder):
        data = truth()
        original = folder / "original.json"
        original.write_text(json.dumps(data))
        company.bring("labels", original, "coco")
        export = company.export("labels", "coco", folder / "export.json")
        images = {i["id"]: i["file_name"] for i in json.loads(export.read_text())["images"]}
        # A picture with predictions and without objects must be in both, or its false alarms do not count.
        empty = IMAGES[-1]
        expect(images == {i["id"]: i["file_name"] for i in IMAGES}, f"the pictures, {empty['file_name']} too: {images}")
        for kind in KINDS:
            found = predictions(data, kind)
            before, table = score(original, found, kind)
            after, again = score(export, found, kind)
            expect(0.1 < before[0] < 0.95, f"{kind}: the detector is a middling one: {before[0]}")
            close(list(after), list(before), 0, f"{kind}: AP and AR")
            expect(np.array_equal(table, again), f"{kind}: every precision")
            say(f"{kind}: AP {before[0]:.4f} against the original and against the export")


main()
