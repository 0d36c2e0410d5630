"""YOLO in its variants, Pascal VOC, LabelMe and COCO, opened with supervision as for a training run."""

import pathlib
from collections import Counter

import cv2
import numpy as np
import supervision

import samples
from company import box, close, expect, home, record, round_trips, same

# supervision holds corners in float32, whose step is 4e-6 at 40 pixels.
TOLERANCE = 1e-4
FORMATS = {
    "yolo": ("box", "polygon", "rotatedBox"),
    "yolo-seg": ("box", "polygon"),
    "yolo-obb": ("box", "rotatedBox"),
    "voc": ("box", "polygon", "rotatedBox"),
    "labelme": ("box", "polygon", "rotatedBox"),
    "coco": ("box", "polygon", "rotatedBox"),
}


def drawn(sizes):
    records = samples.items(sizes) + samples.boxes(sizes, each=2)
    for number, key in enumerate(sizes):
        turned = {"kind": "rotatedBox", "centerX": 30, "centerY": 24, "width": 20, "height": 10,
                  "angle": 0.3 + number / 10}
        records.append(samples.label(key, "scratch", samples.polygon(3.25 + number, 4.5)))
        records.append(samples.label(key, "connector", turned))
    return records


def corners(selector):
    """A shape's outline as x, y pairs."""
    if selector["kind"] == "box":
        x, y, width, height = box(selector)
        return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    if selector["kind"] == "polygon":
        return np.array(selector["parts"][0][0]).reshape(-1, 2)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [selector["width"] / 2, selector["height"] / 2]
    # Clockwise on screen, since y points down.
    cos, sin = np.cos(selector["angle"]), np.sin(selector["angle"])
    turn = np.array([[cos, sin], [-sin, cos]])
    return half @ turn + [selector["centerX"], selector["centerY"]]


def opened(form, path, pictures):
    """The dataset as supervision reads it."""
    load = supervision.DetectionDataset
    if form == "coco":
        return load.from_coco(pictures, str(path))
    if form == "voc":
        return load.from_pascal_voc(pictures, str(path / "Annotations"))
    if form == "labelme":
        return load.from_labelme(pictures, str(path), force_masks=True)
    return load.from_yolo(pictures, str(path / "labels"), str(path / "data.yaml"),
                          is_obb=form == "yolo-obb", force_masks=form == "yolo-seg")


def check_mask(form, found, outline, what):
    """The pixels that supervision fills, against those of the outline itself."""
    filled = np.zeros(found.shape, np.uint8)
    cv2.fillPoly(filled, [np.round(outline).astype(np.int32)], 1)
    both, either = (filled & found).sum(), (filled | found).sum()
    # It cuts corners to whole pixels: of an outline of n pixels, n may fall on either side.
    expect(either - both <= cv2.arcLength(outline.astype(np.float32), True), f"{what}: filled pixels")


def check(company, form, folder, sizes, labels):
    path = company.export("labels", form, folder / form / "coco.json" if form == "coco" else folder / form)
    dataset = opened(form, path, str(folder / "pictures"))
    same(len(dataset), len(sizes), f"{form}: pictures")
    counted = 0
    for file, picture, found in dataset:
        key = pathlib.Path(file).name
        same(picture.shape[:2], sizes[key][::-1], f"{form}: size of {key}")
        of_item = [r for r in labels if r["item"] == key and r["selector"]["kind"] in FORMATS[form]]
        # Each class has one label in a picture, so that the class tells which is which.
        names = [dataset.classes[number] for number in found.class_id]
        same(Counter(names), Counter(r["class"] for r in of_item), f"{form}: classes of {key}")
        for label in of_item:
            place, outline = names.index(label["class"]), corners(label["selector"])
            what = f"{form} {label['id']}"
            bounds = [*outline.min(0), *outline.max(0)]
            close(found.xyxy[place], bounds, TOLERANCE, f"{what}: corners")
            if form in ("yolo-seg", "labelme"):
                check_mask(form, found.mask[place].astype(np.uint8), outline, what)
            if form == "yolo-obb":
                close(found.data["xyxyxyxy"][place].flatten(), outline.flatten(), TOLERANCE, f"{what}: turned")
            counted += 1
    record(form, "supervision", items=len(dataset), labels=counted, tolerance=TOLERANCE,
           lossless=round_trips(company, "labels", form, path.name))


def main():
    with home() as (company, folder):
        sizes = samples.pictures(folder / "pictures")
        (folder / "coco").mkdir()
        company.bring("labels", samples.jsonl(folder / "in.jsonl", drawn(sizes)), "jsonl")
        labels = company.labels("labels")
        for form in FORMATS:
            check(company, form, folder, sizes, labels)


main()
