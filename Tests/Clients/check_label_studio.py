"""Label Studio's JSON, checked against a labelling configuration and converted by label-studio-sdk."""

import json
import xml.etree.ElementTree as ET
from collections import Counter

import numpy as np
from label_studio_sdk.converter import Converter, brush
from label_studio_sdk.label_interface import LabelInterface

import samples
from company import box, close, expect, home, record, round_trips, same

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="rectangle" toName="image">
    <Label value="short"/><Label value="open"/><Label value="spur"/>
  </RectangleLabels>
  <PolygonLabels name="polygon" toName="image"><Label value="scratch"/></PolygonLabels>
  <BrushLabels name="brush" toName="image"><Label value="stain"/></BrushLabels>
</View>"""
# Figures are percent of a side; dividing and multiplying again costs a few units in the last place.
TOLERANCE = 1e-9


def drawn(sizes):
    records, masks = samples.items(sizes) + samples.boxes(sizes), {}
    for number, (key, (width, height)) in enumerate(sizes.items()):
        selector, masks[key] = samples.mask(width, height, number)
        records.append(samples.label(key, "stain", selector))
        records.append(samples.label(key, "scratch", samples.polygon(3.25 + number, 4.5)))
    return records, masks


def check_tasks(tasks, masks):
    """Every annotation is one of this configuration, and every brush has its pixels."""
    interface = LabelInterface(CONFIG)
    for task in tasks:
        key = task["data"]["image"]
        for annotation in task["annotations"]:
            expect(interface.validate_annotation(annotation), f"{key} fits the configuration")
            wrong = dict(annotation, result=[dict(r, from_name="other") for r in annotation["result"]])
            expect(not interface.validate_annotation(wrong), "another control is refused")
            for region in annotation["result"]:
                if region["type"] == "brushlabels":
                    shape = (region["original_height"], region["original_width"], 4)
                    pixels = brush.decode_rle(region["value"]["rle"]).reshape(shape)
                    expect(np.array_equal(pixels[:, :, 3] > 0, masks[key]), f"{key}: the brush's pixels")


def check_coco(converter, path, folder, labels):
    """The converter's COCO has the boxes and polygons, by class and in pixels."""
    converter.convert_to_coco(str(path), str(folder), is_dir=False)
    coco = json.loads((folder / "result.json").read_text())
    names = {c["id"]: c["name"] for c in coco["categories"]}
    files = {i["id"]: i["file_name"].split("__")[-1] for i in coco["images"]}
    flat = [r for r in labels if r["selector"]["kind"] != "mask"]
    found = [a for a in coco["annotations"] if names[a["category_id"]] != "stain"]
    same(Counter((files[a["image_id"]], names[a["category_id"]]) for a in found),
         Counter((r["item"], r["class"]) for r in flat), "labels by picture and class")
    by_place = {(files[a["image_id"]], names[a["category_id"]]): a for a in found}
    for label in flat:
        one, what = by_place[label["item"], label["class"]], f"label {label['id']}"
        if label["selector"]["kind"] == "box":
            close(one["bbox"], box(label["selector"]), TOLERANCE, f"{what}: bbox")
        else:
            close(one["segmentation"][0], label["selector"]["parts"][0][0], TOLERANCE, f"{what}: ring")


def check_voc(converter, path, folder, labels):
    """The converter's VOC files have the boxes; it cuts place and size down to whole pixels."""
    converter.convert_to_voc(str(path), str(folder), is_dir=False)
    found = {}
    for file in (folder / "Annotations").glob("*.xml"):
        for each in ET.parse(file).getroot().iter("object"):
            corners = [int(each.find(f"bndbox/{name}").text) for name in ("xmin", "ymin", "xmax", "ymax")]
            found[file.stem.split("__")[-1] + ".png", each.find("name").text] = corners
    boxes = [label for label in labels if label["selector"]["kind"] == "box"]
    same(set(found), {(label["item"], label["class"]) for label in boxes}, "boxes as VOC")
    for label in boxes:
        x, y, width, height = box(label["selector"])
        close(found[label["item"], label["class"]], [x, y, x + width, y + height], 2, f"VOC of {label['id']}")


def main():
    with home() as (company, folder):
        sizes = samples.pictures(folder / "pictures")
        records, masks = drawn(sizes)
        company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
        path, labels = company.export("labels", "label-studio", folder / "tasks.json"), company.labels("labels")
        tasks = json.loads(path.read_text())
        same({t["data"]["image"] for t in tasks}, set(sizes), "the tasks")
        check_tasks(tasks, masks)
        regions = [r for t in tasks for a in t["annotations"] for r in a["result"]]
        same(len(regions), len(labels), "how many regions")
        converter = Converter(CONFIG, str(folder), download_resources=False)
        check_coco(converter, path, folder / "as-coco", labels)
        check_voc(converter, path, folder / "as-voc", labels)
        record("label-studio", "label-studio-sdk", items=len(tasks), labels=len(regions), tolerance=TOLERANCE,
               lossless=round_trips(company, "labels", "label-studio", "tasks.json"))


main()
