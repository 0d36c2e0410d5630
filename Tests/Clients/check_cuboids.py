"""Cuboids of one drive in five formats: datumaro, vcd with the standard's schema, nuscenes-devkit.

Every reader has a frame, an order of sizes and a way to say a turn of its own; all must mean the same object.
"""

import json
import math

import datumaro
import jsonschema
import vcd.core
import vcd.schema

import samples
from company import close, home, record, round_trips, same

CLOUDS = [f"lidar/{time:03}.pcd" for time in range(3)]
FRAMES, TRACKS = len(CLOUDS), {"car-1": "Car", "car-2": "Car", "van-1": "Van"}
# Angles and matrices are computed from quaternions of eight-byte floats.
TOLERANCE = 1e-9


def cuboid(number, time, camera=False):
    """A cuboid of length 4.5, width 1.75, height 1.5, and its angle about the upright axis.

    In a camera's frame "up" is -y: the thing is tipped by a right angle about x, then turned about y.
    """
    angle = -2 + 0.7 * number + 0.05 * time
    cos, sin = math.cos(angle / 2), math.sin(angle / 2)
    half = math.sqrt(0.5)
    turn = [cos * half, cos * half, sin * half, -sin * half] if camera else [cos, 0, 0, sin]
    place = [5.5 + 10 * number + time, -8.25 + number, 1.5]
    return {"kind": "cuboid", "center": place, "size": [4.5, 1.75, 1.5], "rotation": turn}, angle


def drive(name, **more):
    """Labels and items of clouds, one a moment."""
    records = []
    for time in range(FRAMES):
        key = name.format(time)
        fields = {"points": 100} if key.endswith(".pcd") else {"width": 1242, "height": 375}
        records.append({"kind": "item", "item": key, "fields": fields})
        for number, (track, kind) in enumerate(TRACKS.items()):
            selector, _ = cuboid(number, time, camera=bool(more))
            records.append(samples.label(key, kind, selector, attributes={"track": track, **more}))
    return records


def prepared(company, folder, records, form, name):
    """Imports records and writes an export; returns where."""
    company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
    return company.export("labels", form, folder / name)


def noted(form, client, company, name="export"):
    record(form, client, items=FRAMES, labels=FRAMES * len(TRACKS), tolerance=TOLERANCE,
           lossless=round_trips(company, "labels", form, name))


def check_datumaro():
    with home() as (company, folder):
        path = prepared(company, folder, drive("lidar/{:03}.pcd"), "datumaro", "out")
        dataset = datumaro.Dataset.import_from(str(path), "datumaro")
        names = [entry.name for entry in dataset.categories()[datumaro.AnnotationType.label]]
        same(len(dataset), FRAMES, "how many moments")
        for time, item in enumerate(sorted(dataset, key=lambda item: item.id)):
            same(len(item.annotations), len(TRACKS), f"datumaro: cuboids of {item.id}")
            for number, (one, track) in enumerate(zip(item.annotations, TRACKS)):
                wanted, angle = cuboid(number, time)
                same((names[one.label], one.attributes["track"]), (TRACKS[track], track), "datumaro: class, track")
                # datumaro rounds to two places.
                close(one.position, wanted["center"], 0.005, f"datumaro: centre of {track}")
                close(one.scale, wanted["size"], 0.005, f"datumaro: size of {track}")
                close(one.rotation, [0, 0, angle], 0.005, f"datumaro: turn of {track}")
        noted("datumaro", "datumaro", company)


def check_kitti():
    """The camera's frame: y down, the bottom's centre, height before width before length."""
    with home() as (company, folder):
        records = drive("image_2/{:06}.png", frame="kitti.camera")
        path = prepared(company, folder, records, "kitti", "training")
        samples.pictures(path / "image_2", count=1)
        (path / "calib").mkdir()
        (path / "calib" / "000000.txt").write_text("P2: 1 0 0 0 0 1 0 0 0 0 1 0\n")
        dataset = datumaro.Dataset.import_from(str(path), "kitti3d")
        names = [entry.name for entry in dataset.categories()[datumaro.AnnotationType.label]]
        same(len(dataset), FRAMES, "how many moments")
        for time, item in enumerate(sorted(dataset, key=lambda item: item.id)):
            same(len(item.annotations), len(TRACKS), f"kitti: objects of {item.id}")
            for number, (one, track) in enumerate(zip(item.annotations, TRACKS)):
                wanted, angle = cuboid(number, time, camera=True)
                length, width, height = wanted["size"]
                x, y, z = wanted["center"]
                same(names[one.label], TRACKS[track], "kitti: class")
                close(one.attributes["dimensions"], [height, width, length], TOLERANCE, f"kitti: size of {track}")
                close(one.attributes["location"], [x, y + height / 2, z], TOLERANCE, f"kitti: place of {track}")
                close([one.attributes["rotation_y"]], [angle], TOLERANCE, f"kitti: turn of {track}")
        noted("kitti", "datumaro", company)


def check_openlabel():
    with home() as (company, folder):
        path = prepared(company, folder, drive("lidar/{:03}.pcd"), "openlabel", "out") / "scene.json"
        scene = json.loads(path.read_text())
        jsonschema.validate(scene, vcd.schema.openlabel_schema)
        reader = vcd.core.OpenLABEL()
        reader.load_from_file(str(path), validation=True)
        objects = reader.data["openlabel"]["objects"]
        same(sorted(o["type"] for o in objects.values()), sorted(TRACKS.values()), "openlabel: classes")
        found = 0
        for uid, one in objects.items():
            number = list(TRACKS).index(one["name"])
            same(len(one["object_data"]["cuboid"]), FRAMES, f"openlabel: cuboids of {one['name']}")
            for data in one["object_data"]["cuboid"]:
                time = CLOUDS.index(data["stream"])
                same(reader.data["openlabel"]["streams"][data["stream"]]["type"], "lidar", "openlabel: stream")
                wanted, _ = cuboid(number, time)
                w, x, y, z = wanted["rotation"]
                close(data["val"], [*wanted["center"], x, y, z, w, *wanted["size"]], TOLERANCE,
                      f"openlabel: {one['name']} of {data['stream']}")
                found += 1
        same(found, FRAMES * len(TRACKS), "openlabel: cuboids")
        noted("openlabel", "vcd", company)


def check_scene():
    """Everything else that a scene may hold stays within the standard's schema."""
    flat = {
        "sign": {"kind": "box", "x": 1, "y": 2, "width": 3.5, "height": 4},
        "pole": {"kind": "rotatedBox", "centerX": 30, "centerY": 20, "width": 5, "height": 9, "angle": 0.25},
        "lane": {"kind": "polyline", "points": [1, 1, 5, 5.5, 9, 2]},
        "field": samples.polygon(3, 4),
        "light": {"kind": "keypoints", "points": [[5, 6, 2]]},
    }
    moving = [{"time": t, "selector": {"kind": "box", "x": t, "y": 2, "width": 3, "height": 4}} for t in (3, 4)]
    moving.append(dict(moving[-1], time=5, outside=True))
    records = [{"kind": "item", "item": key, "fields": fields} for key, fields in [
        ("front.mp4", {"width": 640, "height": 480, "timeUnit": "frame"}), ("scene", {"timeUnit": "frame"})]]
    records += [samples.label("front.mp4", name, selector, attributes={"frame": "camera", "worn": True, "depth": 2.5,
                                                                    "note": "by hand"}, confidence=0.5)
                for name, selector in flat.items()]
    records.append(samples.label("front.mp4", "van", {"kind": "track", "keyframes": moving}))
    records.append(samples.label("scene", "overtaking", {"kind": "interval", "start": 3, "end": 5, "channels": []},
                                 attributes={"openlabel.kind": "action", "track": "o-1"}))
    to = [{"item": "scene", "selector": {"kind": "graph", "elementKind": "openlabel", "elements": ["action:o-1"]}}]
    records.append(samples.label("scene", "near", {"kind": "relation", "relation": "near", "from": to, "to": to}))
    with home() as (company, folder):
        path = prepared(company, folder, records, "openlabel", "out") / "scene.json"
        same(company.report["annotations"], len(records) - 2, f"openlabel: labels written, {company.report['losses']}")
        jsonschema.validate(json.loads(path.read_text()), vcd.schema.openlabel_schema)
        reader = vcd.core.OpenLABEL()
        reader.load_from_file(str(path), validation=True)
        record("openlabel", "vcd", items=2, labels=len(records) - 2,
               lossless=round_trips(company, "labels", "openlabel"))


def check_sustech():
    """SUSTechPOINTS has no package: its files are read here as its program does, psr in metres and radians."""
    with home() as (company, folder):
        path = prepared(company, folder, drive("lidar/{:03}.pcd"), "sustech", "out")
        for time in range(FRAMES):
            found = json.loads((path / f"label/{time:03}.json").read_text())
            same([(o["obj_id"], o["obj_type"]) for o in found], list(TRACKS.items()), "sustech: objects")
            for number, one in enumerate(found):
                wanted, angle = cuboid(number, time)
                figures = [one["psr"][part][axis] for part in ("position", "scale", "rotation") for axis in "xyz"]
                close(figures, [*wanted["center"], *wanted["size"], 0, 0, angle], TOLERANCE, "sustech: psr")
        record("sustech", "the check's own reader", version="-", items=FRAMES, labels=FRAMES * len(TRACKS),
               tolerance=TOLERANCE, lossless=round_trips(company, "labels", "sustech"))


check_datumaro()
check_kitti()
check_openlabel()
check_scene()
check_sustech()
