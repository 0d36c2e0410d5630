#!/usr/bin/env python3
"""Split one set of defect labels among three companies that partly disagree.

    python3 split-labels.py BOARDS OUT [--seed 7]

BOARDS is what make-boards.py writes, or the public DeepPCB sample: images/<id>_test.png (or .jpg) and
labels/<id>.txt. OUT gets:

    oem.example.json          COCO: all boards, about a third of the labels
    supplier-a.example.json   COCO: the first two thirds of the boards, the labels that the OEM left open
    supplier-b.example.json   COCO: the last two thirds of the boards, likewise
    revisions.json            what the suppliers change on the OEM's labels, independently of each other
    expected.json             the figures that a correct merge must come to

The two suppliers look at the boards in the middle third separately. There each misses some defects,
takes some for another class and draws some boxes a few pixels elsewhere, as people do. Conflicts in the
strict sense come from revisions.json: two companies write different values into the same field of the
same label without having seen each other's. Each entry is

    {"org": who, "external_id": id of the OEM's annotation, "item": its image,
     "field": "class" | "box" | "severity", "value": text, or [x, y, width, height]}

and the list holds, besides those, changes that do not conflict: to different fields of one label, and by
one supplier alone. The same seed gives the same files. Needs Python 3.8 or later and nothing else.
"""

import argparse
import json
import pathlib
import random
import struct
import sys

OEM, SUPPLIER_A, SUPPLIER_B = "oem.example", "supplier-a.example", "supplier-b.example"

CLASSES = ["open", "short", "mousebite", "spur", "copper", "pin-hole"]

# What inspectors take for what: the classes that look alike.
LOOKALIKES = {
    "open": "mousebite",
    "short": "spur",
    "mousebite": "pin-hole",
    "spur": "short",
    "copper": "spur",
    "pin-hole": "mousebite",
}

SEVERITIES = ["minor", "major", "critical"]

# Each annotator's ids begin elsewhere, so that an id in a log or a message tells whose it is.
FIRST_ID = {OEM: 1, SUPPLIER_A: 10001, SUPPLIER_B: 20001}

MISSED = 0.08  # chance that a supplier overlooks a defect
CONFUSED = 0.12  # chance that it takes it for a lookalike
SHIFTED = 0.30  # chance that it draws the box some pixels elsewhere
SHIFT_MAX = 6  # pixels


def fail(text):
    sys.exit(f"split-labels.py: {text}")


def image_size(path):
    """Width and height from the header of a PNG or JPEG file."""
    data = path.read_bytes()
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return struct.unpack(">II", data[16:24])
    if data[:2] == b"\xff\xd8":
        place = 2
        while place + 9 < len(data):
            marker, length = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])[0]
            # The frame headers, without the three markers among them that are something else.
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[place + 5 : place + 9])
                return width, height
            place += 2 + length
    fail(f"{path} is neither PNG nor JPEG")


def read_boards(folder):
    """All boards: [{"item", "width", "height", "labels": [{"class", "box"}]}]."""
    boards = []
    for text in sorted((folder / "labels").glob("*.txt")):
        candidates = [folder / "images" / f"{text.stem}_test{ending}" for ending in (".png", ".jpg")]
        image = next((path for path in candidates if path.exists()), None)
        if image is None:
            fail(f"no image for {text}; expected {candidates[0]}")
        labels = []
        for number, line in enumerate(text.read_text(encoding="ascii").splitlines(), 1):
            parts = line.replace(",", " ").split()
            if not parts:
                continue
            if len(parts) != 5 or not 1 <= int(parts[4]) <= len(CLASSES):
                fail(f"{text}, line {number}: expected x1 y1 x2 y2 type")
            x1, y1, x2, y2 = map(int, parts[:4])
            labels.append({"class": CLASSES[int(parts[4]) - 1], "box": [x1, y1, x2 - x1, y2 - y1]})
        width, height = image_size(image)
        item = f"images/{image.name}"
        boards.append({"item": item, "width": width, "height": height, "labels": labels})
    if len(boards) < 3:
        fail(f"{folder} has {len(boards)} boards; three or more are needed (run make-boards.py)")
    return boards


def severity(label):
    """How bad a defect is: what breaks the circuit is critical, of the rest what is large is major."""
    if label["class"] in ("open", "short"):
        return "critical"
    return "major" if label["box"][2] * label["box"][3] >= 600 else "minor"


def shifted(box, board, generator):
    """The box some pixels elsewhere, inside the image."""
    x, y, width, height = box
    while True:
        dx = generator.randint(-SHIFT_MAX, SHIFT_MAX)
        dy = generator.randint(-SHIFT_MAX, SHIFT_MAX)
        grow = generator.randint(-2, 2)
        new = [x + dx, y + dy, max(4, width + grow), max(4, height + grow)]
        fits = new[0] >= 0 and new[1] >= 0
        fits = fits and new[0] + new[2] <= board["width"] and new[1] + new[3] <= board["height"]
        if fits and new != box:
            return new


def inspect(label, board, generator):
    """What one inspector writes down about a defect, or None if it is overlooked."""
    if generator.random() < MISSED:
        return None
    seen = {"class": label["class"], "box": list(label["box"])}
    if generator.random() < CONFUSED:
        seen["class"] = LOOKALIKES[label["class"]]
    if generator.random() < SHIFTED:
        seen["box"] = shifted(label["box"], board, generator)
    return seen


def coco(org, boards, labels_by_item):
    """One company's labels as a COCO file."""
    images, annotations = [], []
    for number, board in enumerate(boards, 1):
        images.append(
            {
                "id": number,
                "file_name": board["item"],
                "width": board["width"],
                "height": board["height"],
            }
        )
        for label in labels_by_item.get(board["item"], []):
            identifier = FIRST_ID[org] + len(annotations)
            label["id"] = identifier
            annotations.append(
                {
                    "id": identifier,
                    "image_id": number,
                    "category_id": CLASSES.index(label["class"]) + 1,
                    "bbox": label["box"],
                    "area": label["box"][2] * label["box"][3],
                    "iscrowd": 0,
                    "segmentation": [],
                    "attributes": {"severity": severity(label)},
                }
            )
    categories = [
        {"id": number, "name": name, "supercategory": "defect"}
        for number, name in enumerate(CLASSES, 1)
    ]
    info = {"description": f"Board defects as {org} labelled them"}
    return {"info": info, "images": images, "categories": categories, "annotations": annotations}


def revise(boards, labels_by_item, generator):
    """What the suppliers change on the OEM's labels, and the (id, field) pairs that conflict."""
    labels = [(board, label) for board in boards for label in labels_by_item[board["item"]]]
    if len(labels) < 12:
        fail(f"the OEM has {len(labels)} labels only; draw more boards")
    generator.shuffle(labels)
    revisions, conflicts = [], []

    def write(org, board, label, field, value):
        revisions.append(
            {
                "org": org,
                "external_id": str(label["id"]),
                "item": board["item"],
                "field": field,
                "value": value,
            }
        )

    def other_class(label, generator):
        taken = label["class"], LOOKALIKES[label["class"]]
        return generator.choice([name for name in CLASSES if name not in taken])

    # Both change the same field, differently: three classes, two boxes, two severities.
    for index, field in enumerate(["class"] * 3 + ["box"] * 2 + ["severity"] * 2):
        board, label = labels[index]
        if field == "class":
            values = LOOKALIKES[label["class"]], other_class(label, generator)
        elif field == "box":
            first = shifted(label["box"], board, generator)
            second = shifted(label["box"], board, generator)
            while second == first:
                second = shifted(label["box"], board, generator)
            values = first, second
        else:
            values = [name for name in SEVERITIES if name != severity(label)]
        write(SUPPLIER_A, board, label, field, values[0])
        write(SUPPLIER_B, board, label, field, values[1])
        conflicts.append({"external_id": str(label["id"]), "item": board["item"], "field": field})
    # Both change one label, but different fields of it: no conflict.
    for board, label in labels[7:9]:
        write(SUPPLIER_A, board, label, "box", shifted(label["box"], board, generator))
        write(SUPPLIER_B, board, label, "severity", SEVERITIES[SEVERITIES.index(severity(label)) - 1])
    # Only one of them changes something: no conflict either.
    for index, (board, label) in enumerate(labels[9:12]):
        org = SUPPLIER_A if index % 2 == 0 else SUPPLIER_B
        write(org, board, label, "class", LOOKALIKES[label["class"]])
    # In the order of each company's work: company, board, label.
    revisions.sort(key=lambda r: (r["org"], r["item"], int(r["external_id"]), r["field"]))
    conflicts.sort(key=lambda c: (int(c["external_id"]), c["field"]))
    return revisions, conflicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("boards", type=pathlib.Path, help="folder with images/ and labels/")
    parser.add_argument("out", type=pathlib.Path, help="folder to write to")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same split (default 7)")
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    boards = read_boards(arguments.boards)

    # Deal the labels out: every third one goes to the OEM.
    everything = [(board, label) for board in boards for label in board["labels"]]
    generator.shuffle(everything)
    dealt = {id(label) for _, label in everything[: len(everything) // 3]}
    oem, open_labels = {}, {}
    for board in boards:
        oem[board["item"]] = [dict(label) for label in board["labels"] if id(label) in dealt]
        open_labels[board["item"]] = [label for label in board["labels"] if id(label) not in dealt]

    third = len(boards) // 3
    parts = {SUPPLIER_A: boards[: len(boards) - third], SUPPLIER_B: boards[third:]}
    files = {OEM: coco(OEM, boards, oem)}
    for org, part in parts.items():
        seen = {
            board["item"]: [
                found
                for label in open_labels[board["item"]]
                if (found := inspect(label, board, generator)) is not None
            ]
            for board in part
        }
        files[org] = coco(org, part, seen)
    revisions, conflicts = revise(boards, oem, generator)

    annotations = {org: len(file["annotations"]) for org, file in files.items()}
    expected = {
        "items": len(boards),
        "annotations": annotations,
        "annotationsInAll": sum(annotations.values()),
        "revisions": {org: sum(r["org"] == org for r in revisions) for org in parts},
        "conflicts": conflicts,
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    outputs = {f"{org}.json": file for org, file in files.items()}
    outputs.update({"revisions.json": revisions, "expected.json": expected})
    for name, content in outputs.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (arguments.out / name).write_text(text, encoding="utf-8")
    figures = ", ".join(f"{org} {count}" for org, count in annotations.items())
    print(
        f"{len(boards)} boards, labels: {figures}; {len(revisions)} revisions, "
        f"{len(conflicts)} conflicts, in {arguments.out}"
    )


if __name__ == "__main__":
    main()
