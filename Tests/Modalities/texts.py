"""Customer service: intents and slots (NLU++), topics (BANKING77), dialogues with actions (ABCD)."""

from collections import Counter
import csv
import json

from bratsubset.annotation import TextAnnotations
import spacy

import samples
from company import OEM, TIER, expect, network, record, same, shared
from dispute import Dispute, find


def utterances(data):
    """NLU++ as records of text, spans and classes, which spaCy, doccano and Prodigy exchange."""
    for fold in range(3):
        for number, entry in enumerate(json.loads((data / f"nlupp/banking_fold{fold}.json").read_text())):
            spans = [{"start": s["span"][0], "end": s["span"][1], "label": name, "text": s["text"]}
                     for name, s in entry.get("slots", {}).items()]
            yield {"id": f"nlupp/{fold}/{number}", "text": entry["text"], "spans": spans,
                   "cats": {name: 1 for name in entry.get("intents", [])}}


def topics(data):
    with open(data / "banking77.csv", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            yield {"id": f"banking77/{number}", "text": row["text"], "spans": [], "cats": {row["category"]: 1}}


def turns(data):
    """A dialogue's turns are items of one group; an action names what it takes from a turn before."""
    for talk in json.loads((data / "abcd/abcd_sample.json").read_text()):
        keys, said = [], []
        for number, turn in enumerate(talk["delexed"]):
            key = f"abcd/{talk['convo_id']}/{number:03}"
            keys.append(key)
            said.append(turn["text"])
            intent, step, action, values, _ = turn["targets"]
            yield {"kind": "item", "item": key, "fields": {
                "text": turn["text"], "group": f"abcd/{talk['convo_id']}", "speaker": turn["speaker"]}}
            yield samples.label(key, intent, {"kind": "wholeItem"}, author="abcd")
            if step == "take_action":
                yield samples.label(key, action, {"kind": "wholeItem"}, author="abcd")
            for value in values if step == "take_action" else []:
                place = span(key, turn["text"], str(value))
                if place is None:
                    continue
                yield samples.label(key, "value", place["selector"], author="abcd")
                before = [n for n in range(number) if str(value) in said[n]]
                if before:
                    origin = span(keys[before[-1]], said[before[-1]], str(value), "Arg2")
                    yield samples.label(key, "taken-from", {
                        "kind": "relation", "relation": "taken-from", "from": [place], "to": [origin]}, author="abcd")


def span(key, text, quote, role="Arg1"):
    start = text.find(quote)
    place = {"kind": "textSpan", "start": start, "end": start + len(quote), "quote": quote}
    return None if start < 0 or not quote else {"item": key, "role": role, "selector": place}


def read_spacy(path, texts):
    """Every span covers what it says, in the text that came in."""
    nlp, spans, classes = spacy.blank("en"), Counter(), Counter()
    for line in path.read_text("utf-8").splitlines():
        entry = json.loads(line)
        doc = nlp.make_doc(entry["text"])
        key = entry["meta"]["item"]
        same(doc.text, texts.get(key, doc.text), f"the text of {key}")
        for mark in entry["spans"]:
            part = doc.char_span(mark["start"], mark["end"], label=mark["label"], alignment_mode="expand")
            expect(doc.text[mark["start"]:mark["end"]] in part.text, f"{mark} of {key}")
            spans[key.split("/")[0], mark["label"]] += 1
        classes.update((key.split("/")[0], name) for name in entry.get("cats", {}))
    return spans, classes


def read_brat(folder):
    """Brat's own parser; a relation across two texts has no place there."""
    values = 0
    for path in sorted((folder / "abcd").rglob("*.ann")):
        document = TextAnnotations(str(path.with_suffix("")))
        same(document.failed_lines, [], f"brat reads every line of {path.name}")
        values += sum(mark.type == "value" for mark in document.get_textbounds())
    return values


def totals(counts, source):
    return sum(n for (where, _), n in counts.items() if where == source)


def main():
    data = shared("text-customer-service")
    calls, subjects, talks = list(utterances(data)), list(topics(data)), list(turns(data))
    slots = sum(len(c["spans"]) for c in calls)
    same((len(calls), slots, len(subjects)), (311, 130, 600), "the README's utterances, slots and rows")
    with network("calls") as net:
        oem, tier = net.companies
        for company, name, records, form, author in [
                (oem, "calls", calls, "spacy", "polyai"), (oem, "topics", subjects, "spacy", "polyai"),
                (tier, "talks", talks, "jsonl", None)]:
            path = samples.jsonl(net.path / f"{name}.jsonl", records)
            options = ["--author", author] if author else []
            company.bring(net.dataset, path, form, *options)
            same(company.bring(net.dataset, path, form, *options)["changesets"], 0, f"{name}: again changes nothing")
        net.sync()
        labels = sum(len(c["spans"]) + len(c["cats"]) for c in [*calls, *subjects])
        labels += sum(r["kind"] == "annotation" for r in talks)
        same(net.agree()["annotations"], labels, "labels of both on every node")

        # The second company disagrees: another slot, another intent, one slot more, and texts without any.
        marked = next(c for c in calls if len(c["spans"]) == 1 and len(c["cats"]) == 1)
        slot, intent = marked["spans"][0], next(iter(marked["cats"]))
        dispute = Dispute(net)
        spans = [{"kind": "textSpan", "start": slot["start"], "end": end, "quote": marked["text"][slot["start"]:end]}
                 for end in (slot["end"], slot["end"] - 1)]
        label = find(oem, net.dataset, item=marked["id"], **{"class": slot["label"]})
        spans[0] = {**spans[0], "start": slot["start"] + 1, "quote": spans[0]["quote"][1:]}
        dispute.contest(label, "selector", *spans)
        whole = find(oem, net.dataset, item=marked["id"], **{"class": intent})
        dispute.contest(whole, "class", intent + "_now", intent + "_later")
        bare = next(c for c in calls if not c["spans"] and "pin" in c["text"])
        start = bare["text"].index("pin")
        tier.run("annotate", net.dataset, bare["id"], "--class", "thing", "--selector", json.dumps(
            {"kind": "textSpan", "start": start, "end": start + 3, "quote": "pin"}), "--author", "lee")
        empty = [c["id"] for c in calls if not c["spans"] and not c["cats"]]
        if empty:
            tier.run("examined", net.dataset, *empty)
        dispute.agree()
        dispute.settle(label, "selector", tier, OEM)
        dispute.settle(whole, "class", oem, TIER)

        path = tier.export(net.dataset, "spacy", net.path / "all.jsonl")
        found, classes = read_spacy(path, {c["id"]: c["text"] for c in [*calls, *subjects]})
        wanted = Counter(("nlupp", s["label"]) for c in calls for s in c["spans"]) + Counter({("nlupp", "thing"): 1})
        same(Counter({k: n for k, n in found.items() if k[0] == "nlupp"}), wanted, "slots by name, and one more")
        same(totals(classes, "banking77"), 600, "a topic a row")
        same(classes["nlupp", intent + "_later"], 1, "the settled intent")
        same(totals(classes, "nlupp"), sum(len(c["cats"]) for c in calls), "intents")
        values = sum(r.get("class") == "value" for r in talks)
        same(read_brat(oem.export(net.dataset, "brat", net.path / "brat")), values, "values of actions, by brat")
        relations = [r for r in tier.labels(net.dataset) if r["class"] == "taken-from"]
        expect(relations, "an action takes its value from a turn before")
        same(len(relations), sum(r.get("class") == "taken-from" for r in talks), "relations between turns")
        groups = Counter(f.get("group") for f in tier.items(net.dataset).values() if f.get("group"))
        same(len(groups), 3, "the README's dialogues")
        record("spacy", "spacy", items=len(calls) + len(subjects), labels=found.total() + classes.total(), tolerance=0)
        record("brat", "bratiaa", items=sum(groups.values()), labels=values, tolerance=0)


main()
