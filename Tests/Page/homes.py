"""Homes of two companies for the tests of the page: a dataset of pictures with conflicts, and one of every modality."""

import json
import math
import pathlib
import random
import subprocess
import wave

import numpy
from PIL import Image, ImageDraw

BOARDS, PARTS, LARGE = "oem.example/boards", "oem.example/parts", "oem.example/large"
WIDTH, HEIGHT, PICTURES = 640, 440, 24
SCRIPT = "<img src=x onerror=window.ran=1>"
CLASSES = [{"name": name} for name in ("open", "short", "spur", "mousebite", "pinhole", "copper")] + [
    {"name": "board", "keypoints": ["top", "left", "right", "bottom"], "skeleton": [[1, 2], [2, 4], [4, 3], [3, 1]]}]


class Home:
    """One company's home."""

    def __init__(self, program, folder, name):
        self.program, self.name, self.origin = program, name, f"{name}.example"
        self.path = folder / name

    def attempt(self, *words):
        return subprocess.run([self.program, *words, "--home", str(self.path), "--json"], capture_output=True, text=True, timeout=300)

    def run(self, *words):
        done = self.attempt(*words)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: {' '.join(words)[:200]}\n{done.stdout[-500:]}{done.stderr[-1000:]}")
        return json.loads(done.stdout)


def lines(file, records):
    """Writes JSON Lines."""
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(file)


def carry(folder, dataset, *homes):
    """Brings what each has written to the other, by files."""
    for _ in range(2):
        for source, goal in (homes, homes[::-1]):
            source.run("carry", "out", dataset, str(folder / f"carry-{source.name}"))
            goal.run("carry", "in", str(folder / f"carry-{source.name}"))


def pair(folder, oem, tier1, ports):
    """Two new homes that have pinned each other."""
    for home in (oem, tier1):
        home.run("init", "--org", home.origin, "--name", home.name)
        (folder / f"{home.name}.pem").write_text(home.run("key", "show")["root"])
    for home, other in ((oem, tier1), (tier1, oem)):
        home.run("partner", "add", other.origin, "--root", str(folder / f"{other.name}.pem"), "--url", f"https://127.0.0.1:{ports[other.name]}")


def make(program, folder, ports):
    """Both homes, paired, with all datasets. `ports` are those on which the companies' nodes will answer."""
    oem, tier1 = Home(program, folder, "oem"), Home(program, folder, "tier1")
    pair(folder, oem, tier1, ports)
    media = folder / "media"
    boards(folder, media, oem, tier1)
    parts(folder, media, oem)
    return oem, tier1


def pictures(folder):
    """Boards as simple drawings."""
    (folder / "img").mkdir(parents=True)
    random.seed(4)
    for number in range(PICTURES):
        image = Image.new("RGB", (WIDTH, HEIGHT), (18, 74, 52))
        draw = ImageDraw.Draw(image)
        for lane in range(14):
            y = 20 + lane * 30
            draw.line([(10, y), (random.randint(100, 500), y), (WIDTH - 10, y + random.randint(-12, 12))], fill=(196, 148, 66), width=5)
        for _ in range(30):
            x, y = random.randint(10, WIDTH - 10), random.randint(10, HEIGHT - 10)
            draw.ellipse([x - 5, y - 5, x + 5, y + 5], fill=(214, 180, 110))
        image.save(folder / f"img/{number:04}.png")


def ring_mask():
    """A ring as runs down the columns."""
    y, x = numpy.mgrid[:HEIGHT, :WIDTH]
    mask = ((x - 520) ** 2 / 2500 + (y - 300) ** 2 / 1600 < 1) & ((x - 520) ** 2 + (y - 300) ** 2 > 200)
    flat = mask.T.ravel().astype(int)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], flat])))
    return numpy.diff(numpy.concatenate([[0], edges, [flat.size]])).tolist()


def boards(folder, media, oem, tier1):
    """Pictures, every kind of flat label, conflicts of every kind, hostile names, one file that differs and one that is missing."""
    pictures(media)
    (folder / "schema.json").write_text(json.dumps({"schemaVersion": 1, "title": "Boards", "classes": CLASSES}))
    oem.run("dataset", "create", "boards", "--title", "Board defects", "--schema", str(folder / "schema.json"))
    Image.new("RGB", (64, 48), (90, 90, 90)).save(media / "img/bomb.png")
    oem.run("items", "add", "boards", str(media), "--group-by", "img/(..)")
    # Its header says 100,000 x 100,000 now.
    bomb = bytearray((media / "img/bomb.png").read_bytes())
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2
    (media / "img/bomb.png").write_bytes(bytes(bomb))
    changed = Image.open(media / "img/0005.png")
    changed.putpixel((3, 3), (255, 0, 0))
    changed.save(media / "img/0005.png")
    (media / "img/0006.png").unlink()
    (media / "run").mkdir()
    (media / "run/script.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>parent.ran=1</script></svg>')
    (media / "run/script.html").write_text("<script>parent.ran=1</script>")
    random.seed(6)
    kinds = ["open", "short", "spur", "mousebite", "pinhole"]
    records = [{"item": f"img/{number:04}.png", "class": random.choice(kinds), "author": random.choice(["kim", "lee"]),
                "selector": {"kind": "box", "x": random.randint(10, 540), "y": random.randint(10, 360), "width": random.randint(20, 70), "height": random.randint(16, 60)}}
               for number in range(PICTURES) for _ in range(random.randint(2, 6))]
    first = {"item": "img/0000.png"}
    records += [first | {"class": "copper", "selector": {"kind": "polygon", "parts": [[[200, 60, 330, 50, 360, 150, 220, 170], [240, 90, 300, 85, 310, 130, 250, 135]]]}},
                first | {"class": "spur", "selector": {"kind": "rotatedBox", "centerX": 450, "centerY": 110, "width": 110, "height": 34, "angle": 0.5}},
                first | {"class": "pinhole", "selector": {"kind": "ellipse", "centerX": 120, "centerY": 330, "width": 90, "height": 50, "angle": 0.3}},
                first | {"class": "board", "selector": {"kind": "keypoints", "points": [[320, 220, 2], [260, 300, 2], [400, 300, 1], [330, 380, 2]]}},
                first | {"class": "copper", "selector": {"kind": "mask", "width": WIDTH, "height": HEIGHT, "counts": ring_mask()}},
                {"kind": "item", "item": "run/camera.mp4", "fields": {"timeUnit": "frame", "frameRate": 25, "width": 640, "height": 360}},
                {"item": "run/camera.mp4", "class": "open", "selector": {"kind": "track", "keyframes": [
                    {"time": 0, "selector": {"kind": "box", "x": 20, "y": 40, "width": 60, "height": 50}},
                    {"time": 50, "selector": {"kind": "box", "x": 400, "y": 200, "width": 90, "height": 70}},
                    {"time": 80, "selector": {"kind": "box", "x": 500, "y": 100, "width": 60, "height": 50}, "outside": True}]}}]
    for name in (f"run/{SCRIPT}.png", "run/script.svg", "run/script.html", "run/\u202egnp.exe", "../../etc/passwd"):
        records.append({"item": name, "class": SCRIPT, "selector": {"kind": "box", "x": 4, "y": 4, "width": 20, "height": 20}, "author": "javascript:window.ran=1", "attributes": {"note": SCRIPT}})
    oem.run("import", "boards", lines(folder / "boards.jsonl", records), "--format", "jsonl")
    oem.run("member", "set", "boards", "tier1.example", "--role", "reviewer")
    carry(folder, BOARDS, oem, tier1)
    labels = oem.run("list", "boards", "--limit", "1000")["annotations"]
    boxes = [label for label in labels if label["selector"]["kind"] == "box" and label["item"].startswith("img/")]
    for number, label in enumerate(boxes[:7]):
        target = (label["id"], "--dataset", BOARDS)
        if number % 2 == 0:
            oem.run("set", *target, "class=short", "--author", "kim")
            tier1.run("set", *target, "class=mousebite", "--author", "wu")
        else:
            for home, shift in ((oem, 12), (tier1, -14)):
                moved = label["selector"] | {"x": max(0, label["selector"]["x"] + shift), "width": label["selector"]["width"] + 9}
                home.run("set", *target, "selector=" + json.dumps(moved))
    retracted = boxes[-1]["id"]
    oem.run("retract", retracted, "--dataset", BOARDS)
    tier1.run("set", retracted, "class=spur", "--dataset", BOARDS)
    tier1.run("annotate", BOARDS, "img/0000.png", "--class", "spur", "--box", "300,260,80,60")
    tier1.run("comment", boxes[0]["id"], f"Is this <b>one</b> a defect? {SCRIPT}", "--dataset", BOARDS)
    oem.run("examined", BOARDS, "img/0000.png")
    carry(folder, BOARDS, oem, tier1)


def parts(folder, media, oem):
    """An item of every other modality."""
    generator = numpy.random.default_rng(5)
    for name in ("cloud", "series", "sound", "table", "draw"):
        (media / name).mkdir()
    ground = numpy.c_[generator.uniform(-30, 30, (20_000, 2)), generator.normal(0, 0.03, 20_000)]
    car = numpy.c_[generator.uniform(4, 8.5, 2500), generator.uniform(2, 3.7, 2500), generator.uniform(0, 1.6, 2500)]
    points = numpy.c_[numpy.concatenate([ground, car]), generator.uniform(0, 1, 22_500)].astype("<f4")
    (media / "cloud/000.pcd").write_bytes(b"VERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH 22500\nHEIGHT 1\nPOINTS 22500\nDATA binary\n" + points.tobytes())
    # The same moment by a camera and a depth sensor: a car-like block on a plane, the depth in 1/256 m.
    scene = Image.new("RGB", (480, 300), (96, 110, 124))
    ImageDraw.Draw(scene).rectangle([170, 120, 330, 210], fill=(178, 54, 40))
    scene.save(media / "cloud/camera.png")
    depth = numpy.tile(numpy.linspace(60, 4, 300)[:, None], (1, 480))
    depth[120:210, 170:330] = 6
    depth[:40] = 0
    Image.fromarray((depth * 256).astype("<u2")).save(media / "cloud/depth.png")
    with open(media / "series/pump.csv", "w") as file:
        file.write("time,pressure,flow\n")
        for row in range(20_000):
            time = row * 0.01
            file.write(f"{time:.2f},{3 + math.sin(time / 3) + (2 if 80 < time < 90 else 0):.4f},{10 + math.cos(time):.4f}\n")
    seconds = numpy.arange(16_000 * 8) / 16_000
    with wave.open(str(media / "sound/talk.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((0.3 * numpy.sin(2 * numpy.pi * (300 + 150 * seconds) * seconds) * (numpy.sin(seconds * 3) > -0.3) * 32_000).astype("<i2").tobytes())
    (media / "table/orders.csv").write_text("Order,Part,Quantity\n" + "".join(f'{1000 + row},"Flange, DN50",{row % 90}\n' for row in range(500)))
    (media / "draw/flange.dxf").write_text(drawing())
    oem.run("dataset", "create", "parts", "--title", "Parts of every kind")
    oem.run("items", "add", "parts", str(media))
    keys = {key.split("/")[-1]: key for key in item_keys(folder, oem)}
    text = "💩 My order 4711 of flanges arrived late, and two are cracked."
    span = {"kind": "textSpan", "start": text.index("4711"), "end": text.index("4711") + 4, "quote": "4711"}
    molfile = ("ethanol\n  example\n\n  3  2  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 C   0  0  0  0  0  0\n"
               "    1.5000    0.0000    0.0000 C   0  0  0  0  0  0\n    2.1000    1.3000    0.0000 O   0  0  0  0  0  0\n  1  2  1  0  0  0\n  2  3  1  0  0  0\nM  END\n")
    records = [{"kind": "item", "item": "call/1", "fields": {"text": text, "group": "call", "speaker": "Customer"}},
               {"kind": "item", "item": "call/2", "fields": {"text": "I send you two new ones.", "group": "call", "speaker": "Agent"}},
               {"item": "call/1", "class": "order", "selector": span},
               {"item": "call/1", "class": "complaint", "selector": {"kind": "wholeItem"}},
               {"item": "call/1", "class": "has", "selector": {"kind": "relation", "relation": "has", "from": [{"item": "call/1", "selector": span}], "to": [{"item": "call/2"}]}},
               {"kind": "item", "item": "mol/ethanol", "fields": {"sdf.molfile": molfile}},
               {"item": "mol/ethanol", "class": "hydroxyl", "selector": {"kind": "graph", "elementKind": "atom", "elements": ["3"]}},
               {"kind": "item", "item": "q1", "fields": {"prompt": "How do I reset error E42?"}},
               {"item": "q1", "class": "preference", "author": "ann", "selector": {"kind": "preference", "groups": [["Hold the button."], ["Unplug it."]]}},
               *({"kind": "item", "item": keys[name], "fields": {"group": "moment"}} for name in ("000.pcd", "camera.png", "depth.png")),
               {"item": keys["camera.png"], "class": "Car", "selector": {"kind": "box", "x": 170, "y": 120, "width": 160, "height": 90}},
               {"item": keys["000.pcd"], "class": "Car", "selector": {"kind": "cuboid", "center": [6.25, 2.85, 0.8], "size": [4.5, 1.7, 1.6], "rotation": [1, 0, 0, 0]}},
               {"item": keys["000.pcd"], "class": "vehicle", "selector": {"kind": "pointSet", "indices": list(range(20_000, 22_500))}},
               {"item": keys["pump.csv"], "class": "anomaly", "selector": {"kind": "interval", "start": 80, "end": 90, "channels": ["pressure"]}},
               {"item": keys["pump.csv"], "class": "change point", "selector": {"kind": "cells", "rowStart": 12_000, "rowEnd": 12_001, "columns": []}},
               {"item": keys["talk.wav"], "class": "speech", "selector": {"kind": "interval", "start": 1.2, "end": 3.4, "channels": []}, "attributes": {"transcript": "good morning"}},
               {"item": keys["orders.csv"], "class": "cancellation", "selector": {"kind": "cells", "rowStart": 3, "rowEnd": 4, "columns": ["Quantity"]}},
               {"item": keys["flange.dxf"], "class": "bore", "selector": {"kind": "graph", "elementKind": "entity", "elements": ["22"]}}]
    oem.run("import", "parts", lines(folder / "parts.jsonl", records), "--format", "jsonl")


def item_keys(folder, home):
    """The keys of the items of `parts`."""
    file = folder / "keys.jsonl"
    home.run("export", "parts", "--format", "jsonl", "-o", str(file))
    return [record["item"] for record in map(json.loads, file.read_text().splitlines()) if record["kind"] == "item"]


def drawing():
    """A flange as DXF."""
    def groups(*values):
        return "".join(f"{code}\n{value}\n" for code, value in zip(values[::2], values[1::2]))
    entities = [("CIRCLE", 10, 50, 20, 50, 40, 45), ("CIRCLE", 10, 50, 20, 50, 40, 18), ("LINE", 10, 0, 20, 50, 11, 100, 21, 50), ("TEXT", 10, 80, 20, -14, 1, "DN50")]
    body = "".join(groups(0, kind, 5, f"{0x21 + number:X}", 8, "0", *rest) for number, (kind, *rest) in enumerate(entities))
    return groups(0, "SECTION", 2, "ENTITIES") + body + groups(0, "ENDSEC", 0, "EOF")


def large(folder, home, items, labels, dataset="large"):
    """A dataset of many items, with one picture that has many labels."""
    random.seed(9)
    def records():
        for number in range(items):
            yield {"kind": "item", "item": f"many/{number:07}.png", "fields": {"mediaType": "image/png", "width": 4000, "height": 3000}}
        for number in range(labels):
            box = {"kind": "box", "x": random.randint(0, 3900), "y": random.randint(0, 2900), "width": random.randint(12, 90), "height": random.randint(12, 90)}
            yield {"item": "many/0000000.png", "class": random.choice(["open", "short", "spur"]), "selector": box}
    home.run("dataset", "create", dataset, "--title", f"{items} items")
    file = folder / f"{dataset}.jsonl"
    lines(file, records())
    home.run("import", dataset, str(file), "--format", "jsonl")


if __name__ == "__main__":
    import sys
    make(sys.argv[1], pathlib.Path(sys.argv[2]), {"oem": 17443, "tier1": 17444})
