"""Tables: order lines (Online Retail), shop sessions, and machine records with several failure modes (AI4I)."""

from collections import Counter

import duckdb
import pandas

import samples
from company import OEM, TIER, network, record, same, shared
from dispute import Dispute, find

DAYS = ["2010-12-01.csv", "2010-12-02.csv"]
SESSIONS, MACHINES = "online_shoppers.csv", "ai4i2020.csv"
MODES = ["TWF", "HDF", "PWF", "OSF", "RNF"]


def row(key, number, name, *columns, **more):
    cells = {"kind": "cells", "rowStart": int(number), "rowEnd": int(number) + 1, "columns": list(columns)}
    return samples.label(key, name, cells, externalID=f"{key}/{number}/{name}", **more)


def order_labels(frames):
    """A row's number is its name: the same line can occur twice."""
    for key, frame in frames.items():
        for number in frame.index[frame.duplicated(keep=False)]:
            yield row(key, number, "duplicate")
        for number in frame.index[frame.InvoiceNo.astype(str).str.startswith("C")]:
            yield row(key, number, "cancellation", "InvoiceNo", "Quantity")
        for number in frame.index[frame.CustomerID.isna()]:
            yield row(key, number, "no-customer", "CustomerID")


def outcomes(sessions):
    for number in sessions.index[sessions.Revenue]:
        yield row(SESSIONS, number, "bought")


def failures(machines):
    """Several failure modes of a row are several labels."""
    for mode in MODES:
        for number in machines.index[machines[mode] == 1]:
            yield row(MACHINES, number, mode, mode, attributes={"product": machines["Product ID"][number]})


def inspection(machines):
    """What the second company's inspector finds: failures without a mode, and modes without a failure."""
    wrong = machines.index[(machines[MODES].max(axis=1) == 1) != (machines["Machine failure"] == 1)]
    same(len(wrong), 27, "the README's rows in which failure and modes differ")
    for number in wrong:
        yield row(MACHINES, number, "inconsistent", "Machine failure", *MODES, author="inspector")


def check(path, folder, frames, sessions, machines):
    """An analyst joins labels with the tables by row number, in DuckDB."""
    duckdb.execute(f"""create or replace view labels as select item, class, author, (selector->>'rowStart')::int as first,
                       selector->'columns' as columns from read_csv('{path}') where kind = 'annotation'""")
    def rows(file):
        return f"(select row_number() over () - 1 as number, * from read_csv('{file}', header=true, parallel=false))"
    lost = duckdb.sql(f"""select sum(Quantity * UnitPrice) from labels l join {rows(folder / 'orders' / DAYS[0])} r
                          on r.number = l.first where l.item = '{DAYS[0]}' and class = 'cancellation'""").fetchall()[0][0]
    frame = frames[DAYS[0]]
    gone = frame[frame.InvoiceNo.astype(str).str.startswith("C")]
    same(round(lost, 2), round((gone.Quantity * gone.UnitPrice).sum(), 2), "what the cancelled lines are worth")
    bought = duckdb.sql(f"""select count(*), count(*) filter (Revenue) from labels l join
                            {rows(folder / 'behaviour' / SESSIONS)} r on r.number = l.first
                            where l.item = '{SESSIONS}' and class = 'bought'""").fetchall()[0]
    same(bought, (int(sessions.Revenue.sum()),) * 2, "sessions that ended in an order")
    modes = dict(duckdb.sql(f"""select class, count(*) from labels where item = '{MACHINES}'
                                and class <> 'inconsistent' group by class""").fetchall())
    return duckdb.sql("select count(*) from labels").fetchall()[0][0], modes


def main():
    orders, behaviour, maintenance = shared("tabular-orders", "tabular-behaviour", "tabular-maintenance")
    frames = {day: pandas.read_csv(orders / day) for day in DAYS}
    sessions, machines = pandas.read_csv(behaviour / SESSIONS), pandas.read_csv(maintenance / MACHINES)
    same((sum(map(len, frames.values())), len(sessions), len(machines)), (5217, 4000, 10_000), "the README's rows")
    with network("tables") as net:
        oem, tier = net.companies
        for folder in (orders, behaviour, maintenance):
            oem.run("items", "add", net.dataset, *map(str, sorted(folder.glob("*.csv"))))
        net.sync()
        sold = [*order_labels(frames), *outcomes(sessions)]
        failed, doubts = list(failures(machines)), list(inspection(machines))
        for company, name, records in [(oem, "sold", sold), (tier, "failed", failed), (tier, "doubts", doubts)]:
            path = samples.jsonl(net.path / f"{name}.jsonl", records)
            same(company.bring(net.dataset, path, "jsonl")["added"], len(records), f"{name}: every label")
            same(company.bring(net.dataset, path, "jsonl")["changesets"], 0, f"{name}: again changes nothing")
        net.sync()
        total = len(sold) + len(failed) + len(doubts)
        same(net.agree()["annotations"], total, "labels of both on every node")

        dispute = Dispute(net)
        first = next(r for r in sold if r["class"] == "duplicate")["externalID"]
        doubt = doubts[0]["externalID"]
        dispute.contest(find(oem, net.dataset, externalID=first), "class", "ordered-twice", "typing-error")
        dispute.contest(find(oem, net.dataset, externalID=doubt), "decision", "failure", "no-failure")
        dispute.agree()
        for (label, field), take in zip(list(dispute.values), (OEM, TIER)):
            dispute.settle(label, field, tier, take)
        tier.run("review", find(tier, net.dataset, externalID=doubt), "accept", "--reason", "seen in the log book")
        retracted = find(oem, net.dataset, externalID=doubts[1]["externalID"])
        tier.run("retract", retracted)
        dispute.agree()

        path = tier.export(net.dataset, "csv", net.path / "labels.csv")
        links = {"orders": orders, "behaviour": behaviour}
        for name, target in links.items():
            (net.path / name).symlink_to(target)
        count, modes = check(path, net.path, frames, sessions, machines)
        same(count, total - 1, "all but the label that was taken back")
        same(modes, {mode: int(machines[mode].sum()) for mode in MODES}, "failures by mode")
        classes = Counter(r["class"] for r in oem.labels(net.dataset))
        same((classes["ordered-twice"], classes["inconsistent"]), (1, 26), "the settled class, and 27 less one")
        record("csv", "duckdb", items=4, labels=count, tolerance=0)


main()
