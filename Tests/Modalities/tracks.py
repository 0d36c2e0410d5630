"""Tracks: a video with odd cases, and real things on a road as cuboids and boxes over time."""

import json
import math
from collections import Counter, defaultdict

import cv2
import datumaro
import jsonschema
import motmetrics
import numpy as np
import vcd.schema

import samples
from camera import seen
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find

FORMATS, DRIVE = shared("format-samples", "cuboids-sustech")
VIDEO = FORMATS / "datumaro/cvat_dataset/for_video/annotations.xml"
SEQUENCE = FORMATS / "datumaro/mot_dataset/mot_seq"
DRIVES = FORMATS / "datumaro/kitti_dataset/kitti_raw"
# The three moments lie five frames apart; these tracks count from the first.
MOMENTS = {0: "000965", 5: "000970", 10: "000975"}
FRAMES = range(11)


def as_read(path, form):
    """What datumaro reads: frame, class, shape, points and the flags that a track may change."""
    dataset = datumaro.Dataset.import_from(str(path), form)
    names = [entry.name for entry in dataset.categories()[datumaro.AnnotationType.label]]
    flags = ("occluded", "outside", "hgl")
    return Counter((item.attributes.get("frame", item.id), names[a.label], a.type.name, tuple(a.points),
                    *(str(a.attributes.get(flag)) for flag in flags)) for item in dataset for a in item.annotations)


# MARK: A video and a sequence


def video():
    """What the samples' own reader sees in our export is what it sees in the samples."""
    with network("video") as net:
        oem, tier = net.companies
        same(oem.bring(net.dataset, VIDEO, "cvat")["added"], 3, "tracks of a video")
        same(oem.bring(net.dataset, SEQUENCE, "mot")["added"], 1, "objects of a sequence")
        # All three of these tracklets have a size below 0; each is named, none is bent into shape.
        refused = oem.attempt("import", net.dataset, str(DRIVES), "--format", "kitti-raw")
        same(refused.returncode, 1, "a file of which nothing is taken fails")
        report = json.loads(refused.stdout)
        same((report["added"], report["skippedCount"]), (0, 3), "tracklets of negative size")
        expect(all("negative" in s["why"] and "line" in s["where"] for s in report["skipped"]), "where and why")
        net.sync()

        before = folder_with(VIDEO, net.path / "before")
        after = net.path / "after"
        after.mkdir()
        tier.export(net.dataset, "cvat", after / "annotations.xml", "--view", f"org:{OEM}")
        wanted = as_read(before, "cvat")
        same(sum(wanted.values()), 7, "shapes that datumaro sees in the sample")
        found = as_read(after, "cvat")
        # Our file holds the sequence's object too.
        same({k: n for k, n in found.items() if k[1] != "label_2"}, dict(wanted), "shapes in our export")
        record("cvat", "datumaro", items=1, labels=3, tolerance=0)

        path = tier.export(net.dataset, "mot", net.path / "mot") / SEQUENCE.name / "gt/gt.txt"
        one, other = motmetrics.io.loadtxt(str(SEQUENCE / "gt/gt.txt")), motmetrics.io.loadtxt(str(path))
        close(other[["X", "Y", "Width", "Height"]].values.flatten(), one[["X", "Y", "Width", "Height"]].values.flatten(),
              0, "the sequence's box")
        record("mot", "motmetrics", items=1, labels=len(other), tolerance=0)


def folder_with(file, folder):
    folder.mkdir()
    (folder / file.name).write_bytes(file.read_bytes())
    return folder


# MARK: A road


def stated():
    """The things that are there at all three moments and keep their size: their psr by frame."""
    things = defaultdict(dict)
    for frame, moment in MOMENTS.items():
        for thing in json.loads((DRIVE / f"label/{moment}.json").read_text()):
            things[thing["obj_id"]][frame] = thing
    lasting = {track: by_frame for track, by_frame in things.items() if len(by_frame) == 3}
    expect(len(lasting) >= 17, f"{len(lasting)} things last, as the data's page says")
    return lasting


def cuboid(psr, size):
    """A cuboid that stands level: its yaw as a quaternion."""
    half = psr["rotation"]["z"] / 2
    return {"kind": "cuboid", "center": [psr["position"][a] for a in "xyz"], "size": size,
            "rotation": [math.cos(half), 0, 0, math.sin(half)]}


def spatial(things):
    """One track a thing, with three keyframes; roll and pitch, a few thousandths, are left out, and one size is taken."""
    records = []
    for track, by_frame in things.items():
        size = [by_frame[0]["psr"]["scale"][a] for a in "xyz"]
        frames = [{"time": frame, "selector": cuboid(thing["psr"], size)} for frame, thing in by_frame.items()]
        records.append(samples.label("drive", by_frame[0]["obj_type"], {"kind": "track", "keyframes": frames},
                                     attributes={"track": track}))
    return records


def flat(things, camera, size):
    """The same things in the camera's picture, for those that it sees whole at all moments."""
    records = []
    for track, by_frame in things.items():
        regions = {frame: seen(thing["psr"], camera, size) for frame, thing in by_frame.items()}
        if all(regions.values()):
            frames = [{"time": frame, "selector": region} for frame, region in regions.items()]
            records.append(samples.label("front.mp4", by_frame[0]["obj_type"], {"kind": "track", "keyframes": frames},
                                         attributes={"track": track}))
    return records


def road():
    things = stated()
    camera = json.loads((DRIVE / "calib/camera/front.json").read_text())
    height, width = cv2.imread(str(DRIVE / "camera/front/000965.jpg")).shape[:2]
    clouds, pictures = spatial(things), flat(things, camera, (width, height))
    expect(len(pictures) > 2, f"{len(pictures)} things are seen by the camera throughout")
    fields = {"timeUnit": "frame", "group": "drive"}
    known = [{"kind": "item", "item": "drive", "fields": fields},
             {"kind": "item", "item": "front.mp4", "fields": {**fields, "width": width, "height": height}}]
    with network("road") as net:
        oem, tier = net.companies
        oem.bring(net.dataset, samples.jsonl(net.path / "clouds.jsonl", known + clouds), "jsonl", "--author", "ann")
        net.sync()
        tier.bring(net.dataset, samples.jsonl(net.path / "pictures.jsonl", pictures), "jsonl", "--author", "ben")
        dispute = Dispute(net)
        first = find(oem, net.dataset, item="drive", track=clouds[0]["attributes"]["track"])
        dispute.contest(first, "class", "Van", "Truck")
        dispute.contest(first, "occluded", "never", "at frame 5")
        same(dispute.agree()["annotations"], len(clouds) + len(pictures), "tracks of both companies")
        dispute.settle(first, "class", tier, OEM)
        clouds[0]["class"] = "Van"
        check_drive(tier, net, clouds)
        check_scene(tier, net, clouds + pictures)
        check_sequence(oem, net, pictures)


def between(label, frame, pick):
    """A figure between two keyframes, by numpy."""
    frames = label["selector"]["keyframes"]
    columns = np.array([pick(f["selector"]) for f in frames]).T
    return [float(np.interp(frame, [f["time"] for f in frames], column)) for column in columns]


def check_drive(company, net, clouds):
    """Tracklets: datumaro sees every thing in every frame, where a straight line puts it."""
    (net.path / "raw").mkdir()
    company.export(net.dataset, "kitti-raw", net.path / "raw/tracklet_labels.xml")
    dataset = datumaro.Dataset.import_from(str(net.path / "raw"), "kitti_raw")
    names = [entry.name for entry in dataset.categories()[datumaro.AnnotationType.label]]
    found = Counter((item.attributes["frame"], names[a.label], *(round(n, 2) for n in a.position))
                    for item in dataset for a in item.annotations)
    same(sum(found.values()), len(clouds) * len(FRAMES), "cuboids in all frames")
    left = list(found.elements())
    for label in clouds:
        low = label["selector"]["keyframes"][0]["selector"]["size"][2] / 2
        for frame in FRAMES:
            x, y, z = between(label, frame, lambda s: s["center"])
            near = [f for f in left if f[:2] == (frame, label["class"])
                    and max(abs(a - b) for a, b in zip(f[2:], (x, y, z - low))) <= 0.011]
            expect(near, f"a {label['class']} at {x:.2f}, {y:.2f} in frame {frame}")
            left.remove(near[0])
    record("kitti-raw", "datumaro", items=1, labels=len(clouds), tolerance=0.011)


def check_scene(company, net, labels):
    path = company.export(net.dataset, "openlabel", net.path / "openlabel") / "scene.json"
    scene = json.loads(path.read_text())
    jsonschema.validate(scene, vcd.schema.openlabel_schema)
    frames = scene["openlabel"]["frames"]
    count = sum(len(shapes) for f in frames.values() for o in f["objects"].values() for shapes in o["object_data"].values())
    same(count, len(labels) * len(FRAMES), "shapes in all frames of the scene")
    record("openlabel", "vcd", items=2, labels=len(labels), tolerance=0)


def check_sequence(company, net, pictures):
    """MOT: motmetrics sees every thing in every frame, and an evaluation against itself without a switch."""
    path = company.export(net.dataset, "mot", net.path / "mot") / "front/gt/gt.txt"
    table = motmetrics.io.loadtxt(str(path))
    same(len(table), len(pictures) * len(FRAMES), "boxes in all frames")
    for frame in FRAMES:
        # MOT counts frames from 1.
        rows = table.loc[frame + 1][["X", "Y", "Width", "Height"]].values.tolist()
        for label in pictures:
            wanted = between(label, frame, lambda s: [s["x"], s["y"], s["width"], s["height"]])
            row = min(rows, key=lambda r: sum(abs(a - b) for a, b in zip(r, wanted)))
            close(row, wanted, 1e-6, f"{label['class']} in frame {frame}")
            rows.remove(row)
    record("mot", "motmetrics", items=1, labels=len(pictures), tolerance=1e-6)


video()
road()
