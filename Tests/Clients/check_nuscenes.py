"""nuScenes' tables, opened with nuscenes-devkit in a dataset whose recordings are not ours to write.

Someone brings a dataset, a second company changes labels, and the tables of labels that are exported
take the place of those that came.
"""

import json
import math
import shutil
from collections import Counter

from nuscenes.nuscenes import NuScenes

import samples
from company import close, expect, home, record, round_trips, same

VERSION = "v1.0-mini"
LABELS = ["attribute", "category", "instance", "sample_annotation", "visibility"]


def token(table, number):
    return f"{sorted(TABLES).index(table):08x}{number:024x}"


TABLES = {name: [] for name in [
    "attribute", "calibrated_sensor", "category", "ego_pose", "instance", "log", "map", "sample", "sample_annotation",
    "sample_data", "scene", "sensor", "visibility"]}


def fill():
    """A dataset of two moments, one sensor and two things, one of them in both moments."""
    def add(table, number, **members):
        TABLES[table].append({"token": token(table, number), **members})

    add("log", 0, logfile="", vehicle="v", date_captured="2020-01-01", location="yard")
    add("map", 0, log_tokens=[token("log", 0)], category="semantic_prior", filename="map.png")
    add("sensor", 0, channel="LIDAR_TOP", modality="lidar")
    add("calibrated_sensor", 0, sensor_token=token("sensor", 0), translation=[0, 0, 1.8], rotation=[1, 0, 0, 0],
        camera_intrinsic=[])
    add("scene", 0, name="yard", description="", log_token=token("log", 0), nbr_samples=2,
        first_sample_token=token("sample", 0), last_sample_token=token("sample", 1))
    for n, name in enumerate(["vehicle.car", "human.pedestrian.adult"]):
        add("category", n, name=name, description="")
    add("attribute", 0, name="vehicle.parked", description="")
    add("visibility", 4, level="v80-100", description="")
    for n in range(2):
        add("sample", n, timestamp=1_500_000 * n, scene_token=token("scene", 0), prev="" if n == 0 else token("sample", 0),
            next=token("sample", 1) if n == 0 else "")
        add("ego_pose", n, translation=[n, 0, 0], rotation=[1, 0, 0, 0], timestamp=1_500_000 * n)
        add("sample_data", n, sample_token=token("sample", n), ego_pose_token=token("ego_pose", n), prev="", next="",
            calibrated_sensor_token=token("calibrated_sensor", 0), filename=f"samples/LIDAR_TOP/{n}.pcd.bin",
            fileformat="pcd", is_key_frame=True, height=0, width=0, timestamp=1_500_000 * n)
    for n, (thing, moment) in enumerate([(0, 0), (0, 1), (1, 1)]):
        angle = 0.4 + n / 10
        add("sample_annotation", n, sample_token=token("sample", moment), instance_token=token("instance", thing),
            visibility_token=token("visibility", 4), attribute_tokens=[token("attribute", 0)] if thing == 0 else [],
            translation=[373.25 + n, 1130.5, 0.75], size=[1.75, 4.5, 1.5],
            rotation=[math.cos(angle / 2), 0, 0, math.sin(angle / 2)], num_lidar_pts=5 + n, num_radar_pts=0,
            prev=token("sample_annotation", 0) if n == 1 else "", next=token("sample_annotation", 1) if n == 0 else "")
    add("instance", 0, category_token=token("category", 0), nbr_annotations=2,
        first_annotation_token=token("sample_annotation", 0), last_annotation_token=token("sample_annotation", 1))
    add("instance", 1, category_token=token("category", 1), nbr_annotations=1,
        first_annotation_token=token("sample_annotation", 2), last_annotation_token=token("sample_annotation", 2))


def change(company, folder):
    """One class is another and a third thing is seen, as a label in the global frame."""
    (walker,) = [r for r in company.labels("labels") if r["class"] == "human.pedestrian.adult"]
    company.run("set", walker["id"], "class=human.pedestrian.child")
    added = dict(walker["selector"], center=[400.25, 1100.5, 1], size=[0.5, 0.75, 1.25])
    extra = samples.label(walker["item"], "movable_object.barrier", added, attributes={"frame": "global"})
    company.bring("labels", samples.jsonl(folder / "extra.jsonl", [extra]), "jsonl")


def check(nusc, labels):
    same(len(nusc.sample_annotation), len(labels), "how many cuboids")
    same(Counter(a["category_name"] for a in nusc.sample_annotation), Counter(r["class"] for r in labels), "classes")
    by_place = {tuple(round(n, 6) for n in r["selector"]["center"]): r for r in labels}
    for annotation in nusc.sample_annotation:
        box = nusc.get_box(annotation["token"])
        label = by_place[tuple(round(n, 6) for n in box.center)]
        selector, what = label["selector"], f"label {label['id']}"
        length, width, height = selector["size"]
        close(box.wlh, [width, length, height], 0, f"{what}: width, length, height")
        dot = sum(a * b for a, b in zip(box.orientation.elements, selector["rotation"]))
        expect(abs(abs(dot) - 1) < 1e-12, f"{what}: the same turn")
        sample = nusc.get("sample", annotation["sample_token"])
        same(nusc.get("sample_data", sample["data"]["LIDAR_TOP"])["filename"], label["item"], f"{what}: the cloud")
    car = [a for a in nusc.sample_annotation if a["category_name"] == "vehicle.car"]
    same([a["next"] for a in car], [car[1]["token"], ""], "the car's way through the moments")
    same(nusc.get("attribute", car[0]["attribute_tokens"][0])["name"], "vehicle.parked", "an attribute")


def main():
    fill()
    with home() as (company, folder):
        tables = folder / VERSION
        tables.mkdir()
        for name, rows in TABLES.items():
            (tables / f"{name}.json").write_text(json.dumps(rows))
        samples.pictures(folder, count=1)
        (folder / "board-0.png").rename(folder / "map.png")
        company.bring("labels", tables, "nuscenes")
        change(company, folder)
        path = company.export("labels", "nuscenes", folder / "out")
        for name in LABELS:
            shutil.copy(path / f"{name}.json", tables / f"{name}.json")
        check(NuScenes(VERSION, str(folder), verbose=False), company.labels("labels"))
        record("nuscenes", "nuscenes-devkit", items=2, labels=4, tolerance=1e-12,
               lossless=round_trips(company, "labels", "nuscenes"))


main()
