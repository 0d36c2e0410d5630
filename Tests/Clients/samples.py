"""Small pictures and label sets drawn from fixed numbers, so that the checks run everywhere."""

import json
import pathlib
import random

import cv2
import numpy as np

CLASSES = ["short", "open", "spur"]


def jsonl(path, records):
    """Writes records as the jsonl format reads them."""
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    pathlib.Path(path).write_text(text, "utf-8")
    return path


def pictures(folder, count=4, width=64, height=48, ending="png"):
    """Writes pictures of different sizes; returns width and height by key."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for number in range(count):
        w, h = width + 3 * number, height + 5 * number
        y, x = np.mgrid[0:h, 0:w]
        pixels = np.stack([(x * 3 + number) % 256, (y * 5) % 256, (x + y) % 256], axis=-1)
        name = f"board-{number}.{ending}"
        if not cv2.imwrite(str(folder / name), pixels.astype(np.uint8)):
            raise OSError(f"{folder / name} cannot be written")
        sizes[name] = (w, h)
    return sizes


def items(sizes):
    return [{"kind": "item", "item": key, "fields": {"width": w, "height": h}}
            for key, (w, h) in sizes.items()]


def label(item, name, selector, **more):
    return {"kind": "annotation", "item": item, "class": name, "selector": selector, **more}


def boxes(sizes, each=3, step=0.25, seed=7, **more):
    """Boxes within the pictures, at multiples of a step, which every text format can say."""
    chance, found = random.Random(seed), []
    for key, (width, height) in sizes.items():
        for number in range(each):
            x, y = (chance.randrange(0, int(size / step / 2)) * step for size in (width, height))
            w = chance.randrange(int(2 / step), int((width - x - 1) / step)) * step
            h = chance.randrange(int(2 / step), int((height - y - 1) / step)) * step
            selector = {"kind": "box", "x": x, "y": y, "width": w, "height": h}
            found.append(label(key, CLASSES[number % len(CLASSES)], selector, **more))
    return found


def polygon(x, y, size=10.0):
    """An irregular polygon of five points with its corner at x, y."""
    ring = [x, y, x + size, y + 0.5, x + size * 1.5, y + size / 2, x + size, y + size, x + 0.5, y + size]
    return {"kind": "polygon", "parts": [[ring]]}


def mask(width, height, seed=1):
    """Runs down the columns of a blob with a hole, and the pixels themselves."""
    y, x = np.mgrid[0:height, 0:width]
    cx, cy, r = width / 2 + seed, height / 2, min(width, height) / 3
    away = (x - cx) ** 2 + (y - cy) ** 2
    pixels = (away < r * r) & (away > 9)
    flat = pixels.flatten(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    if flat[0]:
        counts.insert(0, 0)
    return {"kind": "mask", "width": width, "height": height, "counts": counts}, pixels
