"""What a member's names and texts do to exports."""

import csv
import json
import os
import re
import unicodedata

from harness import attack
from toolkit import *

FOLDERS = "voc voc-zero labelme kitti mot sustech webvtt textgrid audacity".split()
SELECTORS = [
    BOX,
    [12 << 3, 0, 4, "Anna"],
    [11 << 3, 0, 2, []],
    [9 << 3, 1, 2, 3, 1, 1, 1, 1, 0, 0, 0],
    [10 << 3, b"\0\1"],
    [3 << 3, [[[0, 0, 5, 0, 5, 5]]]],
    [15 << 3, [0, 1], [BOX] * 2, b"\0\0"],
    [2 << 3, 1, 2, 3, 4, 1],
]


def export(world, form, out):
    """The export's result, and {path below it: bytes}; "" is the path where it is one file."""
    result = cm("export", world.dataset, "--format", form, "-o", out, home=world.oem, check=False)
    files = {}
    for folder, _, names in os.walk(out):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, out)] = file.read()
    if os.path.isfile(out):
        with open(out, "rb") as file:
            files[""] = file.read()
    return result, files


def two_companies(t):
    """A world with a victim and an attacker that both write by hand: (world, victim's log, attacker's log)."""
    world = World(t.folder)
    return world, world.log_of(world.hostile("victim.example")), world.log_of(world.hostile("evil.example"))


def labels(items, class_name, selectors):
    changes = Changeset()
    for item in items:
        for selector in selectors:
            changes.label(item, class_name, selector)
    return changes


@attack(
    "long-key",
    "annotator",
    "labels an item whose key has 1,000 bytes; all folder formats are exported",
    "each export ends with status 0 and holds what it held before of the other company's item",
)
def long_key(t):
    world, victim, evil = two_companies(t)
    t.need(
        victim.send(labels(["img1.png"], "GOOD", SELECTORS)),
        f"the other company's labels: {victim.said()}",
        "they are taken",
    )
    before = {form: export(world, form, f"{t.folder}/before-{form}") for form in FOLDERS}
    t.send(evil, labels(["x" * 1000], "EVIL", SELECTORS), "the long key")
    for form in FOLDERS:
        plain, old = before[form]
        t.need(plain.status == 0, f"without the attack: {plain.said()}", "it works")
        result, files = export(world, form, f"{t.folder}/after-{form}")
        if t.check(
            result.status == 0, f"{form}: {result.said()}", "one bad item is a loss, not the end of an export"
        ):
            lost = [path for path, data in old.items() if data.count(b"GOOD") > files.get(path, b"").count(b"GOOD")]
            t.check(
                not lost, f"{form} has lost the other company's labels in {lost[:3]}", "they are exported as before"
            )


def names_of(form, data):
    """The items that a file of several names."""
    if form == "coco":
        return [image["file_name"] for image in json.loads(data)["images"]]
    if form == "cvat":
        return re.findall(r'<image [^>]*name="([^"]*)"', data.decode())
    return data.decode()


def stem(path):
    return unicodedata.normalize("NFC", os.path.splitext(os.path.basename(path))[0])


class Collisions:
    """The exports of two companies' items before and after one company's keys collide with the other's."""

    def __init__(self, t, world, good):
        self.t, self.world, self.good = t, world, good
        self.keys = {stem(key): key for key in good}

    def folder(self, form, old, files, result, named):
        """A format that writes a file for each item."""
        t = self.t
        for path, data in files.items():
            t.check(
                b"GOOD" not in data or b"EVIL" not in data,
                f"{form}: {path} holds labels of two items",
                "a file holds the labels of its own item only",
            )
        for path, data in old.items():
            key, now = self.keys.get(stem(path)), files.get(path, b"")
            if b"GOOD" in data:
                t.check(
                    b"EVIL" not in now or b"GOOD" in now or named(key),
                    f"{form}: {path} is the attacker's now, and {key} is not named",
                    "nobody is replaced silently",
                )
        lost = sum(data.count(b"GOOD") for data in old.values()) - sum(data.count(b"GOOD") for data in files.values())
        said = one_line(result.text[: result.text.find(t.folder)])
        t.check(
            lost <= sum(1 for key in self.good if named(key)),
            f"{form}: {lost} of 3 labels of the other company are dropped; it says {said}",
            "what is dropped is named by its key",
        )

    def file(self, form, files, named):
        """A format that writes one file."""
        have = names_of(form, files[""])
        gone = [key for key in self.good if key not in have and not named(key)]
        count = len(have) if form in ("coco", "cvat") else "all"
        self.t.check(
            not gone,
            f"{form}: {gone} are gone and not named, of {count} items",
            "keys of different bytes are different items",
        )


@attack(
    "collide",
    "annotator",
    "labels items whose keys lead to the file name of another company's item: `../img/1.png` and"
    " `img/1.jpg` beside `img/1.png`, `p//q.png` beside `p/q.png`, é as two characters beside é as one",
    "no file holds labels of two items; whoever loses its file name or its place in the export is named, by its key,"
    " and nobody is replaced silently; the export ends with status 0",
)
def collide(t):
    world, victim, evil = two_companies(t)
    good, bad = ["img/1.png", "\u00e9.png", "p/q.png"], ["../img/1.png", "e\u0301.png", "p//q.png", "img/1.jpg"]
    t.need(victim.send(labels(good, "GOOD", [BOX])), f"the other company's labels: {victim.said()}", "they are taken")
    folders, single = ["voc", "labelme", "kitti"], ["coco", "cvat", "csv", "jsonl"]
    before = {form: export(world, form, f"{t.folder}/before-{form}") for form in folders + single}
    t.send(evil, labels(bad, "EVIL", [BOX]), "the colliding keys")
    collisions = Collisions(t, world, good)
    for form, (plain, old) in before.items():
        t.need(plain.status == 0, f"without the attack: {plain.said()}", "it works")
        result, files = export(world, form, f"{t.folder}/after-{form}")

        def named(key, text=result.text):
            return re.search(r"(?<![/.\w])" + re.escape(key), text)

        if not t.check(result.status == 0, f"{form}: {result.said()}", "another's item does not end an export"):
            continue
        if form in folders:
            collisions.folder(form, old, files, result, named)
        else:
            collisions.file(form, files, named)


@attack(
    "outside-keys",
    "annotator",
    "labels items whose keys are no names of files: `..`, `.`, `/etc/x`, `../../x`, `a/../../x`,"
    " `-rf`, `con`, `x.`, a name of 300 bytes, one of spaces; all formats with a file for each item are exported",
    "each export ends with status 0, writes nothing outside its folder, and has the other company's item as before",
)
def outside_keys(t):
    world, victim, evil = two_companies(t)
    t.need(
        victim.send(labels(["img1.png"], "GOOD", SELECTORS)),
        f"the other company's labels: {victim.said()}",
        "they are taken",
    )
    bad = [
        "..",
        ".",
        "/etc/x",
        "../../x",
        "a/../../x",
        "-rf",
        "con",
        "x.",
        "y" * 300,
        "   ",
        "/",
        "~/x",
        "c:\\x",
        "..\\x",
    ]
    t.send(evil, labels(bad, "EVIL", [BOX, SELECTORS[1], SELECTORS[2]]), "the odd keys")
    inner = t.folder + "/deep/er"
    os.makedirs(inner)

    def outside():
        return {
            os.path.join(folder, name)
            for folder, _, names in os.walk(t.folder)
            for name in names
            if "/oem" not in folder and not folder.startswith(inner) and ".org" not in folder
        }

    before = outside()
    for form in FOLDERS:
        result, files = export(world, form, f"{inner}/{form}")
        t.check(result.status == 0, f"{form}: {result.said()}", "one bad item is a loss, not the end of an export")
        good = sum(data.count(b"GOOD") for data in files.values())
        t.check(good, f"{form} has none of the other company's labels", "they are exported")
        stray = outside() - before
        t.check(not stray, f"{form} wrote {sorted(stray)[:3]}", "nothing is written outside the export's folder")


@attack(
    "formulas",
    "annotator",
    "puts texts that spreadsheets run into keys, classes, attributes and comments: they begin with"
    " = + - @, with a tab or with blanks before them",
    "no cell of the CSV export begins so, the export can be read back, and reading it back changes nothing",
)
def formulas(t):
    world = World(t.folder)
    texts = ["=1+1", "+1+cmd", "-2+3", "@SUM(1)", '=HYPERLINK("http://x","y")', " =1", "|cmd", "'=1"]
    log = world.log_of(world.hostile())
    changes = Changeset()
    for text in texts:
        changes.label(text, text, BOX, [ATTRIBUTE + changes.string("note"), text])
    t.send(log, changes, "the labels")
    attribute = Changeset()
    t.send(
        log,
        attribute.set("evil.example:0.1", attribute.attribute("=A1"), "x"),
        "an attribute whose name is a formula",
    )
    out = t.folder + "/labels.csv"
    t.works(
        cm("export", world.dataset, "--format", "csv", "-o", out, home=world.oem, check=False),
        "the export",
        "it works",
    )
    with open(out, newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    run = [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r") or re.match(r"-\D|-\d+[^\d.eE]", cell)]
    t.check(not run, f"cells that a spreadsheet runs: {run[:4]}", "no cell begins with = + - @ or a tab, but numbers")
    before = world.digest(world.oem)
    t.works(
        cm("import", world.dataset, out, "--format", "csv", home=world.oem, check=False),
        "reading it back",
        "it works",
    )
    t.check(
        world.digest(world.oem) == before,
        "reading the export back changes the label set",
        "it says what holds already",
    )
