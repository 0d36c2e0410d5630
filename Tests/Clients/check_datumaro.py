"""Seven formats of pictures, opened with datumaro in the folders that each expects."""

import pathlib
import shutil
from collections import Counter
from dataclasses import dataclass

import cv2
import datumaro
import numpy as np

import samples
from company import box, close, expect, home, record, round_trips, same

KIND = {"box": "bbox", "polygon": "polygon", "mask": "mask"}


@dataclass
class Layout:
    """Where a format's export and the pictures lie for datumaro, and how exactly it says figures."""

    form: str
    importer: str
    export: str
    pictures: str
    tolerance: float = 0
    kinds: tuple = ("box", "polygon", "mask")
    kind: str = ""  # what datumaro calls every shape, where it is not our kind


LAYOUTS = [
    Layout("datumaro", "datumaro", "", "images/default"),
    Layout("coco", "coco", "annotations/instances_all.json", "images/all"),
    Layout("coco-panoptic", "coco_panoptic", "annotations", "images/all", kinds=("polygon", "mask"), kind="mask"),
    Layout("cvat", "cvat", "all.xml", "images"),
    # Shares of the picture's side: off by the rounding of a division, and datumaro rounds to a thousandth.
    Layout("yolo", "yolo", "", "images", tolerance=0.001, kind="bbox"),
    Layout("voc-zero", "voc_detection", "", "JPEGImages", kind="bbox"),
    Layout("kitti", "kitti_detection", "training", "training/image_2", kinds=("box",)),
]


def edges(selector):
    """The corners of a shape's box."""
    if selector["kind"] == "box":
        x, y, width, height = box(selector)
        return [x, y, x + width, y + height]
    if selector["kind"] == "polygon":
        ring = selector["parts"][0][0]
        return [min(ring[0::2]), min(ring[1::2]), max(ring[0::2]), max(ring[1::2])]
    pixels = unpacked(selector)
    columns, rows = np.flatnonzero(pixels.any(0)), np.flatnonzero(pixels.any(1))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def unpacked(selector):
    """The pixels of a mask."""
    runs = selector["counts"]
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape((selector["height"], selector["width"]), order="F")


def drawn(sizes):
    records = samples.items(sizes) + samples.boxes(sizes)
    for number, (key, (width, height)) in enumerate(sizes.items()):
        records.append(samples.label(key, "stain", samples.mask(width, height, number)[0]))
        records.append(samples.label(key, "scratch", samples.polygon(3.25 + number, 4.5),
                                     attributes={"depth": 2.5, "worn": True}))
    return records


def laid_out(company, layout, folder, sizes):
    """Exports in a format, beside the pictures, as datumaro wants them."""
    path = folder / layout.form
    shutil.copytree(folder / "pictures", path / layout.pictures)
    (path / layout.export).parent.mkdir(parents=True, exist_ok=True)
    company.export("labels", layout.form, path / layout.export)
    if layout.form == "coco-panoptic":
        # datumaro knows these files by the name of the subset that stands in theirs.
        (path / "annotations/panoptic.json").rename(path / "annotations/panoptic_all.json")
        (path / "annotations/panoptic").rename(path / "annotations/panoptic_all")
    if layout.form == "voc-zero":
        # The challenge's list of pictures, and the classes, since they are not the challenge's own.
        listed = path / "ImageSets/Main/all.txt"
        listed.parent.mkdir(parents=True)
        listed.write_text("".join(pathlib.Path(key).stem + "\n" for key in sizes))
        names = [*samples.CLASSES, "stain", "scratch"]
        (path / "labelmap.txt").write_text("".join(f"{name}:::\n" for name in names))
    return path


def check_figures(layout, found, wanted, others, what):
    """One label as datumaro sees it, against ours; the others are what it sees of the picture else."""
    selector = wanted["selector"]
    kind = layout.kind or KIND[selector["kind"]]
    same(found.type.name, kind, f"{what}: kind")
    if kind == "bbox":
        close(found.points, edges(selector), layout.tolerance, f"{what}: corners")
    elif kind == "polygon":
        close(found.points, selector["parts"][0][0], layout.tolerance, f"{what}: ring")
        said = {name: found.attributes.get(name) for name in wanted["attributes"]}
        same(said, wanted["attributes"], f"{what}: attributes")
    elif selector["kind"] == "mask":
        # In a panoptic picture a pixel belongs to one segment, else nothing is lost.
        lost = unpacked(selector) & ~found.image.astype(bool)
        expect(not (found.image.astype(bool) & ~unpacked(selector)).any(), f"{what}: no pixel is added")
        for other in others if layout.form == "coco-panoptic" else []:
            lost &= ~other.image.astype(bool)
        expect(not lost.any(), f"{what}: every pixel is the same")
    else:
        filled = np.zeros(found.image.shape, np.uint8)
        corners = np.array(selector["parts"][0][0]).reshape(-1, 2)
        cv2.fillPoly(filled, [np.round(corners).astype(np.int32)], 1)
        both, either = filled & found.image, filled | found.image
        expect(both.sum() > 0.8 * either.sum(), f"{what}: the polygon is filled")


def annotations(layout, item):
    """The labels of one picture; for COCO without the boxes that datumaro adds around other shapes."""
    found = list(item.annotations)
    if layout.form == "coco":
        shapes = {a.group for a in found if a.type.name != "bbox"}
        found = [a for a in found if a.type.name != "bbox" or a.group not in shapes]
    return found


def check(company, layout, folder, sizes, labels):
    wanted = [r for r in labels if r["selector"]["kind"] in layout.kinds]
    path = laid_out(company, layout, folder, sizes)
    dataset = datumaro.Dataset.import_from(str(path), layout.importer)
    names = [entry.name for entry in dataset.categories()[datumaro.AnnotationType.label]]
    read = {pathlib.Path(item.id).stem: item for item in dataset}
    same(set(read), {pathlib.Path(key).stem for key in sizes}, f"{layout.form}: pictures")
    for key, (width, height) in sizes.items():
        item = read[pathlib.Path(key).stem]
        same(tuple(item.media.size), (height, width), f"{layout.form}: size of {key}")
        # Each class has one label in a picture, so that the class tells which is which.
        found = {names[a.label]: a for a in annotations(layout, item)}
        of_item = {r["class"]: r for r in wanted if r["item"] == key}
        same(Counter(names[a.label] for a in annotations(layout, item)),
             Counter(list(of_item)), f"{layout.form}: classes of {key}")
        for name, one in of_item.items():
            others = [a for other, a in found.items() if other != name]
            check_figures(layout, found[name], one, others, f"{layout.form} {one['id']}")
    record(layout.form, "datumaro", items=len(read), labels=len(wanted), tolerance=layout.tolerance,
           lossless=round_trips(company, "labels", layout.form, pathlib.Path(layout.export).name or "export"))


def main():
    with home() as (company, folder):
        sizes = samples.pictures(folder / "pictures")
        company.bring("labels", samples.jsonl(folder / "in.jsonl", drawn(sizes)), "jsonl")
        labels = company.labels("labels")
        for layout in LAYOUTS:
            check(company, layout, folder, sizes, labels)


main()
