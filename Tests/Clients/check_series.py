"""Anomaly windows and change points, opened as their users do: pandas and ruptures."""

from collections import Counter
import json

import numpy as np
import pandas
from ruptures.metrics import precision_recall, randindex

import samples
from company import close, expect, home, record, round_trips, same

ROWS = 288
SERIES = {"machine/pump.csv": "2014-03-09 00:00:00", "clock/press.csv": "2014-10-26 01:00:00"}
WINDOWS = {"machine/pump.csv": [(12, 40), (200, 200), (250, 287)], "clock/press.csv": [(0, 6)]}
POINTS = {"well": {"ann": [40, 96], "ben": [41, 96, 200], "cleo": []}, "press": {"ann": [144], "ben": [144]}}


def tables(folder):
    """Series of five minutes a row; the second repeats the stamps of an hour, as clocks put back do."""
    frames = {}
    for key, first in SERIES.items():
        stamps = pandas.date_range(first, periods=ROWS, freq="5min")
        if key.startswith("clock"):
            stamps = stamps[:24].append(stamps[12:ROWS - 12])
        frames[key] = pandas.DataFrame({"timestamp": stamps, "value": [(n * 7) % 11 for n in range(ROWS)]})
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        frames[key].to_csv(folder / key, index=False)
    return frames


def epoch(stamp):
    """Seconds since 1970 in the unknown zone of the series."""
    return (stamp - pandas.Timestamp("1970-01-01")) / pandas.Timedelta(seconds=1)


def windows(frames):
    for key, own in WINDOWS.items():
        for first, last in own:
            start, end = (epoch(frames[key].timestamp[row]) for row in (first, last))
            end += 1e-6 if last > first else 0
            yield samples.label(key, "anomaly", {"kind": "interval", "start": start, "end": end, "channels": []})


def read_nab(path, folder):
    """The windows as NAB applies them: every row from the first to the last stamp is anomalous."""
    found, count = json.loads(path.read_text()), 0
    same(sorted(found), sorted(SERIES), "the series")
    for key, own in found.items():
        frame = pandas.read_csv(folder / key, parse_dates=["timestamp"])
        marked = []
        for first, last in sorted(own):
            first, last = pandas.to_datetime(first), pandas.to_datetime(last)
            expect({first, last} <= set(frame.timestamp), f"{first} to {last} are stamps of {key}")
            marked.append(frame.index[(frame.timestamp >= first) & (frame.timestamp <= last)])
        same([(int(rows[0]), int(rows[-1])) for rows in marked], WINDOWS[key], f"the rows of {key}")
        count += len(marked)
    return count


def marks():
    """Change points as labels; who saw none says so."""
    for key, people in POINTS.items():
        for person, rows in people.items():
            if not rows:
                yield samples.label(key, "no change point", {"kind": "wholeItem"}, author=person)
            for row in rows:
                cells = {"kind": "cells", "rowStart": row, "rowEnd": row + 1, "columns": []}
                yield samples.label(key, "change point", cells, author=person)


def rand_index(one, other):
    """By its definition: the share of pairs of rows that both put together, or both apart."""
    regimes = [np.searchsorted(ends, np.arange(ROWS), side="right") for ends in (one, other)]
    together = [own[:, None] == own[None, :] for own in regimes]
    return float((together[0] == together[1])[np.triu_indices(ROWS, 1)].mean())


def read_tcpd(path):
    """What ruptures measures of two annotators is the same before and after."""
    found = json.loads(path.read_text())
    same({k: {p: sorted(rows) for p, rows in v.items()} for k, v in found.items()}, POINTS, "every annotator's rows")
    truth, other = (sorted(found["well"][person]) + [ROWS] for person in ("ann", "ben"))
    same(precision_recall(truth, other, margin=5), (2 / 3, 1.0), "precision and recall within five rows")
    close([randindex(truth, other)], [rand_index(truth, other)], 1e-9, "the Rand index of two annotators")
    return sum(len(rows) or 1 for people in found.values() for rows in people.values())


def main():
    with home() as (company, folder):
        frames = tables(folder / "series")
        company.bring("labels", samples.jsonl(folder / "windows.jsonl", windows(frames)), "jsonl")
        path = company.export("labels", "nab", folder / "combined_windows.json")
        record("nab", "pandas", items=len(SERIES), labels=read_nab(path, folder / "series"), tolerance=0,
               lossless=round_trips(company, "labels", "nab", "combined_windows.json"))
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "points.jsonl", marks()), "jsonl")
        path = company.export("labels", "tcpd", folder / "annotations.json")
        same(Counter(r["class"] for r in company.labels("labels"))["no change point"], 1, "one saw nothing")
        record("tcpd", "ruptures", items=len(POINTS), labels=read_tcpd(path), tolerance=0,
               lossless=round_trips(company, "labels", "tcpd", "annotations.json"))


main()
