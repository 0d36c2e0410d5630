"""CSV and JSON Lines, opened as analysts do: pandas, pyarrow and DuckDB."""

from collections import Counter
import json

import duckdb
import pandas
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json

import samples
from company import close, home, record, round_trips, same

ODD = 'a "quoted", cell;\nand a second line 🔥 ='


def written():
    """Every column, and cells that break careless readers."""
    yield {"kind": "item", "item": "orders, 2010.csv", "fields": {"rows": 3108, "unit": "pcs"}}
    for row in range(40):
        cells = {"kind": "cells", "rowStart": row, "rowEnd": row + 1, "columns": ["Quantity"] if row % 2 else []}
        name = ["late", "duplicate", "=SUM(A1)"][row % 3]
        more = {"confidence": row / 40} if row % 4 else {}
        yield samples.label("orders, 2010.csv", name, cells, author=f"kim{row % 2}", externalID=f"row-{row}",
                            attributes={"remark": ODD, "amount": -row / 8, "checked": row % 2 == 0}, **more)


def cell(text):
    """A text as its cell holds it: with an apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def compare(rows, labels, what):
    """Rows as a client has them, with the selector and attributes as JSON texts."""
    same(len(rows), len(labels), f"{what}: how many labels")
    by_id = {r["id"]: r for r in labels}
    for row in rows:
        wanted = by_id[row["id"]]
        same((row["item"], row["class"], row["author"]), tuple(cell(wanted[n]) for n in ("item", "class", "author")),
             f"{what}: texts of {row['id']}")
        same(json.loads(row["selector"]), wanted["selector"], f"{what}: the place of {row['id']}")
        same(json.loads(row["attributes"]), wanted["attributes"], f"{what}: the attributes of {row['id']}")
        found = row["confidence"]
        if found is None or found != found:
            same(wanted.get("confidence"), None, f"{what}: no confidence of {row['id']}")
        else:
            close([found], [wanted["confidence"]], 0, f"{what}: the confidence of {row['id']}")
    return len(rows)


def read_csv(path, labels):
    """The same table by three readers."""
    frame = pandas.read_csv(path)
    same(Counter(frame.kind), Counter({"annotation": len(labels), "item": 1}), "kinds of rows")
    pandas_rows = frame[frame.kind == "annotation"].to_dict("records")
    options = arrow_csv.ParseOptions(newlines_in_values=True)
    arrow_rows = [r for r in arrow_csv.read_csv(path, parse_options=options).to_pylist() if r["kind"] == "annotation"]
    found = duckdb.execute("select * from read_csv(?, all_varchar=false) where kind = 'annotation'", [str(path)])
    names = [column[0] for column in found.description]
    duck_rows = [dict(zip(names, row)) for row in found.fetchall()]
    return {"pandas": compare(pandas_rows, labels, "pandas"), "pyarrow": compare(arrow_rows, labels, "pyarrow"),
            "duckdb": compare(duck_rows, labels, "DuckDB")}


def read_lines(path, labels):
    """JSON Lines keep the structure: rows, columns and attributes need no second parse."""
    frame = pandas.read_json(path, lines=True)
    found = frame[frame.kind == "annotation"]
    same([(s["rowStart"], s["columns"]) for s in found.selector],
         [(r["selector"]["rowStart"], r["selector"]["columns"]) for r in labels], "pandas: rows and columns")
    same([a["remark"] for a in found.attributes], [ODD] * len(labels), "pandas: the odd text")
    table = arrow_json.read_json(path).to_pylist()
    same([r["attributes"]["amount"] for r in table if r["kind"] == "annotation"],
         [r["attributes"]["amount"] for r in labels], "pyarrow: figures")
    counted = duckdb.execute("""select class, count(*), sum(attributes.amount) from read_json(?)
                                where kind = 'annotation' group by class""", [str(path)]).fetchall()
    wanted = Counter(r["class"] for r in labels)
    same({name: count for name, count, _ in counted}, dict(wanted), "DuckDB: labels by class")
    close([sum(total for _, _, total in counted)], [sum(r["attributes"]["amount"] for r in labels)], 1e-9,
          "DuckDB: a sum of figures")
    return {client: len(labels) for client in ("pandas", "pyarrow", "duckdb")}


def main():
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "in.jsonl", written()), "jsonl")
        labels = company.labels("labels")
        for form, read in [("csv", read_csv), ("jsonl", read_lines)]:
            path = company.export("labels", form, folder / f"labels.{form}")
            answers = round_trips(company, "labels", form, f"labels.{form}")
            for client, count in read(path, labels).items():
                record(form, client, items=1, labels=count, tolerance=0, lossless=answers)


main()
