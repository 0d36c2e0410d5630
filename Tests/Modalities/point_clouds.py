"""Point clouds: cuboids fused with a camera, classes of points with a depth image, and a laser scan."""

import json
import shutil
from collections import Counter

import cv2
import datumaro
import jsonschema
import laspy
import numpy as np
import vcd.schema
from pypcd4 import PointCloud

import samples
from camera import seen
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find

DRIVE, SCENE, SCAN = shared("cuboids-sustech", "rgbd-mosd", "las-laspy")
MOMENTS = ["000965", "000970", "000975"]


# MARK: Cuboids and a camera


def fused(stated, labels, camera, sizes):
    """Relations: the same thing in cloud and picture, how the two are aligned, and one moment in all sensors."""
    records = []
    for label in labels:
        moment = label["item"].split("/")[-1].split(".")[0]
        picture = f"camera/front/{moment}.jpg"
        psr = next(o["psr"] for o in stated[moment] if o["obj_id"] == label["attributes"]["track"])
        if region := seen(psr, camera, sizes[picture]):
            records.append(samples.label(label["item"], "same", {
                "kind": "relation", "relation": "same",
                "from": [{"annotation": label["id"], "role": "cloud"}],
                "to": [{"item": picture, "role": "picture", "selector": region}]}))
    for moment in MOMENTS:
        cloud, picture = f"lidar/{moment}.pcd", f"camera/front/{moment}.jpg"
        records.append(samples.label(cloud, "alignment", {
            "kind": "relation", "relation": "alignment", "from": [{"item": cloud, "role": "lidar"}],
            "to": [{"item": picture, "role": "camera"}]}, attributes=dict(camera)))
        records.append(samples.label(cloud, "crossing", {
            "kind": "targets", "targets": [{"item": cloud, "role": "cloud"}, {"item": picture, "role": "picture"}]}))
    return records


def drive():
    stated = {m: json.loads((DRIVE / f"label/{m}.json").read_text()) for m in MOMENTS}
    camera = json.loads((DRIVE / "calib/camera/front.json").read_text())
    with network("drive") as net:
        oem, tier = net.companies
        for part in ("lidar", "camera"):
            shutil.copytree(DRIVE / part, net.path / "drive" / part)
        added = oem.run("items", "add", net.dataset, str(net.path / "drive"), "--group-by", r"(\d{6})\.")
        same(added["added"], 6, "clouds and pictures")
        same(oem.bring(net.dataset, DRIVE, "sustech", "--author", "ann@oem.example")["added"], 68, "cuboids")
        items = oem.items(net.dataset)
        same(Counter(f["group"] for f in items.values()), {m: 2 for m in MOMENTS}, "cloud and picture by moment")
        cuboids = oem.labels(net.dataset)
        tracks = Counter(r["attributes"]["track"] for r in cuboids)
        lasting = sum(count == 3 for count in tracks.values())
        expect(lasting >= 17, f"{lasting} things are in all three moments")
        net.sync()

        sizes = {key: (f["width"], f["height"]) for key, f in items.items() if "width" in f}
        relations = fused(stated, cuboids, camera, sizes)
        pairs = [r for r in relations if r["class"] == "same"]
        expect(len(pairs) > 5, f"the camera sees {len(pairs)} of the cuboids whole")
        tier.bring(net.dataset, samples.jsonl(net.path / "fusion.jsonl", relations), "jsonl", "--author", "ben@tier.example")
        dispute, (car, other) = Dispute(net), [r["id"] for r in cuboids if r["class"] == "Car"][:2]
        dispute.contest(car, "class", "Van", "Truck")
        dispute.contest(other, "occluded", "partly", "mostly")
        same(dispute.agree()["annotations"], 68 + len(relations), "labels of both companies")
        dispute.settle(car, "class", oem, TIER)
        one = find(tier, net.dataset, **{"class": "alignment", "item": f"lidar/{MOMENTS[0]}.pcd"})
        close(oem.run("show", one)["fields"]["extrinsic"]["value"], camera["extrinsic"], 0, "the alignment's figures")

        check_drive(tier, net, stated, car)


def check_drive(company, net, stated, car):
    """The cuboids are those of the data, for SUSTechPOINTS, datumaro and OpenLABEL's schema."""
    labels = {r["id"]: r for r in company.labels(net.dataset)}
    wanted = {(m, o["obj_id"]): o for m in MOMENTS for o in stated[m]}
    moved = labels[car]["item"].split("/")[-1].split(".")[0], labels[car]["attributes"]["track"]
    wanted[moved] = dict(wanted[moved], obj_type="Truck")
    path = company.export(net.dataset, "sustech", net.path / "sustech")
    found = {(m, o["obj_id"]): o for m in MOMENTS for o in json.loads((path / f"label/{m}.json").read_text())}
    same(set(found), set(wanted), "things by moment")
    for key, one in found.items():
        same(one["obj_type"], wanted[key]["obj_type"], f"class of {key}")
        for part in ("position", "scale", "rotation"):
            close([one["psr"][part][a] for a in "xyz"], [wanted[key]["psr"][part][a] for a in "xyz"], 1e-12,
                  f"{part} of {key}")
    record("sustech", "the check's own reader", version="-", items=3, labels=len(found), tolerance=1e-12)

    path = company.export(net.dataset, "datumaro", net.path / "datumaro")
    dataset = datumaro.Dataset.import_from(str(path), "datumaro")
    cuboids = [a for item in dataset for a in item.annotations if a.type.name == "cuboid_3d"]
    same(len(cuboids), 68, "cuboids as datumaro counts them")
    record("datumaro", "datumaro", items=len(dataset), labels=len(cuboids), tolerance=0.005)

    path = company.export(net.dataset, "openlabel", net.path / "openlabel") / "scene.json"
    scene = json.loads(path.read_text())
    jsonschema.validate(scene, vcd.schema.openlabel_schema)
    shapes = [c for o in scene["openlabel"]["objects"].values() for c in o["object_data"].get("cuboid", [])]
    same(len(shapes), 68, "cuboids in OpenLABEL")
    record("openlabel", "vcd", items=3, labels=len(shapes), tolerance=0)


# MARK: Points and a depth image


def scene():
    """Segments of an organised cloud; its points are the pixels of a colour and a depth image."""
    cloud = PointCloud.from_path(str(SCENE / "learn/learn17.pcd"))
    classes = cloud.pc_data["label"].reshape(480, 640)
    with network("scene") as net:
        oem, tier = net.companies
        folder = net.path / "scene"
        folder.mkdir()
        shutil.copy(SCENE / "learn/learn17.pcd", folder / "learn17.pcd")
        color = cloud.pc_data["rgba"].reshape(480, 640)
        cv2.imwrite(str(folder / "learn17-color.png"),
                    np.stack([color >> shift & 255 for shift in (0, 8, 16)], axis=-1).astype(np.uint8))
        depth = np.nan_to_num(cloud.pc_data["z"]).reshape(480, 640) * 1000
        cv2.imwrite(str(folder / "learn17-depth.png"), depth.astype(np.uint16))
        oem.run("items", "add", net.dataset, str(folder), "--group-by", r"^([a-z]+\d+)")
        report = oem.bring(net.dataset, folder, "pcd", "--author", "ann@oem.example")
        items = oem.items(net.dataset)
        same({f["group"] for f in items.values()}, {"learn17"}, "one scene in three sensors")
        key = next(k for k in items if k.endswith(".pcd"))
        same((items[key]["points"], items[key]["width"], items[key]["height"]), (307200, 640, 480), "points and grid")
        numbers = set(np.unique(classes).tolist()) - {0}
        segments = {r["class"] for r in oem.labels(net.dataset)}
        same(segments, {str(n) for n in numbers}, f"segments, in {report['added']} labels")
        net.sync()

        # The second company marks one segment in the picture, and says that it is the same thing.
        number = max(numbers, key=lambda n: (classes == n).sum() if n != 1 else 0)
        flat = (classes == number).flatten(order="F").astype(int)
        edges = np.flatnonzero(np.diff(flat)) + 1
        counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
        counts = counts if not flat[0] else [0, *counts]
        picture = next(k for k in items if "color" in k)
        parts = [r["id"] for r in oem.labels(net.dataset) if r["class"] == str(number)]
        mask = {"kind": "mask", "width": 640, "height": 480, "counts": counts}
        tier.bring(net.dataset, samples.jsonl(net.path / "mask.jsonl", [samples.label(picture, "box", mask)]), "jsonl")
        region = find(tier, net.dataset, **{"class": "box"})
        tier.bring(net.dataset, samples.jsonl(net.path / "same.jsonl", [samples.label(key, "same", {
            "kind": "relation", "relation": "same", "from": [{"annotation": i, "role": "cloud"} for i in parts],
            "to": [{"annotation": region, "role": "picture"}]})]), "jsonl")
        dispute = Dispute(net)
        dispute.contest(parts[0], "class", "carton", "crate")
        dispute.agree()
        dispute.settle(parts[0], "class", tier, OEM)

        check_points(tier, net, key, classes, number, parts)


def check_points(company, net, key, classes, number, parts):
    """Each point's class as pypcd4 reads it, and the picture's mask as the same pixels."""
    labels = {r["id"]: r for r in company.labels(net.dataset)}
    path = company.export(net.dataset, "pcd", net.path / "classes")
    read = PointCloud.from_path(str(path / key))
    names = dict(line.split(" ", 1)[::-1] for line in (path / "labels.txt").read_text().splitlines())
    found = read.pc_data["label"].reshape(480, 640)
    wanted = classes.copy()
    wanted.reshape(-1)[labels[parts[0]]["selector"]["indices"]] = int(names["carton"])
    expect(np.array_equal(found, wanted), "the class of each of 307,200 points")
    mask = next(r["selector"] for r in labels.values() if r["class"] == "box")
    pixels = np.repeat(np.arange(len(mask["counts"])) % 2 == 1, mask["counts"]).reshape((480, 640), order="F")
    points = sorted(i for part in parts for i in labels[part]["selector"]["indices"])
    same(np.flatnonzero(pixels).tolist(), points, f"the pixels and the points of segment {number}")
    record("pcd", "pypcd4", items=1, labels=company.report["annotations"], tolerance=0)


# MARK: A laser scan


def scan():
    """Classes of a laser scan as laspy reads them; two companies call one class differently."""
    with network("scan") as net:
        oem, tier = net.companies
        oem.bring(net.dataset, SCAN / "simple.las", "las")
        net.sync()
        sizes = Counter()
        for label in tier.labels(net.dataset):
            sizes[label["class"]] += len(label["selector"]["indices"])
        same(sizes, {"unclassified": 789, "ground": 276}, "points by class, as the data's page counts them")
        codes = np.array(laspy.read(SCAN / "simple.las").classification)
        for label in tier.labels(net.dataset):
            code = {"unclassified": 1, "ground": 2}[label["class"]]
            expect((codes[label["selector"]["indices"]] == code).all(), f"laspy says {code} of each {label['class']} point")
        dispute, ground = Dispute(net), find(oem, net.dataset, **{"class": "ground"})
        dispute.contest(ground, "class", "road surface", "bridge deck")
        dispute.agree()
        dispute.settle(ground, "class", oem, OEM)
        record("las", "laspy", items=1, labels=len(tier.labels(net.dataset)), tolerance=0)


drive()
scene()
scan()
