"""Data for language models: real pairs, judgements and answers, in English and Chinese; two companies rate them."""

from collections import Counter
import json

from datasets import disable_progress_bars, load_dataset

import samples
from company import TIER, network, record, same, shared
from dispute import Dispute

FILES = [("dpo_en_demo", "dpo"), ("dpo_zh_demo", "dpo"), ("kto_en_demo", "kto"), ("alpaca_zh_demo", "alpaca")]


def load(path):
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(path.parent / "cache"))
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


def text(message):
    """A response as a text: bare, a message, or a list of one."""
    if isinstance(message, list):
        same(len(message), 1, "one message")
        message, = message
    return message if isinstance(message, str) else message.get("content", message.get("value"))


def wanted(data, name):
    """The texts of a file as its README lays them out."""
    entries = json.loads((data / f"{name}.json").read_text("utf-8"))
    if "dpo" in name:
        return [(text(e["chosen"]), text(e["rejected"])) for e in entries]
    if "kto" in name:
        return [(text(e["messages"][-1]), e["label"]) for e in entries]
    return [(e["instruction"], e.get("input", ""), e["output"]) for e in entries]


def found(rows, form):
    if form == "dpo":
        return [(text(r["chosen"]), text(r["rejected"])) for r in rows]
    if form == "kto":
        return [(text(r["completion"]), r["label"]) for r in rows]
    return [(r["instruction"], r.get("input", ""), r["output"]) for r in rows]


def opinions(company, dataset):
    """Another rater turns every tenth pair round, and ranks with a tie; another rates the answers."""
    labels = company.labels(dataset)
    pairs = [r for r in labels if r["class"] == "preference"]
    for label in pairs[::10]:
        better, worse = label["selector"]["groups"]
        yield samples.label(label["item"], "preference", {"kind": "preference", "groups": [worse, better]}, author="lee")
    for label in pairs[5::20]:
        both = [response for group in label["selector"]["groups"] for response in group]
        yield samples.label(label["item"], "ranking", {"kind": "preference", "groups": [both]}, author="lee")
    for number, label in enumerate(r for r in labels if r["class"] == "answer"):
        yield samples.label(label["item"], "rating", label["selector"], author="lee",
                            attributes={"rating.helpful": 1 + number % 5, "rating.true": number % 3 / 2})


def main():
    disable_progress_bars()
    data = shared("llm-preference")
    with network("assistants") as net:
        oem, tier = net.companies
        for name, form in FILES:
            path = data / f"{name}.json"
            same(oem.bring(net.dataset, path, form, "--author", "demo")["added"], 60, f"{name}: the README's records")
            same(oem.bring(net.dataset, path, form, "--author", "demo")["changesets"], 0, f"{name}: again nothing")
        net.sync()
        same(net.agree()["annotations"], 240, "the README's 240 records on every node")
        said = list(opinions(tier, net.dataset))
        path = samples.jsonl(net.path / "opinions.jsonl", said)
        same(tier.bring(net.dataset, path, "jsonl")["added"], len(said), "what the second company says")

        answer = next(r for r in oem.labels(net.dataset) if r["class"] == "answer")
        judged = next(r for r in oem.labels(net.dataset) if r["class"] == "desirable")
        dispute = Dispute(net)
        dispute.contest(answer["id"], "licence", "Apache-2.0", "unclear")
        dispute.contest(judged["id"], "class", "doubtful", "undesirable")
        dispute.agree()
        dispute.settle(answer["id"], "licence", oem, TIER)
        dispute.settle(judged["id"], "class", tier, TIER)

        for form in ("dpo", "kto", "alpaca"):
            path = tier.export(net.dataset, form, net.path / f"{form}.jsonl", "--author", "demo")
            rows = found(load(path), form)
            expected = [row for name, own in FILES if own == form for row in wanted(data, name)]
            if form == "kto":
                first = next(i for i, (_, good) in enumerate(expected) if good)
                expected[first] = (expected[first][0], False)
            same(Counter(rows), Counter(expected), f"{form}: every text of every record")
            record(form, "datasets", items=len(rows), labels=len(rows), tolerance=0)
        path = oem.export(net.dataset, "preference", net.path / "lee.jsonl", "--author", "lee")
        rows = load(path)
        same(len(rows), len(said), "the second rater's records")
        ties = [r["ranking"] for r in rows if "ranking" in r]
        same(ties, [[1, 1]] * 6, "both are as good")
        ratings = [r["ratings"]["helpful"] for r in rows if "ratings" in r]
        same(sorted(ratings), sorted(1 + n % 5 for n in range(60)), "ratings by criterion")
        record("preference", "datasets", items=len({r["item"] for r in rows}), labels=len(rows), tolerance=0)


main()
