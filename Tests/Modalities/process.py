"""Process control (flotation): slow assays over fast rows, controllers, operators and a soft sensor as sources."""

from collections import Counter
import math

import duckdb
import pandas

import samples
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find

KEY, CLEAN = "flotation.csv", "flotation.clean.csv"
ASSAYS = ["% Iron Concentrate", "% Silica Concentrate"]
# Two of the nineteen columns that lost decimal points.
REPAIRED = {"Amina Flow": (240, 660), "Flotation Column 01 Air Flow": (240, 260)}


def cells(first, after, *columns):
    return {"kind": "cells", "rowStart": int(first), "rowEnd": int(after), "columns": list(columns)}


def runs(flags):
    """First row and row after the last of every run of true ones."""
    edges = flags.astype(int).diff().fillna(flags.astype(int))
    starts, ends = list(flags.index[edges == 1]), list(flags.index[edges == -1])
    return list(zip(starts, ends + [len(flags)] * (len(starts) - len(ends))))


def hours(frame):
    """One assay holds for all rows of its hour."""
    for number, (first, after) in enumerate(hour_rows(frame)):
        for quantity in ASSAYS:
            value = frame[quantity][first:after].unique()
            same(len(value), 1, f"one value of {quantity} from row {first}")
            yield samples.label(KEY, "assay", cells(first, after, quantity), source="lab",
                                externalID=f"{quantity}/{number}", author="laboratory",
                                attributes={"quantity": quantity, "value": float(value[0]), "unit": "%"})


def hour_rows(frame):
    starts = list(frame.index[frame.date != frame.date.shift()])
    return list(zip(starts, starts[1:] + [len(frame)]))


def of_plant(frame):
    """Where a controller's rule sees a lost decimal point, what an operator saw, what a model expects."""
    for column in REPAIRED:
        for first, after in runs(frame[column] >= 10_000):
            yield samples.label(KEY, "unit-error", cells(first, after, column), source="rule",
                                externalID=f"{column}/{first}", author="controller.3")
    yield samples.label(KEY, "foam", cells(400, 455), source="human", author="operator.7", externalID="remark-1")
    for number, (first, after) in enumerate(hour_rows(frame)):
        yield samples.label(KEY, "assay", cells(first, after, ASSAYS[1]), source="model:persistence@1",
                            confidence=0.5, externalID=f"soft/{number}", attributes={
                                "quantity": ASSAYS[1], "unit": "%",
                                "value": float(frame[ASSAYS[1]][max(first - 1, 0)])})


def aligned(frame):
    """The sample was taken an hour before its value appears."""
    (first, after), (later, end) = hour_rows(frame)[:2]
    def side(rows, role):
        return {"item": KEY, "role": role, "selector": cells(*rows, ASSAYS[1])}
    pair = {"kind": "relation", "relation": "aligned", "from": [side((later, end), "assay")],
            "to": [side((first, after), "rows")]}
    yield samples.label(KEY, "aligned", pair, attributes={"lag": 3600, "unit": "s"})


def repair(frame, path):
    """The decimal points back where they were; the result is another item."""
    clean = frame.copy()
    for column, (low, high) in REPAIRED.items():
        clean[column] = [v if v < 10_000 else v / 10 ** (math.floor(math.log10(v)) - 2) for v in frame[column]]
        expect(clean[column].between(low, high).all(), f"{column} lies within {low} and {high} again")
    clean.to_csv(path, index=False)


def check(path, raw, frame, settled):
    """An analyst's query: labels joined with the raw rows that they are about."""
    base = f"""from read_csv('{path}') l where kind = 'annotation'"""
    joined = duckdb.sql(f"""
        with labels as (select source, (attributes->>'quantity') quantity, (attributes->>'value')::double as value,
                               (selector->>'rowStart')::int as first, (selector->>'rowEnd')::int as after {base}
                        and class = 'assay' and source = 'lab'),
             rows as (select row_number() over () - 1 as row, * from read_csv('{raw}', parallel=false))
        select quantity, count(*), avg(l.value), avg(r."{ASSAYS[0]}"), avg(r."{ASSAYS[1]}")
        from labels l join rows r on r.row >= l.first and r.row < l.after group by quantity order by quantity""")
    for (quantity, count, found, iron, silica), wanted in zip(joined.fetchall(), ASSAYS):
        raw_mean = iron if quantity == ASSAYS[0] else silica
        same((quantity, count), (wanted, len(frame)), "every row has its assay")
        shift = settled if quantity == ASSAYS[0] else 0
        close([found - shift], [raw_mean], 1e-9, f"{quantity}: the mean over the rows")
    counted = dict(duckdb.sql(f"select source, count(*) {base} group by source").fetchall())
    return counted


def main():
    raw = shared("process-flotation") / KEY
    frame = pandas.read_csv(raw)
    same(frame.shape, (7734, 24), "the README's rows and columns")
    with network("cell") as net:
        oem, tier = net.companies
        repair(frame, net.path / CLEAN)
        oem.run("items", "add", net.dataset, str(raw), "--group-by", "^(flotation)")
        oem.run("stage", "set", net.dataset, CLEAN, "--stage", "clean", "--state", "done", "--from", KEY,
                "--how", "decimal points restored in " + ", ".join(REPAIRED))
        oem.run("items", "add", net.dataset, str(net.path / CLEAN), "--group-by", "^(flotation)")
        net.sync()
        counts = Counter()
        for company, name, records in [(oem, "lab", [*hours(frame), *aligned(frame)]),
                                       (tier, "plant", list(of_plant(frame)))]:
            path = samples.jsonl(net.path / f"{name}.jsonl", records)
            same(company.bring(net.dataset, path, "jsonl")["added"], len(records), f"{name}: every label")
            same(company.bring(net.dataset, path, "jsonl")["changesets"], 0, f"{name}: again changes nothing")
            counts.update(r.get("source", "import") for r in records)
        net.sync()
        same(net.agree()["annotations"], counts.total(), "labels of both on every node")
        same((counts["lab"], counts["model:persistence@1"]), (86, 43), "two assays and a forecast an hour")

        label, remark = (find(oem, net.dataset, externalID=i) for i in (f"{ASSAYS[0]}/5", "remark-1"))
        dispute, value = Dispute(net), find_value(oem, net.dataset, f"{ASSAYS[0]}/5")
        dispute.contest(label, "value", value + 0.5, value - 0.25)
        dispute.contest(remark, "class", "normal", "overflow")
        dispute.agree()
        dispute.settle(label, "value", tier, OEM)
        dispute.settle(remark, "class", oem, TIER)

        path = tier.export(net.dataset, "csv", net.path / "labels.csv")
        first, after = hour_rows(frame)[5]
        same(check(path, raw, frame, 0.5 * (after - first) / len(frame)), dict(counts), "labels by source")
        same(tier.run("show", CLEAN, "--dataset", net.dataset)["derivedFrom"], KEY, "what the clean record is of")
        record("csv", "duckdb", items=2, labels=counts.total(), tolerance=1e-9)


def find_value(company, dataset, external):
    found, = [r for r in company.labels(dataset) if r.get("externalID") == external]
    return found["attributes"]["value"]


main()
