"""Classes of points: PCD written and opened with pypcd4, LAS read as laspy reads it."""

import random

import laspy
import numpy as np
from pypcd4 import PointCloud

import samples
from company import expect, home, record, round_trips, same

WIDTH, HEIGHT = 40, 25
CLASSES = {1: "ground", 2: "building", 7: "7"}
# A few of the names that the standard gives to codes.
LAS_NAMES = {1: "unclassified", 2: "ground", 6: "building", 9: "water", 17: "bridge deck"}


def of_points(indices, name, item, **more):
    return samples.label(item, name, {"kind": "pointSet", "indices": sorted(indices)}, **more)


def check_pcd(form):
    """Every point of an organised cloud has its class and object as pypcd4 reads what was written."""
    chance, count = random.Random(5), WIDTH * HEIGHT
    classes = np.array([chance.choice([0, 1, 1, 2, 7]) for _ in range(count)])
    instances = np.where(classes == 2, [chance.choice([1, 2]) for _ in range(count)], 0)
    records = [{"kind": "item", "item": "lidar/a.pcd", "fields": {"points": count, "width": WIDTH, "height": HEIGHT}}]
    for number, name in CLASSES.items():
        for instance in sorted(set(instances[classes == number])):
            points = np.flatnonzero((classes == number) & (instances == instance)).tolist()
            extra = {"attributes": {"instance": int(instance)}} if instance else {}
            records.append(of_points(points, name, "lidar/a.pcd", **extra))
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "in.jsonl", records), "jsonl")
        path = company.export("labels", form, folder / "out")
        cloud = PointCloud.from_path(str(path / "lidar/a.pcd"))
        same((cloud.metadata.width, cloud.metadata.height), (WIDTH, HEIGHT), f"{form}: the grid")
        same(cloud.metadata.data, "ascii" if form == "pcd-ascii" else "binary", f"{form}: storage")
        lines = (path / "lidar/labels.txt").read_text().splitlines()
        names = {int(line.split(" ", 1)[0]): line.split(" ", 1)[1] for line in lines}
        read = [names.get(n, str(n)) for n in cloud.pc_data["label"].tolist()]
        same(read, ["0" if n == 0 else CLASSES[n] for n in classes.tolist()], f"{form}: class of each point")
        same(cloud.pc_data["instance"].tolist(), instances.tolist(), f"{form}: object of each point")
        record(form, "pypcd4", items=1, labels=len(records) - 1, tolerance=0,
               lossless=round_trips(company, "labels", form))


def scan(path, version, point_format, codes):
    """A scan as laspy writes it, with coordinates and flags that are not ours to read."""
    las = laspy.LasData(laspy.LasHeader(version=version, point_format=point_format))
    las.x, las.y, las.z = (np.arange(len(codes)) * step for step in (0.25, 0.5, 0.125))
    las.classification = codes
    las.synthetic = np.arange(len(codes)) % 3 == 0
    las.write(str(path))


def check_las():
    """What is read of LAS is what laspy reads, in old formats with flags in the byte and in new ones."""
    chance, total = random.Random(9), 0
    with home() as (company, folder):
        for version, point_format in [("1.2", 0), ("1.2", 3), ("1.4", 6), ("1.4", 8)]:
            key = f"format{point_format}.las"
            scan(folder / key, version, point_format, [chance.choice([0, 1, 2, 6, 9, 17]) for _ in range(500)])
            company.bring("labels", folder / key, "las")
        for key, fields in company.items("labels").items():
            wanted = np.array(laspy.read(folder / key.split("/")[-1]).classification)
            same(fields["points"], len(wanted), f"{key}: points")
            read = np.zeros(len(wanted), int)
            codes = {name: code for code, name in LAS_NAMES.items()}
            for label in company.labels("labels"):
                if label["item"] == key:
                    read[label["selector"]["indices"]] = codes[label["class"]]
                    total += 1
            expect(np.array_equal(read, wanted), f"{key}: class of each point")
        record("las", "laspy", items=4, labels=total, tolerance=0)


check_pcd("pcd")
check_pcd("pcd-ascii")
check_las()
