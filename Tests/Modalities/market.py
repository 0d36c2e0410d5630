"""Market series (weekly oil price): trend segments by two houses, and what a model expects."""

import json

import pandas

import samples
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find

KEY = "brent-weekly.csv"


def zigzag(prices, share):
    """Trend segments: a turn counts once the price came back by a share from its extreme."""
    turns, extreme, up = [0], 0, None
    for row, price in enumerate(prices):
        best = prices[extreme]
        if up is not False and price > best or up is not True and price < best:
            up, extreme = (price > best) if up is None else up, row
        elif up is not None and abs(price - best) > share * best:
            turns.append(extreme)
            up, extreme = not up, row
    return turns + [len(prices) - 1]


def segments(prices, share, author, source="human", **more):
    """From a turning point to the next, half-open; the last row of all belongs to the last segment."""
    turns = zigzag(prices, share)
    for number, (first, last) in enumerate(zip(turns, turns[1:])):
        after = last + (last == len(prices) - 1)
        cells = {"kind": "cells", "rowStart": first, "rowEnd": after, "columns": ["Price"]}
        yield samples.label(KEY, "up" if prices[last] > prices[first] else "down", cells, author=author,
                            source=source, externalID=f"{author}-{number}",
                            attributes={"change": round(prices[last] / prices[first] - 1, 6)}, **more)


def check(path, frame, count):
    """Each segment against the prices that it is about, as an analyst joins them."""
    table = pandas.read_csv(path)
    table = table[table.kind == "annotation"]
    same(len(table), count, "every segment")
    covered = 0
    for _, row in table.iterrows():
        place, said = json.loads(row.selector), json.loads(row.attributes)
        prices = frame.Price[place["rowStart"]:place["rowEnd"]]
        covered += len(prices)
        last = min(place["rowEnd"], len(frame) - 1)
        close([said["change"]], [frame.Price[last] / prices.iloc[0] - 1], 1e-6, f"the change of {row.external_id}")
        same(row["class"], "up" if said["change"] > 0 else "down", f"the direction of {row.external_id}")
    same(covered, len(frame), "the segments of one house tile the series")


def main():
    data = shared("market-oil")
    frame = pandas.read_csv(data / KEY, parse_dates=["Date"])
    same(len(frame), 2049, "the README's rows")
    prices = list(frame.Price)
    coarse, fine = list(segments(prices, 0.3, "house-a")), list(segments(prices, 0.2, "house-b"))
    guessed = list(segments(prices, 0.25, "trend", "model:zigzag@1", confidence=0.5))
    expect(len(fine) > len(coarse) > 10, "the houses see trends of different lengths")
    with network("oil") as net:
        oem, tier = net.companies
        oem.run("items", "add", net.dataset, str(data / KEY))
        oem.bring(net.dataset, samples.jsonl(net.path / "unit.jsonl", [
            {"kind": "item", "item": KEY, "fields": {"unit": "USD/barrel"}}]), "jsonl")
        net.sync()
        for company, name, records in [(oem, "coarse", coarse), (tier, "fine", fine + guessed)]:
            path = samples.jsonl(net.path / f"{name}.jsonl", records)
            same(company.bring(net.dataset, path, "jsonl")["added"], len(records), f"{name}: every segment")
            same(company.bring(net.dataset, path, "jsonl")["changesets"], 0, f"{name}: again changes nothing")
        net.sync()
        same(net.agree()["annotations"], len(coarse + fine + guessed), "labels of both on every node")

        trend, dispute = find(oem, net.dataset, externalID="house-a-3"), Dispute(net)
        dispute.contest(trend, "reason", "supply", "demand")
        dispute.contest(trend, "selector", *[
            {**coarse[3]["selector"], "rowEnd": coarse[3]["selector"]["rowEnd"] + n} for n in (1, -2)])
        dispute.agree()
        dispute.settle(trend, "reason", oem, TIER)
        dispute.settle(trend, "selector", tier, OEM)
        same(tier.items(net.dataset)[KEY]["unit"], "USD/barrel", "the unit of the series")

        path = oem.export(net.dataset, "csv", net.path / "house-b.csv", "--author", "house-b")
        check(path, frame, len(fine))
        record("csv", "pandas", items=1, labels=len(fine), tolerance=1e-6)
        # The annotated turning points of a series travel as change points too.
        marks = [samples.label(KEY, "change point", {"kind": "cells", "rowStart": row, "rowEnd": row + 1, "columns": []},
                               author="house-a") for row in zigzag(prices, 0.3)[1:-1]]
        oem.bring(net.dataset, samples.jsonl(net.path / "turns.jsonl", marks), "jsonl")
        path = oem.export(net.dataset, "tcpd", net.path / "turns.json", "--class", "change point")
        found, = json.loads(path.read_text()).values()
        same(sorted(found["house-a"]), zigzag(prices, 0.3)[1:-1], "turning points by annotator")


main()
