"""Quality inspection: people review suspected label errors (cleanlab), many workers of two vendors vote (CF)."""

import csv
from collections import Counter
import json

import pandas

import samples
from company import OEM, TIER, expect, network, record, same, shared
from dispute import Dispute

VOTES = ["given", "guessed", "neither", "both"]


def given(entries):
    """The label that is there, and what a model would say instead."""
    for entry in entries:
        key = f"cifar10/{entry['id']}.png"
        yield samples.label(key, entry["given_original_label_name"], {"kind": "wholeItem"}, source="human",
                            externalID=f"given-{entry['id']}")


def guessed(entries):
    for entry in entries:
        key = f"cifar10/{entry['id']}.png"
        yield samples.label(key, entry["our_guessed_label_name"], {"kind": "wholeItem"}, source="model:cleanlab@1",
                            externalID=f"guessed-{entry['id']}",
                            attributes={f"votes.{name}": entry["mturk"][name] for name in VOTES})


def verdict(votes):
    """What most of the five say: keep the label, replace it, both hold, or neither does."""
    return max(VOTES, key=lambda name: votes[name])


def review(net, entries, count=8):
    """Verdicts on some items by either company, and the quality stage of the same items."""
    oem, tier = net.companies
    for entry in entries[:count]:
        label = find_cached(tier, net.dataset, f"given-{entry['id']}")
        word = {"given": "accept", "guessed": "reject", "neither": "reject", "both": "accept"}[verdict(entry["mturk"])]
        reason = ", ".join(f"{entry['mturk'][n]} {n}" for n in VOTES)
        tier.run("review", label, word, "--reason", reason, "--author", "five workers")
    return Counter(verdict(e["mturk"]) in ("given", "both") for e in entries[:count])


def find_cached(company, dataset, external, known={}):
    if (company.origin, dataset) not in known:
        known[company.origin, dataset] = {r.get("externalID"): r["id"] for r in company.labels(dataset)}
    return known[company.origin, dataset][external]


def votes(path, vendor):
    """A vote is a label of the whole tweet, its worker the author."""
    with open(path, newline="") as file:
        for vote in csv.DictReader(file):
            yield samples.label(f"tweet/{vote['item']}", vote["label"], {"kind": "wholeItem"}, source="human",
                                author=f"{vendor}-{vote['worker']}", externalID=f"{vendor}/{vote['worker']}/{vote['item']}")


def alpha(table):
    """Krippendorff's alpha for nominal values, by its definition from the coincidences."""
    counts = pandas.crosstab(table.item, table["class"]).to_numpy()
    counts = counts[counts.sum(axis=1) > 1]
    each = counts.sum(axis=1)
    total, by_class = counts.sum(), counts.sum(axis=0)
    observed = ((each ** 2 - (counts ** 2).sum(axis=1)) / (each - 1)).sum() / total
    expected = (total ** 2 - (by_class ** 2).sum()) / (total * (total - 1))
    return 1 - observed / expected


def crowd(net, data):
    """Two vendors, all workers: agreement and majority are what the public tools say."""
    sides = list(zip(net.companies, [("CF.csv", 1720, 461, 0.576837), ("CF_amt.csv", 6030, 110, 0.520895)]))
    for company, (name, count, workers, _) in sides:
        records = list(votes(data / name, company.origin.split(".")[0]))
        same((len(records), len({r["author"] for r in records})), (count, workers), f"the README's figures of {name}")
        path = samples.jsonl(net.path / f"{name}.jsonl", records)
        same(company.bring(net.dataset, path, "jsonl")["added"], count, f"{name}: every vote")
    net.sync()
    same(net.agree()["annotations"], 550 + 1720 + 6030, "votes of both vendors on every node")
    for company, (name, count, _, wanted) in sides:
        path = net.companies[0].export(net.dataset, "csv", net.path / name, "--view", f"org:{company.origin}",
                                       *[w for label in "01234" for w in ("--class", label)])
        table = pandas.read_csv(path)
        table = table[table.kind == "annotation"]
        same(len(table), count, f"{name}: votes in the export")
        # Five workers of the second vendor voted twice on a tweet: both votes are kept, the last one counts.
        agreed = alpha(table.drop_duplicates(["item", "author"], keep="last"))
        expect(abs(agreed - wanted) < 1e-6, f"{name}: Krippendorff's alpha {agreed} is {wanted}")
        gold = pandas.read_csv(data / name).drop_duplicates("item").set_index("item").gold
        # Programs break ties each in their own way: the public figure lies between all ties lost and all won.
        tied = table.groupby(table.item.str.removeprefix("tweet/").astype(int))["class"].agg(lambda v: set(v.mode()))
        truth = gold.loc[tied.index]
        lost = sum(modes == {label} for modes, label in zip(tied, truth)) / len(tied)
        won = sum(label in modes for modes, label in zip(tied, truth)) / len(tied)
        expect(lost <= {"CF.csv": 0.8800, "CF_amt.csv": 0.8467}[name] <= won < 1,
               f"{name}: the public accuracy of the majority lies between {lost} and {won}")
        record("csv", "pandas", items=table.item.nunique(), labels=count, tolerance=1e-6)


def main():
    reviewed, workers = shared("qa-label-errors", "vendors-crowd")
    entries = json.loads((reviewed / "cifar10_mturk.json").read_text())
    same((len(entries), {sum(e["mturk"].values()) for e in entries}), (275, {5}), "the README's items and reviewers")
    with network("quality") as net:
        oem, tier = net.companies
        for company, name, records in [(oem, "given", given(entries)), (tier, "guessed", guessed(entries))]:
            path = samples.jsonl(net.path / f"{name}.jsonl", records)
            same(company.bring(net.dataset, path, "jsonl")["added"], 275, f"{name}: a label an item")
            same(company.bring(net.dataset, path, "jsonl")["changesets"], 0, f"{name}: again changes nothing")
        net.sync()
        same(net.agree()["annotations"], 550, "labels of both on every node")
        kept = review(net, entries)
        one, other = entries[0], entries[1]
        dispute = Dispute(net)
        dispute.contest_stage(f"cifar10/{one['id']}.png", "quality", {"state": "accepted"},
                              {"state": "needs-work", "why": "two saw both"})
        dispute.contest(find_cached(oem, net.dataset, f"given-{other['id']}"), "class",
                        other["our_guessed_label_name"], "unclear")
        dispute.agree()
        verdicts = Counter()
        for entry in entries[:8]:
            story = oem.run("show", find_cached(oem, net.dataset, f"given-{entry['id']}"))
            verdicts.update(r["value"]["verdict"] == "accept" for r in story["reviews"])
        same(verdicts, kept, "the other company shows the verdicts")
        for (target, field), take in zip(list(dispute.values), (TIER, OEM)):
            dispute.settle(target, field, oem, take)
        crowd(net, workers)


main()
