"""Spans, classes and relations of texts, opened with spaCy, seqeval and brat's own parser."""

from collections import Counter
import json

from bratsubset.annotation import TextAnnotations
from seqeval.scheme import Entities, IOBES
import spacy
from spacy.tokens import DocBin
from spacy.training.converters import conll_ner_to_docs

import samples
from company import expect, home, record, round_trips, same

TEXTS = {
    "call-1": "💩 My order 4711 is late, says Zoë from Köln.",
    "call-2": "Bearing 7 of pump A1\nruns hot 🔥🔥 since Monday",
    "call-3": "Thank you",
    "call-4": "e\u0301clair ist nicht éclair: Größe 12 €",
}
MARKED = {
    "call-1": [("order 4711", "order"), ("late", "fault"), ("Zoë", "person"), ("Köln", "place")],
    "call-2": [("Bearing 7", "part"), ("pump A1", "part"), ("runs hot", "fault"), ("Monday", "time")],
    "call-4": [("e\u0301clair", "product"), ("Größe 12", "size")],
}


def span(key, quote):
    """Python counts Unicode scalars, as the labels do."""
    start = TEXTS[key].index(quote)
    return {"kind": "textSpan", "start": start, "end": start + len(quote), "quote": quote}


def end(key, quote, role):
    return {"item": key, "role": role, "selector": span(key, quote)}


def written():
    records = [{"kind": "item", "item": key, "fields": {"text": text, "examined": True}}
               for key, text in TEXTS.items()]
    for key, marks in MARKED.items():
        records += [samples.label(key, name, span(key, quote)) for quote, name in marks]
    return records


def relation():
    return samples.label("call-2", "symptom-of", {
        "kind": "relation", "relation": "symptom-of", "from": [end("call-2", "runs hot", "Arg1")],
        "to": [end("call-2", "Bearing 7", "Arg2")]})


def classes():
    """Classes of whole texts, which brat has no place for."""
    return [samples.label("call-1", "complaint", {"kind": "wholeItem"}),
            samples.label("call-3", "praise", {"kind": "wholeItem"})]


def marks(labels):
    """Class and covered text of all spans, counted."""
    spans = [r for r in labels if r["selector"]["kind"] == "textSpan"]
    return Counter((r["item"], r["class"], r["selector"]["start"], r["selector"]["end"],
                    TEXTS[r["item"]][r["selector"]["start"]:r["selector"]["end"]]) for r in spans)


def read_spacy(path, labels):
    """Docs with a span for every label; a DocBin of them keeps all."""
    nlp, found, classes, relations = spacy.blank("xx"), Counter(), set(), 0
    bin = DocBin(store_user_data=True)
    for line in path.read_text("utf-8").splitlines():
        entry = json.loads(line)
        doc, key = nlp.make_doc(entry["text"]), entry["meta"]["item"]
        same(doc.text, TEXTS[key], f"the text of {key}")
        for mark in entry["spans"]:
            part = doc.char_span(mark["start"], mark["end"], label=mark["label"])
            expect(part is not None, f"{mark} of {key} begins and ends with tokens")
            doc.spans.setdefault("all", []).append(part)
            found[key, part.label_, part.start_char, part.end_char, part.text] += 1
        doc.cats = entry.get("cats", {})
        classes |= {(key, name) for name, value in doc.cats.items() if value == 1}
        relations += len(entry.get("relations", []))
        bin.add(doc)
    same(found, marks(labels), "every span, to the character")
    same(classes, {("call-1", "complaint"), ("call-3", "praise")}, "the classes of texts")
    same(relations, 1, "the relation")
    again = list(DocBin().from_bytes(bin.to_bytes()).get_docs(nlp.vocab))
    same(sum(len(d.spans.get("all", [])) for d in again), sum(found.values()), "spans after DocBin")
    return len(again), sum(found.values()) + len(classes) + relations


def names(labels):
    """Texts without white space: CoNLL does not say where it was."""
    return Counter((r["class"], "".join(r["selector"]["quote"].split())) for r in labels)


def read_conll(path, labels):
    docs = [doc for doc in conll_ner_to_docs(path.read_text("utf-8"), no_print=True)]
    found = Counter((e.label_, "".join(e.text.split())) for doc in docs for e in doc.ents)
    same(found, names(labels), "every entity, by spaCy's own converter")
    return sum(found.values())


def read_iobes(path, labels):
    """The tags read strictly: seqeval drops whatever breaks the scheme."""
    sentences = [[line.split() for line in block.splitlines() if not line.startswith(("#", "-DOCSTART-"))]
                 for block in path.read_text("utf-8").split("\n\n")]
    sentences = [s for s in sentences if s]
    entities = Entities([[columns[-1] for columns in s] for s in sentences], IOBES, False).entities
    found = Counter((e.tag, "".join(c[0] for c in s[e.start:e.end]))
                    for s, own in zip(sentences, entities) for e in own)
    same(found, names(labels), "every entity, by seqeval's strict IOBES")
    return sum(found.values())


def read_brat(folder, labels):
    """Brat's parser refuses spans that do not hold the text that they quote."""
    found, relations = Counter(), 0
    for path in sorted(folder.rglob("*.ann")):
        document = TextAnnotations(str(path.with_suffix("")))
        same(document.failed_lines, [], f"brat reads every line of {path.name}")
        key = path.stem
        for mark in document.get_textbounds():
            (start, stop), = mark.spans
            same(mark.text.split(), TEXTS[key][start:stop].split(), f"{mark.id} quotes its text")
            found[key, mark.type, start, stop, TEXTS[key][start:stop]] += 1
        for relation in document.get_relations():
            heads = {document.get_ann_by_id(i).text for i in (relation.arg1, relation.arg2)}
            same((relation.type, heads), ("symptom-of", {"runs hot", "Bearing 7"}), "the relation")
            relations += 1
    same(found, marks(labels), "every span, to the character")
    same(relations, 1, "the relation")
    return sum(found.values()) + relations


def main():
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "in.jsonl", written()), "jsonl")
        spans = company.labels("labels")
        for form, client, read in [("conll", "spacy", read_conll), ("conll-iobes", "seqeval", read_iobes)]:
            path = company.export("labels", form, folder / f"{form}.conll")
            same(company.report["annotations"], len(spans), f"{form} takes every span")
            answers = round_trips(company, "labels", form, f"{form}.conll")
            record(form, client, items=len(TEXTS), labels=read(path, spans), tolerance=0, lossless=answers)

        company.bring("labels", samples.jsonl(folder / "relation.jsonl", [relation()]), "jsonl")
        path = company.export("labels", "brat", folder / "brat")
        record("brat", "bratiaa", items=len(TEXTS), labels=read_brat(path, company.labels("labels")),
               tolerance=0, lossless=round_trips(company, "labels", "brat", "brat"))

        company.bring("labels", samples.jsonl(folder / "classes.jsonl", classes()), "jsonl")
        path = company.export("labels", "spacy", folder / "spacy.jsonl")
        items, count = read_spacy(path, company.labels("labels"))
        record("spacy", "spacy", items=items, labels=count, tolerance=0,
               lossless=round_trips(company, "labels", "spacy", "spacy.jsonl"))


main()
