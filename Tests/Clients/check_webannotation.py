"""Web Annotations, opened with PyLD: as JSON-LD every member must have a meaning."""

from collections import Counter
import json
import re
import xml.etree.ElementTree as ElementTree

from pyld import jsonld

import samples
from company import close, expect, home, record, round_trips, same

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
OA, AS = "http://www.w3.org/ns/oa#", "http://www.w3.org/ns/activitystreams#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# Items without a scheme are relative to where the export lies.
BASE = "https://labels.example/set/"
TEXT = "💩 Order 4711 is late"


def node(iri):
    return {"@id": iri, "@type": "@id"}


# The terms of the Web Annotation vocabulary that an export may use, as its recommendation defines them.
TERMS = {
    "id": {"@type": "@id", "@id": "@id"}, "type": {"@type": "@id", "@id": "@type"},
    **{name: OA + name for name in (
        "Annotation", "TextualBody", "SpecificResource", "FragmentSelector", "SvgSelector",
        "TextPositionSelector", "TextQuoteSelector", "start", "end", "exact", "prefix", "suffix")},
    "AnnotationPage": AS + "OrderedCollectionPage", "items": {**node(AS + "items"), "@container": "@list"},
    "Person": "http://xmlns.com/foaf/0.1/Person", "name": "http://xmlns.com/foaf/0.1/name",
    "value": RDF + "value", "creator": node("http://purl.org/dc/terms/creator"),
    "conformsTo": node("http://purl.org/dc/terms/conformsTo"),
    "body": node(OA + "hasBody"), "target": node(OA + "hasTarget"), "source": node(OA + "hasSource"),
    "selector": node(OA + "hasSelector"),
    "motivation": {"@id": OA + "motivatedBy", "@type": "@vocab"},
    "purpose": {"@id": OA + "hasPurpose", "@type": "@vocab"}, "tagging": OA + "tagging",
}


def loader(address, _):
    """No network: the one context that an export names."""
    same(address, CONTEXT, "the context that the export names")
    return {"contextUrl": None, "documentUrl": address, "document": {"@context": TERMS}}


def written():
    yield {"kind": "item", "item": "call.txt", "fields": {"text": TEXT}}
    span = {"kind": "textSpan", "start": 8, "end": 12, "quote": "4711"}
    yield samples.label("call.txt", "order", span, author="kim", confidence=0.75, attributes={"certain": True})
    yield samples.label("call.txt", "complaint", {"kind": "wholeItem"})
    yield samples.label("board.png", "short", {"kind": "box", "x": 10, "y": 20, "width": 30, "height": 40})
    yield samples.label("board.png", "open", {"kind": "box", "x": 1.5, "y": 2.25, "width": 3, "height": 4})
    yield samples.label("board.png", "stain", samples.polygon(3.25, 4.5))
    yield samples.label("talk.wav", "noise", {"kind": "interval", "start": 1.25, "end": 3.5, "channels": []})
    region = {"kind": "rotatedBox", "centerX": 5, "centerY": 6, "width": 7, "height": 8, "angle": 0.5}
    yield samples.label("board.png", "label", region)
    yield samples.label("orders.csv", "duplicate", {"kind": "cells", "rowStart": 4, "rowEnd": 7, "columns": []})


def members(json_value):
    """How many members of objects there are; what a context does not know, expansion drops."""
    if isinstance(json_value, dict):
        return sum(1 + members(v) for k, v in json_value.items() if k != "@context")
    return sum(map(members, json_value)) if isinstance(json_value, list) else 0


def only(value):
    """The one value of an expanded property."""
    expect(len(value) == 1, f"one value: {value}")
    return value[0].get("@value", value[0].get("@id"))


def check_place(places, wanted):
    """The standard selector says what the label's does."""
    shape, types = wanted["selector"], {}
    for place in places:
        types[place["@type"][0]] = place
    value = {name: only(p[RDF + "value"]) for name, p in types.items()
             if name in (OA + "FragmentSelector", OA + "SvgSelector")}
    fragment, svg = value.get(OA + "FragmentSelector"), value.get(OA + "SvgSelector")
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", fragment or "")]
    if shape["kind"] == "textSpan":
        position, quote = types[OA + "TextPositionSelector"], types[OA + "TextQuoteSelector"]
        start, end = only(position[OA + "start"]), only(position[OA + "end"])
        same((TEXT[start:end], only(quote[OA + "exact"])), ("4711", "4711"), "the span and its quotation")
    elif shape["kind"] == "box" and fragment:
        same(fragment, "xywh=pixel:10,20,30,40", "whole pixels as a media fragment")
    elif shape["kind"] == "box":
        rect = ElementTree.fromstring(svg)[0]
        close([rect.get(n) for n in ("x", "y", "width", "height")],
              [shape[n] for n in ("x", "y", "width", "height")], 0, "a box between pixels as SVG")
    elif shape["kind"] == "polygon":
        found = ElementTree.fromstring(svg)[0].get("points").replace(",", " ").split()
        close(found, shape["parts"][0][0], 0, "a polygon as SVG")
    elif shape["kind"] == "interval":
        same((fragment[:6], numbers), ("t=npt:", [1.25, 3.5]), "a stretch of time")
    elif shape["kind"] == "rotatedBox":
        whole = types["urn:countermark:Selector"]["urn:countermark:value"]
        same(only(whole), shape, "a selector that the vocabulary lacks is whole")
    else:
        same(fragment, "row=5-7", "rows count from one, the last one included")


def main():
    with home() as (company, folder):
        company.bring("labels", samples.jsonl(folder / "in.jsonl", written()), "jsonl")
        path = company.export("labels", "web-annotation", folder / "annotations.jsonld")
        page, labels = json.loads(path.read_text("utf-8")), company.labels("labels")
        options = {"documentLoader": loader, "base": BASE}
        expanded, = jsonld.expand(page, options=options)
        compacted = jsonld.compact(expanded, page["@context"], options=options)
        same(members(compacted), members(page), "as JSON-LD no member is without a meaning")

        annotations = expanded[AS + "items"][0]["@list"]
        same(len(annotations), len(labels), "how many annotations")
        by_class = {r["class"]: r for r in labels}
        for found in annotations:
            same(found["@type"], [OA + "Annotation"], "the type")
            same(only(found[OA + "motivatedBy"]), OA + "tagging", "the motivation")
            wanted = by_class[only(found[OA + "hasBody"][0][RDF + "value"])]
            target, = found[OA + "hasTarget"]
            same(only(target.get(OA + "hasSource", [target])), BASE + wanted["item"], "the item")
            if OA + "hasSelector" in target:
                check_place(target[OA + "hasSelector"], wanted)
            else:
                same(wanted["selector"]["kind"], "wholeItem", "a target without a selector")
        kept = Counter(name for found in annotations for name in found if name.startswith("urn:countermark:"))
        same(kept, Counter({"urn:countermark:source": len(labels), "urn:countermark:confidence": 1,
                            "urn:countermark:attributes": 1}), "members of our own")
        attributes, = [f["urn:countermark:attributes"] for f in annotations if "urn:countermark:attributes" in f]
        same(only(attributes), {"certain": True}, "the attributes are whole")
        record("web-annotation", "PyLD", items=4, labels=len(annotations), tolerance=0,
               lossless=round_trips(company, "labels", "web-annotation", "annotations.jsonld"))


main()
