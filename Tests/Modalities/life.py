"""Remaining useful life (C-MAPSS): one figure an engine, from a maker and from an operator's model."""

import json

import pandas

import samples
from company import OEM, TIER, close, network, record, same, shared
from dispute import Dispute, find

NAMES = ["unit", "cycle", "setting1", "setting2", "setting3", *(f"sensor{n}" for n in range(1, 22))]
SERIES = "test_FD001_units1-40.txt"


def lives(data):
    """The last row of each engine and its remaining cycles."""
    frame = pandas.read_csv(data / SERIES, sep=r"\s+", header=None, names=NAMES)
    left = [int(line) for line in (data / "RUL_FD001_units1-40.txt").read_text().split()]
    same((frame.unit.nunique(), len(frame), len(left)), (40, 5008, 40), "the README's engines, cycles and labels")
    last = frame.groupby("unit").tail(1)
    same(list(last.unit), list(range(1, 41)), "the labels stand in the engines' order")
    return frame, [(int(unit), int(row), int(cycle), life) for (row, unit, cycle), life in zip(
        last[["unit", "cycle"]].itertuples(), left)]


def truth(rows):
    for unit, row, _, life in rows:
        place = {"kind": "cells", "rowStart": row, "rowEnd": row + 1, "columns": []}
        yield samples.label(SERIES, "remaining-life", place, externalID=f"unit-{unit}", source="test-bench",
                            attributes={"unit.number": unit, "value": life, "unit": "cycle"})


def forecast(rows):
    """A model's word on the same rows: what is left of 200 cycles at most, never below zero."""
    for unit, row, cycle, _ in rows:
        place = {"kind": "cells", "rowStart": row, "rowEnd": row + 1, "columns": ["sensor11", "sensor4"]}
        yield samples.label(SERIES, "remaining-life", place, externalID=f"guess-{unit}", source="model:line@1",
                            confidence=0.5, attributes={"unit.number": unit, "value": float(max(200 - cycle, 0)),
                                                        "unit": "cycle"})


def scores(path, frame):
    """An analyst's table of label and series: each label names the last row of its engine."""
    table = pandas.read_csv(path)
    table = table[table.kind == "annotation"]
    table["row"] = [json.loads(text)["rowStart"] for text in table.selector]
    attributes = pandas.DataFrame([json.loads(text) for text in table.attributes], index=table.index)
    joined = pandas.concat([table, attributes], axis=1)
    joined["engine"] = frame.unit.to_numpy()[joined.row]
    same(list(joined.engine), list(joined["unit.number"]), "the row of each label is of its engine")
    same(set(frame.cycle.to_numpy()[joined.row] == frame.groupby("unit").cycle.max().loc[joined.engine].to_numpy()),
         {True}, "and its last")
    wide = joined.pivot(index="engine", columns="source", values="value")
    return len(joined), wide["test-bench"], wide["model:line@1"]


def main():
    data = shared("rul-cmapss")
    frame, rows = lives(data)
    with network("engines") as net:
        oem, tier = net.companies
        oem.run("items", "add", net.dataset, str(data / SERIES))
        net.sync()
        for company, name, records in [(oem, "truth", truth(rows)), (tier, "forecast", forecast(rows))]:
            path = samples.jsonl(net.path / f"{name}.jsonl", records)
            same(company.bring(net.dataset, path, "jsonl")["added"], 40, f"{name}: a label an engine")
            same(company.bring(net.dataset, path, "jsonl")["changesets"], 0, f"{name}: again changes nothing")
        net.sync()
        same(net.agree()["annotations"], 80, "labels of both on every node")

        label, dispute = find(tier, net.dataset, externalID="unit-7"), Dispute(net)
        dispute.contest(label, "value", 92, 95)
        dispute.contest(label, "attr.unit", "cycle", "flight")
        dispute.agree()
        dispute.settle(label, "value", oem, TIER)
        dispute.settle(label, "attr.unit", tier, OEM)

        path = tier.export(net.dataset, "csv", net.path / "lives.csv", "--class", "remaining-life")
        count, true, guessed = scores(path, frame)
        wanted = [95 if unit == 7 else life for unit, _, _, life in rows]
        close(true, wanted, 0, "the lives as they were, but for the settled one")
        close([(guessed - true).pow(2).mean() ** 0.5],
              [(sum((max(200 - c, 0) - w) ** 2 for (_, _, c, _), w in zip(rows, wanted)) / 40) ** 0.5], 1e-9,
              "the model's error")
        record("csv", "pandas", items=1, labels=count, tolerance=0)


main()
