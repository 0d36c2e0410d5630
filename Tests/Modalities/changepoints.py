"""Change points (TCPD): five annotators of two companies, who see some, many or none."""

import json

from ruptures.metrics import precision_recall

from company import OEM, close, expect, network, record, same, shared
from dispute import Dispute, find

# Company by annotator: the first has three of them, the second the others.
OURS = {"6", "7", "8"}
MOVED = "quality_control_1"


def parts(annotations, wanted):
    """Each series with only some annotators."""
    return {s: {p: rows for p, rows in people.items() if wanted(p)} for s, people in annotations.items()}


def statements(annotations):
    """How many labels: a row each, and one for "looked and saw none"."""
    return sum(len(rows) or 1 for people in annotations.values() for rows in people.values())


def f_measure(annotators, marks, margin=5):
    """The benchmark's F1: what one found, against all people; the start of a series counts as found.

    Precision is over the union of what all people marked, recall the mean over them
    (van den Burg and Williams, "An Evaluation of Change Point Detection Algorithms", section 4).
    """
    def true_positives(truth, found):
        left, hits = set(found), 0
        for row in sorted(truth):
            near = [f for f in left if abs(f - row) <= margin]
            if near:
                left.remove(min(near, key=lambda f: abs(f - row)))
                hits += 1
        return hits
    found = set(marks) | {0}
    people = [set(rows) | {0} for rows in annotators.values()]
    union = set().union(*people)
    precision = true_positives(union, found) / len(found)
    recall = sum(true_positives(own, found) / len(own) for own in people) / len(people)
    return 2 * precision * recall / (precision + recall)


def bring(net, data, annotations):
    """Both companies import what their people saw, at once."""
    oem, tier = net.companies
    series = sorted(str(path) for path in (data / "datasets").glob("*.json"))
    same(oem.run("items", "add", net.dataset, *series)["added"], 9, "the README's series")
    net.sync()
    for company, wanted in [(oem, lambda p: p in OURS), (tier, lambda p: p not in OURS)]:
        part = parts(annotations, wanted)
        path = net.path / f"{company.origin}.json"
        path.write_text(json.dumps(part))
        same(company.bring(net.dataset, path, "tcpd")["added"], statements(part), f"what {company.origin} saw")
        same(company.bring(net.dataset, path, "tcpd")["changesets"], 0, "the same file again changes nothing")


def check_figures(found, annotations, data):
    """Lengths and measures, by the client's formulas and by the benchmark's, before and after."""
    for series, people in annotations.items():
        length = json.loads((data / "datasets" / f"{series}.json").read_text())["n_obs"]
        for person, rows in people.items():
            expect(all(0 < row < length for row in rows), f"{series}: rows of {person} lie in the series")
        if series == MOVED:
            continue
        for one, other in zip(people, list(people)[1:]):
            if people[one] and people[other]:
                was, is_ = ([sorted(side[p]) + [length] for p in (one, other)] for side in (people, found[series]))
                same(precision_recall(*is_, margin=5), precision_recall(*was, margin=5),
                     f"{series}: {one} and {other}")
        close([f_measure(found[series], found[series][p]) for p in people],
              [f_measure(people, rows) for rows in people.values()], 1e-12, f"{series}: the benchmark's F1")


def main():
    data = shared("changepoints-tcpd")
    annotations = json.loads((data / "annotations.json").read_text())
    pairs = sum(map(len, annotations.values()))
    points = sum(len(rows) for people in annotations.values() for rows in people.values())
    same((len(annotations), pairs, points), (9, 45, 144), "the README's figures")
    with network("series") as net:
        oem, tier = net.companies
        bring(net, data, annotations)
        net.sync()
        empty = sum(not rows for people in annotations.values() for rows in people.values())
        same(net.agree()["annotations"], points + empty, "a label for each point and each empty list")

        label = find(oem, net.dataset, externalID=f"{MOVED}/9/146")
        dispute = Dispute(net)
        cells = [{"kind": "cells", "rowStart": r, "rowEnd": r + 1, "columns": []} for r in (144, 145)]
        dispute.contest(label, "selector", *cells)
        dispute.agree()
        dispute.settle(label, "selector", tier, OEM)

        path = tier.export(net.dataset, "tcpd", net.path / "annotations.json")
        same((tier.report["annotations"], tier.report["contested"]), (points + empty, 0), "all of it is exported")
        found = json.loads(path.read_text())
        names = {s.removeprefix("datasets/").removesuffix(".json"): s for s in found}
        found = {s: {p: sorted(rows) for p, rows in found[names[s]].items()} for s in annotations}
        wanted = {s: {p: list(rows) for p, rows in people.items()} for s, people in annotations.items()}
        wanted[MOVED]["9"] = [144]
        same(found, wanted, "every annotator's rows, and who saw none")
        check_figures(found, annotations, data)
        record("tcpd", "ruptures", items=len(found), labels=points + empty, tolerance=0)


main()
