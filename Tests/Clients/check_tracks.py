"""Tracks: MOT opened with motmetrics and datumaro, CVAT's video with datumaro, KITTI's drives with both."""

import math

import datumaro
import motmetrics

import samples
from company import close, home, record, round_trips, same

FRAMES = (1, 2, 3, 6, 7)  # out of sight in 4 and 5, and from 8 on
CLASSES = ["car", "person", "car"]
# An angle goes through a quaternion, kept as eight-byte floats.
ANGLE_TOLERANCE = 1e-12


def boxed(number):
    """A track of boxes with a gap and an end, and its box in each frame in which it is seen."""
    seen = {t: [10.25 + 30 * number + t, 20, 12.5, 8 + number] for t in FRAMES}
    frames = []
    for time in range(1, 9):
        last = max(t for t in FRAMES if t <= time)
        selector = dict(zip(("x", "y", "width", "height"), seen[last]), kind="box")
        if time in seen:
            frames.append({"time": time, "selector": selector})
        elif time in (4, 8):
            frames.append({"time": time, "selector": selector, "outside": True})
    return {"kind": "track", "keyframes": frames}, seen


def video():
    fields = {"width": 640, "height": 480, "timeUnit": "frame", "frameRate": 10}
    records, seen = [{"kind": "item", "item": "line.mp4", "fields": fields}], []
    for number, name in enumerate(CLASSES):
        selector, boxes = boxed(number)
        seen.append((name, boxes))
        records.append(samples.label("line.mp4", name, selector))
    return records, seen


def check_mot(company, folder, seen):
    path = company.export("labels", "mot", folder / "mot")
    table = motmetrics.io.loadtxt(str(path / "line/gt/gt.txt"))
    names = (path / "line/gt/labels.txt").read_text().splitlines()
    same(len(table), len(CLASSES) * len(FRAMES), "mot: rows")
    for number, (name, boxes) in enumerate(seen, start=1):
        for time, wanted in boxes.items():
            # MOT counts frames from 1.
            row = table.loc[time + 1, number]
            # motmetrics counts pixels from 0, as we do; the file counts them from 1.
            close(row[["X", "Y", "Width", "Height"]], wanted, 0, f"mot: track {number}, frame {time}")
            same(names[int(row["ClassId"]) - 1], name, f"mot: class of track {number}")
    # A tracker that is always right has no errors against itself.
    matched = motmetrics.MOTAccumulator()
    for time in sorted(set(table.index.get_level_values(0))):
        ids = table.loc[time].index.tolist()
        matched.update(ids, ids, [[0 if a == b else math.nan for b in ids] for a in ids], frameid=time)
    summary = motmetrics.metrics.create().compute(matched, metrics=["mota", "num_switches", "num_unique_objects"])
    same(summary.iloc[0].tolist(), [1.0, 0, len(CLASSES)], "mot: MOTA, switches, objects")
    lossless = round_trips(company, "labels", "mot")
    record("mot", "motmetrics", items=1, labels=len(CLASSES), tolerance=0, lossless=lossless)
    dataset = datumaro.Dataset.import_from(str(path / "line"), "mot_seq")
    check_frames("mot", dataset, seen, offset=1, first=1)
    record("mot", "datumaro", items=1, labels=len(CLASSES), tolerance=0, lossless=lossless)


def check_frames(form, dataset, seen, offset, first):
    """The boxes by frame and track as datumaro sees them; it takes MOT's pixels as they are."""
    names = [label.name for label in dataset.categories()[datumaro.AnnotationType.label]]
    found = {}
    for item in dataset:
        for one in item.annotations:
            if not one.attributes.get("outside"):
                # MOT counts frames from 1.
                frame = item.attributes["frame"] if form == "cvat" else int(item.id) - 1
                found[frame, one.attributes["track_id"]] = one
    same(len(found), len(CLASSES) * len(FRAMES), f"{form}: boxes")
    for number, (name, boxes) in enumerate(seen, start=first):
        for time, (x, y, width, height) in boxes.items():
            one = found[time, number]
            same(names[one.label], name, f"{form}: class of track {number}")
            corners = [x + offset, y + offset, x + width + offset, y + height + offset]
            close(one.points, corners, 0, f"{form}: track {number}, frame {time}")


def check_cvat(company, folder, seen):
    (folder / "cvat").mkdir()
    company.export("labels", "cvat", folder / "cvat" / "tracks.xml")
    dataset = datumaro.Dataset.import_from(str(folder / "cvat"), "cvat")
    check_frames("cvat", dataset, seen, offset=0, first=0)
    record("cvat", "datumaro", items=1, labels=len(CLASSES), tolerance=0,
           lossless=round_trips(company, "labels", "cvat", "tracks.xml"))


def cuboid(number, time):
    angle = 0.3 + 0.1 * number + 0.02 * time
    return {"kind": "cuboid", "center": [5.5 + 8 * number + time, -8.25, 1.5], "size": [4.5, 1.75, 1.5],
            "rotation": [math.cos(angle / 2), 0, 0, math.sin(angle / 2)]}, angle


def check_drive():
    """KITTI's tracklets: a cuboid's centre, size and heading in every frame."""
    with home() as (company, folder):
        records, spans = [{"kind": "item", "item": "drive", "fields": {"timeUnit": "frame"}}], {0: 4, 1: 5}
        for number, end in spans.items():
            frames = [{"time": t, "selector": cuboid(number, t)[0]} for t in range(number, end)]
            frames.append(dict(frames[-1], time=end, outside=True))
            records.append(samples.label("drive", "Car", {"kind": "track", "keyframes": frames}))
        company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
        (folder / "drive").mkdir()
        company.export("labels", "kitti-raw", folder / "drive" / "tracklet_labels.xml")
        found = {}
        for item in datumaro.Dataset.import_from(str(folder / "drive"), "kitti_raw"):
            for one in item.annotations:
                found[item.attributes["frame"], one.attributes["track_id"]] = one
        same(len(found), 8, "kitti-raw: cuboids")
        for (time, track), one in found.items():
            wanted, angle = cuboid(track - min(t for _, t in found), time)
            # The file has the middle of the bottom face, which datumaro hands on as it is.
            bottom = [*wanted["center"][:2], wanted["center"][2] - wanted["size"][2] / 2]
            close(one.position, bottom, 0.01, f"kitti-raw: place at {time}")
            close(one.scale, [1.5, 1.75, 4.5], 0, f"kitti-raw: size at {time}")
            close([one.rotation[2]], [angle], 0.01, f"kitti-raw: heading at {time}")
        record("kitti-raw", "datumaro", items=1, labels=2, tolerance=0.01,
               lossless=round_trips(company, "labels", "kitti-raw", "tracklet_labels.xml"))


def main():
    with home() as (company, folder):
        records, seen = video()
        company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
        check_mot(company, folder, seen)
        check_cvat(company, folder, seen)
    check_drive()


main()
