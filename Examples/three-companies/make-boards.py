#!/usr/bin/env python3
"""Draw a small set of printed-circuit boards with known defects.

    python3 make-boards.py OUT [--boards 12] [--seed 7]

OUT gets the layout of the DeepPCB data set, so everything that reads DeepPCB reads it:

    OUT/images/<id>_temp.png   the board as it should be (greyscale, 640 x 640)
    OUT/images/<id>_test.png   the same board with defects
    OUT/labels/<id>.txt        a defect a line: x1 y1 x2 y2 type
    OUT/README.md              what this is

The boxes are not guessed: each is the bounding box of the pixels that the defect changed, plus a margin of
a few pixels, as an inspector would draw it. The same seed gives the same pixels and the same labels.
Needs Python 3.8 or later and nothing else.
"""

import argparse
import pathlib
import random
import struct
import sys
import zlib

SIZE = 640
SUBSTRATE = 40
COPPER = 215
MARGIN = 6  # pixels around what a defect changed

# The numbers of DeepPCB.
TYPES = {"open": 1, "short": 2, "mousebite": 3, "spur": 4, "copper": 5, "pin-hole": 6}

LANE_PITCH = 48  # distance between neighbouring tracks
LANE_FIRST = 56
LANE_COUNT = 12
SLOT_PITCH = 72  # defects keep this far apart along a track
PAD_RADIUS = 13
DRILL_RADIUS = 4

README = """# Drawn boards

{boards} board pairs drawn by `make-boards.py --boards {boards} --seed {seed}`: no photograph and no customer's data.
`images/<id>_temp.png` is the board as it should be, `images/<id>_test.png` the board under test, `labels/<id>.txt` its
defects, one a line: `x1 y1 x2 y2 type`, pixels, origin top left, (x2, y2) exclusive.
Types: 1 open, 2 short, 3 mousebite, 4 spur, 5 copper, 6 pin-hole.

{counts}
"""


class Board:
    """A greyscale picture with the few shapes that a board needs."""

    def __init__(self):
        self.rows = [bytearray([SUBSTRATE]) * SIZE for _ in range(SIZE)]

    def copy(self):
        other = Board()
        other.rows = [bytearray(row) for row in self.rows]
        return other

    def rectangle(self, left, top, right, bottom, grey):
        """Fill the half-open rectangle, cut off at the edges."""
        left, right = max(0, left), min(SIZE, right)
        for y in range(max(0, top), min(SIZE, bottom)):
            self.rows[y][left:right] = bytes([grey]) * max(0, right - left)

    def disc(self, x, y, radius, grey):
        """Fill a disc about the centre of a pixel."""
        for dy in range(-radius, radius + 1):
            half = int((radius * radius - dy * dy) ** 0.5)
            self.rectangle(x - half, y + dy, x + half + 1, y + dy + 1, grey)

    def changed_box(self, other):
        """The bounding box of the pixels that differ, or None."""
        top = bottom = left = right = None
        for y, (mine, theirs) in enumerate(zip(self.rows, other.rows)):
            if mine == theirs:
                continue
            columns = [x for x in range(SIZE) if mine[x] != theirs[x]]
            top = y if top is None else top
            bottom = y + 1
            left = columns[0] if left is None else min(left, columns[0])
            right = columns[-1] + 1 if right is None else max(right, columns[-1] + 1)
        return None if top is None else (left, top, right, bottom)

    def png(self):
        """The picture as a PNG file: eight bits of grey, no interlace."""

        def chunk(kind, body):
            checksum = zlib.crc32(kind + body)
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

        header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0)
        # Each row begins with its filter: 0, none.
        pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in self.rows), 9)
        return (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b"")
        )


class Lane:
    """A horizontal track with a pad at each end."""

    def __init__(self, y, width, left, right):
        self.y, self.width, self.left, self.right = y, width, left, right
        self.top = y - width // 2
        self.bottom = self.top + width


def draw_template(generator):
    """A board without defects; returns it with its lanes and the x of its vertical joints."""
    board = Board()
    lanes = []
    for index in range(LANE_COUNT):
        left = 40 + generator.randrange(0, 60)
        right = SIZE - 40 - generator.randrange(0, 60)
        lane = Lane(
            LANE_FIRST + index * LANE_PITCH, generator.choice([12, 14, 16]), left, right
        )
        lanes.append(lane)
        board.rectangle(left, lane.top, right, lane.bottom, COPPER)
    # Some neighbours are joined on purpose: what looks like a short need not be one.
    joints = {}
    for index in range(LANE_COUNT - 1):
        if generator.random() < 0.35:
            x = generator.randrange(120, SIZE - 120)
            joints[index] = x
            board.rectangle(x - 5, lanes[index].y, x + 5, lanes[index + 1].y, COPPER)
    for lane in lanes:
        for x in (lane.left, lane.right):
            board.disc(x, lane.y, PAD_RADIUS, COPPER)
            board.disc(x, lane.y, DRILL_RADIUS, SUBSTRATE)
    return board, lanes, joints


def draw_defect(board, kind, lanes, index, x, generator):
    """Damage a board at a place of a lane."""
    lane = lanes[index]
    edge = generator.choice([lane.top, lane.bottom - 1])
    outward = -1 if edge == lane.top else 1
    if kind == "open":
        gap = generator.randrange(8, 15)
        board.rectangle(x - gap // 2, lane.top, x + gap - gap // 2, lane.bottom, SUBSTRATE)
    elif kind == "short":
        half = generator.randrange(3, 6)
        below = lanes[index + 1]
        board.rectangle(x - half, lane.bottom, x + half, below.top, COPPER)
    elif kind == "mousebite":
        board.disc(x, edge, generator.randrange(4, 7), SUBSTRATE)
    elif kind == "spur":
        length = generator.randrange(9, 15)
        half = generator.randrange(2, 4)
        top, bottom = sorted((edge, edge + outward * length))
        board.rectangle(x - half, top, x + half, bottom + 1, COPPER)
    elif kind == "copper":
        # Between two lanes, touching neither.
        board.disc(x, lane.y + LANE_PITCH // 2, generator.randrange(4, 8), COPPER)
    elif kind == "pin-hole":
        board.disc(x, lane.y, generator.randrange(2, 4), SUBSTRATE)
    else:
        raise ValueError(kind)


def draw_board(generator, kinds):
    """A template, the board under test and its labels [(x1, y1, x2, y2, type)]."""
    template, lanes, joints = draw_template(generator)
    # The lowest lane has no neighbour for a short. A place keeps away from pads and from joints.
    places = [
        (index, x)
        for index in range(LANE_COUNT - 1)
        for x in range(140, SIZE - 140, SLOT_PITCH)
        if all(abs(x - joints.get(near, -SIZE)) > 30 for near in (index - 1, index))
    ]
    generator.shuffle(places)
    test = template.copy()
    labels = []
    used = set()
    for kind in kinds:
        # A defect may reach the next lane, so that place is taken too.
        index, x = next(p for p in places if p not in used and (p[0] + 1, p[1]) not in used)
        used |= {(index, x), (index - 1, x), (index + 1, x)}
        before = test.copy()
        draw_defect(test, kind, lanes, index, x + generator.randrange(-12, 13), generator)
        left, top, right, bottom = test.changed_box(before)
        labels.append(
            (
                max(0, left - MARGIN),
                max(0, top - MARGIN),
                min(SIZE, right + MARGIN),
                min(SIZE, bottom + MARGIN),
                TYPES[kind],
            )
        )
    return template, test, labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path, help="folder to write to")
    parser.add_argument("--boards", type=int, default=12, help="how many boards (default 12)")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same boards (default 7)")
    arguments = parser.parse_args()
    if not 1 <= arguments.boards <= 9999:
        sys.exit("make-boards.py: --boards must be within 1...9999")

    images, labels_folder = arguments.out / "images", arguments.out / "labels"
    images.mkdir(parents=True, exist_ok=True)
    labels_folder.mkdir(exist_ok=True)
    counts = dict.fromkeys(TYPES, 0)
    for number in range(1, arguments.boards + 1):
        # A board depends on the seed and its number only, so more boards leave the first ones alone.
        generator = random.Random(f"{arguments.seed}/{number}")
        # Every class once or nearly so, and some more.
        kinds = list(TYPES)
        generator.shuffle(kinds)
        kinds = kinds[: generator.randrange(5, 7)]
        kinds += [generator.choice(list(TYPES)) for _ in range(generator.randrange(1, 5))]
        template, test, labels = draw_board(generator, kinds)
        identifier = f"{90000000 + number:08d}"
        (images / f"{identifier}_temp.png").write_bytes(template.png())
        (images / f"{identifier}_test.png").write_bytes(test.png())
        lines = [" ".join(map(str, label)) + "\n" for label in sorted(labels)]
        (labels_folder / f"{identifier}.txt").write_text("".join(lines), encoding="ascii")
        for kind in kinds:
            counts[kind] += 1
    total = sum(counts.values())
    summary = f"{total} defects: " + ", ".join(f"{kind} {counts[kind]}" for kind in TYPES) + "."
    readme = README.format(boards=arguments.boards, seed=arguments.seed, counts=summary)
    (arguments.out / "README.md").write_text(readme, encoding="utf-8")
    print(f"{arguments.boards} boards in {arguments.out}, {summary}")


if __name__ == "__main__":
    main()
