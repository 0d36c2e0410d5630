"""The tables for analysts, opened as analysts do: sqlite3, pandas and DuckDB, against the label set as JSON Lines."""

from collections import Counter
import json
import sqlite3

import duckdb
import pandas

import samples
from company import OEM, TIER, box, close, expect, network, same

ODD = 'a "quoted", cell;\nand a second line 🔥 ='


def drawn(sizes):
    """Shapes with and without a box around them, and attributes of every type."""
    yield from samples.items(sizes)
    yield from samples.boxes(sizes)
    for number, key in enumerate(sizes):
        more = {"author": f"kim{number % 2}", "externalID": f"x{number}"}
        if number % 2:
            more["confidence"] = number / 8
        yield samples.label(key, "scratch", samples.polygon(3.25 + number, 4.5), **more,
                            attributes={"remark": ODD, "depth": -number / 8, "count": number, "old": True})
        yield samples.label(key, "hum", {"kind": "interval", "start": 0.5, "end": number + 1.0, "channels": []})


def read_pandas(path, labels, items):
    """Every row of the two main tables."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    same(database.execute("pragma integrity_check").fetchone(), ("ok",), "the file is whole")
    frame = pandas.read_sql("select * from annotations", database)
    same(len(frame), len(labels), "how many labels")
    by_id = {r["id"]: r for r in labels}
    for row in frame.to_dict("records"):
        wanted = by_id[row["id"]]
        selector, what = wanted["selector"], f"label {row['id']}"
        same((row["item"], row["class"], row["org"], row["selector_kind"]),
             (wanted["item"], wanted["class"], wanted["org"], selector["kind"]), what)
        same(json.loads(row["selector"]), selector, f"{what}: the place")
        same(json.loads(row["attributes"]), wanted.get("attributes", {}), f"{what}: attributes")
        for name, key in [("confidence", "confidence"), ("author", "author"), ("external_id", "externalID")]:
            found = None if pandas.isna(row[name]) else row[name]
            same(found, wanted.get(key), f"{what}: {name}")
        if selector["kind"] == "box":
            close([row[n] for n in ("x", "y", "width", "height")], box(selector), 0, f"{what}: box")
        elif selector["kind"] == "polygon":
            points = selector["parts"][0][0]
            across, down = points[0::2], points[1::2]
            bounds = [min(across), min(down), max(across) - min(across), max(down) - min(down)]
            close([row[n] for n in ("x", "y", "width", "height")], bounds, 1e-12, f"{what}: bounds")
        else:
            expect(pandas.isna(row["x"]), f"{what} has no box")
            close([row["start_at"], row["end_at"]], [selector["start"], selector["end"]], 0, what)
        same(row["signer"], wanted["org"], f"{what}: who signed")
    found = pandas.read_sql("select item, width, height from items", database)
    same({r["item"]: (r["width"], r["height"]) for r in found.to_dict("records")},
         {key: (f["width"], f["height"]) for key, f in items.items()}, "items")
    return database, frame


def read_attributes(database, labels):
    """One row for each value, in the column of its type."""
    rows = database.execute("""select n.id, a.name, a.type, coalesce(a.text, a.integer, a.real, a.bool)
                               from attributes a join annotations n on n.number = a.annotation""").fetchall()
    wanted = {(r["id"], name): value for r in labels for name, value in r.get("attributes", {}).items()}
    same({(i, n): bool(v) if t == "bool" else v for i, n, t, v in rows}, wanted, "values of attributes")
    types = {"remark": "text", "depth": "float", "count": "integer", "old": "bool"}
    same({n: t for _, n, t, _ in rows}, types, "types of attributes")


def read_duckdb(path, frame, labels):
    """DuckDB opens the file itself where its SQLite extension is installed; else it reads the data frame."""
    connection = duckdb.connect()
    try:
        connection.execute("install sqlite; load sqlite")
        connection.execute(f"attach '{path}' as export (type sqlite, read_only)")
        source = "export.annotations"
    except duckdb.Error as error:
        print(f"SKIPPED: DuckDB opens the file itself: no SQLite extension here ({str(error).splitlines()[0]})")
        connection.register("frame", frame)
        source = "frame"
    found = connection.execute(
        f"select class, count(*), sum(width * height) from {source} group by class").fetchall()
    same({name: count for name, count, _ in found}, dict(Counter(r["class"] for r in labels)), "labels by class")
    area = sum(r["selector"]["width"] * r["selector"]["height"] for r in labels if r["selector"]["kind"] == "box"
               and r["class"] not in ("scratch", "hum"))
    boxes = [total for name, _, total in found if name not in ("scratch", "hum")]
    close([sum(boxes)], [area], 1e-9, "a sum of areas")


def main():
    with network("labels") as both:
        oem, tier = both.companies
        name = both.dataset
        sizes = {f"{number:02}.png": (64, 48) for number in range(8)}
        oem.bring(name, samples.jsonl(both.path / "in.jsonl", drawn(sizes)), "jsonl")
        both.sync()
        first = oem.labels(name)[0]["id"]
        oem.run("set", first, "class=open")
        tier.run("set", first, "class=short")
        tier.run("examined", name, "00.png", "01.png")
        tier.run("stage", "set", name, "07.png", "--stage", "filter", "--state", "excluded", "--why", "dark")
        both.sync()
        both.agree()
        path = oem.export(name, "sqlite", both.path / "labels.sqlite")
        same(oem.report["contested"], 1, "one label is contested")
        labels, items = oem.labels(name), oem.items(name)
        database, frame = read_pandas(path, labels, items)
        same(list(frame[frame.contested == 1].id), [first], "the contested label")
        read_attributes(database, labels)
        read_duckdb(path, frame, labels)
        same(database.execute("""select i.item, e.org from examined e join items i on i.number = e.item
                                 order by 1""").fetchall(), [("00.png", TIER), ("01.png", TIER)], "who looked")
        same(database.execute("select item from items where stage_filter = 'excluded'").fetchall(), [("07.png",)],
             "what is excluded")
        meta = dict(database.execute("select key, value from meta").fetchall())
        same(meta["digest"], oem.state(name)["digest"], "the digest")
        heads = {log["origin"]: (log["size"], log["root"]) for log in oem.state(name)["logs"]}
        same({org: (size, root) for org, size, root in database.execute("select * from heads")},
             heads, "the heads")
        kept = oem.export(name, "sqlite", path, "--only-kept", "--view", f"org:{OEM}")
        count = sqlite3.connect(kept).execute("select count(*) from annotations").fetchone()[0]
        same(count, sum(r["item"] != "07.png" and r["org"] == OEM for r in labels), "without what is excluded")
        refused = oem.attempt("import", name, str(path), "--format", "sqlite")
        same(json.loads(refused.stderr)["error"]["code"], "write-only-format", "it is not imported")
        print(f"sqlite: sqlite3, pandas {pandas.__version__} and DuckDB {duckdb.__version__} read "
              f"{len(items)} items and {len(labels)} labels")


main()
