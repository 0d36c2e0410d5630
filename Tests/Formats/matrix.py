"""Makes Docs/Formats.md from what the tests saw, or with --check compares it with the page.

`swift test` takes a small dataset through every format of the registry and notes in
.build/formats.jsonl what came back. Tests/Clients/run.sh opens exports with the formats' own clients
and notes in .build/clients.jsonl what they counted. The page joins both; nothing in it is typed by hand
but the words around the table.
"""

import argparse
import difflib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "Docs" / "Formats.md"
SEEN = ROOT / ".build" / "formats.jsonl"
CLIENTS = ROOT / ".build" / "clients.jsonl"
SAMPLES = ROOT / ".." / "shared" / "data"
RENEW = "bash Tests/Clients/run.sh && python3 Tests/Formats/matrix.py"

INTRO = """\
# Formats

Every format in the table is read with `countermark import DATASET FILE… --format F` and, where the
table says so, written with `countermark export DATASET --format F -o PATH`. `export --sidecar` puts
`<output>.countermark.jsonl` beside the output; while it lies there, an import gives back every label with its id, author,
company and history, and what the format has no place for.

This page is made by a test run and compared with it each time the tests run: `swift test` takes a small
dataset that fits each format through its files, with the sidecar and without, and compares record by record;
`Tests/Clients/run.sh` opens exports with the clients that the formats' users have, and compares counts,
classes and coordinates. To renew the page after a change:

```
swift test --filter FormatMatrixTests
bash Tests/Clients/run.sh
python3 Tests/Formats/matrix.py
```

- **Items, labels**: how many the dataset has that goes through the files; one of its labels is retracted, most have an
  author, a source, attributes and a confidence, and where the format has items without labels, one is examined and
  empty.
- **With sidecar**: whether everything came back.
- **Without**: what did not, with the number of labels or items that it concerns. *Origin* stands for author, source and
  the id in the logs, which few formats have a place for; a retracted label is in the files of no format but our own.
- **Read by**: the clients that opened an export (items, labels, greatest deviation that was allowed, where one was).
"""

OUTRO = """\
## Common to all formats

- A reader names every record that it does not take, with file, line or path, and why; `import` prints the
  first ones and counts the rest. A file that is malformed as a whole is refused with the place, and nothing of it is
  imported.
- A second import of the same file changes nothing; one changed label becomes one operation. A change that another
  company made in between stays as a concurrent value (`countermark conflicts`).
- Which item a name means is one rule for all formats: the user's `--map`; the key itself, below the folder of the file or
  the subset or task that the format names; the only registered item whose path ends like the name; the one with the digest of the
  picture at hand; else a new item. `\\`, `%20`, drives, servers, missing endings and Label Studio's prefixes of uploads are
  understood. A name that may mean either of two items ends the import and names both
  ([CommandLine.md](CommandLine.md), `import`).
- A damaged member of a record costs itself where a place is left, and a damaged file of a folder costs itself: each is named, and
  the exit status says so.
- Objects of several polygons are written by the format's own convention: as they are, as a group (`labelme`, `cvat`,
  `datumaro`, whose readers join a group's polygons of one class to one label), as one ring joined by lines of no width
  (`yolo-seg`), or as a bitmap. The box that a file gives beside points or an outline is the attribute `bbox` in all formats.
- Label Studio: a region lies on what its `to_name` names among the task's data, else on the one piece of data of its kind; where
  that may be either of two, the region is left out with a line. Each author leaves in an annotation of its own, each model
  as a prediction; several keypoints as a box and the points below it, which is what its converter reads; tracks of boxes as
  video rectangles. Without the size of a video its percent stay percent (`ls.unit`).
- Label Studio: what annotators answer about a region beside its labels (a text, choices, a number) is an attribute called like the
  control, and leaves as a result of that control; what one person chose of one control for the whole item is one result.
- YOLO: `train`, `val` and `test` of `data.yaml`, be they folders or lists, are the items' field `split`, which Datumaro's
  subsets are too; an export names the folder of each split, or writes a list where the splits share a folder.
- What a file says of a picture, a text or a label and no reader knows is kept under the format's prefix, of pictures and texts as
  fields of the items, of labels as attributes (`coco.license`, `datumaro.attr.weather`, `ls.data.batch`, `ls.meta.shift`,
  `spacy.meta.source`, `spacy.kb_id`, `sustech.follows`, `labelme.kie_linking`, `voc.material`), and an export to the same format says it
  again. What has no place, such as COCO's `info` and `licenses` or CoNLL's columns between word and tag, is named in a note.
- A row or a frame of a track that cannot be read, or that stands there already, costs itself: `mot`, `cvat`, `kitti-raw`, `label-studio`.
- LabelMe: a flag of the picture that is set is a label of the whole item, one that is not a field `labelme.flag.NAME` of the item.
- CVAT: what is said of a skeleton's point is the attribute `POINT.NAME`; the tracks of a project lie on the videos of their
  tasks, and two files that do not say of which video they are never meet on one item. Lists of the values of an attribute are kept
  with the class and written again; one that a label's value does not fit is declared as text. Values that a schema permits are such lists.
- Datumaro: a skeleton is points with the attribute `datumaro.skeleton`, by which they are written as one again; points without it are
  written as `points`, which every version reads.
- `csv`, `jsonl`: a confidence that is no number within 0…1 is the attribute `confidence`.
- Where a format has no place for the author, or for the fact that a model made a label, the report of the export counts how
  many labels that concerns.
- A file that is named twice in an import (by another path, a link, or with its folder) is read once, with a note. Where a file's
  name says which item it is of, another name of it that leads to another item counts as a file of its own.
- Two files of one name below two of the given folders (`import d a b`), whose items are called like the files, are refused
  unless the items are registered under their paths.
- Frames count from 0 inside; MOT and Label Studio count from 1 in their files.
- Lists of classes keep their order, and in COCO their numbers, supercategories, names of points and skeletons; what stands in no
  list follows by name. Every node numbers alike. Of lists that disagree the first holds; import and export name the classes.
- An item that somebody examined and found nothing on is written where a format can say so; where it cannot, the export counts it.
  COCO and its readers take a listed image without labels for such a one, so items that nobody looked at are not listed.
- `export --format sqlite` writes tables for analysts ([Analysts.md](Analysts.md)); they are not imported.
- Item keys, classes and all other names are compared as bytes: `é` as one character and as two are two items, as are names that
  differ by case only. `img/1.png` and `../img/1.png` are two items, and so are `p/q.png` and `p//q.png`.
- Where items become files or elements under their names, no item takes the place of another. The item that a reader
  would take the name for keeps it, and among equals the one whose key comes first by its bytes, so every node writes the same. An
  item whose key cannot be a file's path below the output (a part that is empty, begins with a dot, ends in `.partial` or has more than
  247 bytes; more than 3,072 bytes; a control character; an absolute path) and an item that gets no name are left out with their labels, and the
  rest is written: `export` prints `left out: KEY: why` for the first 100 by their bytes, `--json` has all of them in `leftOut`. `jsonl` and `csv`
  keep all. A `coco-panoptic`, `kitti-raw`, `cvat` (tracks), `nuscenes` (a sample), `openlabel` (a stream) or `sdf` (a title) has one
  place for one item in the same way.
- Nothing is written through links. A link at the output, at its `.partial` or at a folder below the output is refused; the path that
  the user gave may lead through links up to its last part, and an output folder may itself be one. Only plain files are replaced.
- In `csv` a cell that a spreadsheet program would run as a formula, because it begins with `=`, `+`, `-`, `@` (also full
  width), a tab or a line end, has an apostrophe in front; a cell that begins with apostrophes before such a character has one more. The reader
  takes one apostrophe away from such cells, so every value comes back. A plain number such as `-5` stays as it is. A program that
  splits at semicolons needs to be told that the separator is the comma. The tables of `sqlite` hold typed values as they are; whoever makes CSV
  of them looks after that.
- Points in images are in pixels of the picture as it is stored. A rotation that EXIF asks for is not applied: `items add` notes
  the stored width and height (of PNG, JPEG, GIF, WebP, BMP and TIFF), and the rotation as `orientation`. Labels of a file that takes a picture for another size, or for the
  turned one, are left out, and so are YOLO's fractions of a turned picture, which do not say of which one they are; each with a
  line that says so.
- What a label implies and does not say is written out within bounds, so that nobody's few bytes cost everybody's export hours: frames between
  keyframes up to 262,144 an export and 64 more for each keyframe, the pixels of masks up to 33,554,432 and 8,192 more for each run
  (panoptic pictures of up to 16,777,216 pixels are always written), and 256 tiers of one class in a TextGrid. What lies beyond is left out and named.
- Files are named by bytes. Where two names differ in case alone, or Windows cannot keep one (`CON`, `a:b`, a dot or blank at the end), a note names the first.
- LAZ is compressed LAS and not read: `laszip -i x.laz -o x.las` unpacks it and keeps the order of the points.
- OpenLABEL, TextGrid and Web Annotation files are held as a whole, so they may have 256 MiB at most.

## A folder that is exported into again

A reader of a folder takes all files in it. So an export into the folder of the last one removes what it no longer has: the
files that this program wrote there, as the hidden list `.countermark-export-FORMAT` says, and that still have the SHA-256 which
stands in it. They are named (`removed`). Never removed is anything else: a user's pictures and labels, what the list does not
name, what a link leads to. The list is like that of `sha256sum` under one line that names the dataset; a line is added with each file, and at
the end the list is replaced, so an export that was broken off is known to the next one. Nothing is written, and the error
(`earlier-export`, 1) names a file and what to do, where

- a file on the list was changed since and is not in this export (one that is in it is written anew);
- the folder has no list, being of an earlier version or another program, and a file in it is called like those of items in this
  export (the same ending; not lists of files and classes, readmes and settings in YAML) and is none of them;
- the list names another dataset.

Exports of several formats may lie in one folder, each with its list. Whoever wants none of this removes the folder first.
"""


def records(path):
    if not path.exists():
        return None
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def words(row):
    """The column of what is lost without a sidecar."""
    if not row["write"]:
        return ["—", "—"]
    with_sidecar = "all" if not row["lossesWithSidecar"] else "; ".join(row["lossesWithSidecar"])
    losses = [loss.replace("|", "\\|") for loss in row["losses"]]
    origin = [loss for loss in losses if loss.split(" (")[0] in ("author", "source", "id in the logs")]
    if len(origin) == 3:
        losses = [loss for loss in losses if loss not in origin] + ["origin"]
    return [with_sidecar, "all" if not losses else "not: " + "; ".join(losses)]


def client_column(name, clients):
    if clients is None:
        return None
    best = {}
    for record in clients:
        if record["format"] == name:
            key = (record["client"], record["version"])
            if key not in best or record["labels"] > best[key]["labels"]:
                best[key] = record
    cells = []
    for (client, version), record in sorted(best.items()):
        near = f", ±{record['tolerance']:g}" if record.get("tolerance") else ""
        own = "" if version == "-" else f" {version}"
        cells.append(f"{client}{own} ({record['items']}, {record['labels']}{near})")
    return "; ".join(cells) or "none"


def table(rows, clients):
    lines = [
        "| format | read | write | items, labels | with sidecar | without | read by |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        name = row["format"]
        lines.append(
            "| "
            + " | ".join(
                [
                    f"`{name}`", "yes", "yes" if row["write"] else "no",
                    f"{row['items']}, {row['labels']}", *words(row), clients[name],
                ]
            )
            + " |"
        )
    return lines


def notes(rows):
    lines = ["## What each writer says", ""]
    lines += [
        "The figures say how many labels of the dataset a line concerns. *Left out* is in the sidecar alone.", ""
    ]
    for row in rows:
        lines.append(f"**`{row['format']}`** {row['summary']}.")
        for note in row.get("notes", []):
            kind = "left out" if note["isSkipped"] else "in part"
            lines.append(f"- {note['why']} ({note['count']}, {kind})")
        lines.append("")
    return lines


def page(rows, clients):
    lines = [INTRO, *table(rows, clients), "", *notes(rows), OUTRO.rstrip()]
    return "\n".join(lines) + "\n"


def committed_clients():
    """The last column as the page has it."""
    cells = {}
    for line in PAGE.read_text("utf-8").splitlines() if PAGE.exists() else []:
        parts = line.replace("\\|", "\0").split(" | ")
        if line.startswith("| `") and len(parts) == 7:
            cells[parts[0].strip("| `")] = parts[6].replace("\0", "\\|").removesuffix(" |")
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    options = parser.parse_args()
    rows = records(SEEN)
    if rows is None:
        sys.exit(f"{SEEN} is missing; run: swift test --filter FormatMatrixTests")
    seen = records(CLIENTS)
    if seen is None:
        if not options.check:
            sys.exit(f"{CLIENTS} is missing; run: bash Tests/Clients/run.sh")
        print("SKIPPED: the column of clients, because .build/clients.jsonl is missing")
    elif options.check and not SAMPLES.is_dir():
        print(f"SKIPPED: the column of clients, because {SAMPLES} is missing, which some of them read")
        seen = None
    old = committed_clients()
    names = [row["format"] for row in rows]
    clients = {n: old.get(n, "none") if seen is None else client_column(n, seen) for n in names}
    for name in sorted({record["format"] for record in seen or []} - set(names)):
        sys.exit(f"a client read the format {name}, which the registry does not have")
    text = page(rows, clients)
    if not options.check:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(rows)} formats")
        return
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    if before == text:
        print(f"Docs/Formats.md says what the tests saw of {len(rows)} formats")
        return
    sys.stdout.writelines(
        difflib.unified_diff(
            before.splitlines(True), text.splitlines(True), "Docs/Formats.md", "the tests"
        )
    )
    sys.exit(f"Docs/Formats.md is not what the tests saw; renew it: {RENEW}")


if __name__ == "__main__":
    main()
