"""Countermark's figures of quality beside those of krippendorff, irrCAC, scikit-learn, statsmodels, crowd-kit and
cleanlab.

To 1e-9 where a library is exact, to the five digits to which irrCAC rounds. Made-up data always, real data where the
public samples lie beside the project.
"""

import csv
import json
import random
import sys

import crowds
from company import ROOT, expect, home, network, same

EXACT, ROUNDED = 1e-9, 6e-6
DATA = ROOT.parent / "shared" / "data"
SKIPPED = []


def sample(name):
    """A public sample; None, and a loud word at the end, where it is not there."""
    if (DATA / name).is_dir():
        return DATA / name
    SKIPPED.append(name)
    return None


def compare(company, dataset, judgements, what, *options, pairs=None):
    """Everything of one task that a library computes, too."""
    figures = crowds.Figures(company, dataset, "--by", "author", *options)
    figures.near("krippendorff-alpha", crowds.alpha(judgements), EXACT, what)
    for measure, wanted in crowds.gwet(judgements).items():
        if (measure, (), None) in figures.rows:
            figures.near(measure, wanted, ROUNDED, what)
    units, raters = crowds.units_of(judgements), crowds.raters_of(judgements)
    if len(judgements) == len(units) * len(raters):
        figures.near("fleiss-kappa", crowds.fleiss(judgements), EXACT, what)
    compared = 0
    for one, other in pairs or crowds.pairs_of(raters):
        ones, others = crowds.shared(judgements, one, other)
        if not ones:
            continue
        same(figures.confusion(one, other), crowds.counted(zip(ones, others)), f"{what}: who says what")
        if "--measure" in options and "cohen-kappa" not in options:
            compared += 1
            continue
        if len(set(ones) | set(others)) == 1:
            figures.none("cohen-kappa", "one category only", what, one, other)
            continue
        figures.near("cohen-kappa", crowds.cohen(ones, others), EXACT, what, one, other)
        compared += 1
    print(f"{what}: {len(judgements)} judgements of {len(units)} units by {len(raters)} raters, {compared} pairs")
    return figures


def compare_consensus(company, dataset, judgements, what):
    """Majority and Dawid-Skene of crowd-kit: the same probabilities, the same class where one is ahead."""
    for method, probabilities in [
        ("majority", lambda found: crowds.majority(judgements)),
        ("dawid-skene", lambda found: crowds.dawid_skene(judgements, found["iterations"]["items"])),
    ]:
        found = company.run("consensus", dataset, "--by", "author", "--method", method)
        wanted = probabilities(found)
        same(len(found["items"]), len(wanted), f"{what}: {method}: how many units")
        for item in found["items"]:
            row = wanted.loc[item["item"]]
            expect(abs(item["confidence"] - row.max()) <= EXACT,
                   f"{what}: {method}: {item} instead of {row.max()}")
            if item["tied"]:
                expect(sum(row > row.max() - 1e-6) > 1, f"{what}: {method}: {item} is a tie")
            else:
                same(item["class"], row.idxmax(), f"{what}: {method}: {item}")
        ties = sum(bool(i["tied"]) for i in found["items"])
        print(f"{what}: {method} of crowd-kit, {len(wanted)} units, {ties} ties"
              + (f", {found['iterations']['items']} iterations" if method != "majority" else ""))


# MARK: Made-up data


def textbook():
    """Krippendorff's 4 raters and 12 units, as classes and as numbers."""
    rows = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
    said = {(f"r{r}", f"u{u:02}"): v for r, row in enumerate(rows) for u, v in enumerate(row.split()) if v != "."}
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", crowds.whole(said)), "jsonl")
        figures = compare(company, "labels", said, "the textbook's example")
        figures.near("krippendorff-alpha", 0.743421052631579, 1e-12, "the textbook's example")
        again = company.run("agreement", "labels", "--by", "author")
        same(again, figures.document, "the same state gives the same digits, intervals too")
    numbers = {key: int(value) for key, value in said.items()}
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", crowds.fields(numbers, "depth")), "jsonl")
        for level in ("nominal", "ordinal", "interval", "ratio"):
            figures = crowds.Figures(company, "labels", "--by", "author", "--field", "depth", "--level", level)
            figures.near("krippendorff-alpha", crowds.alpha(numbers, level), EXACT, f"the textbook's, {level}")
        same(crowds.Figures(company, "labels", "--by", "author", "--field", "depth").document["level"], "interval",
             "numbers are compared by their difference")


def crowd():
    """Raters of different reliability, with missing judgements and without."""
    for seed, missing in [(1, 0.3), (2, 0.0), (3, 0.6)]:
        said = crowds.made_up(80, 6, 4, seed, missing)
        with home() as (company, path):
            records = crowds.whole(said)
            random.Random(seed).shuffle(records)
            company.bring("labels", crowds.write(path / "in.jsonl", records), "jsonl")
            compare(company, "labels", said, f"made-up judgements, {missing:.0%} missing")
            compare_consensus(company, "labels", said, f"made-up judgements, {missing:.0%} missing")
            chosen = {key: "yes" if value == "c1" else "no" for key, value in said.items()}
            one = crowds.Figures(company, "labels", "--by", "author", "--class", "c1")
            one.near("krippendorff-alpha", crowds.alpha(chosen), EXACT, "one class against the others")


def against():
    """Precision, recall, F1 and the average precision of scikit-learn."""
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support

    said = crowds.made_up(60, 2, 3, 11, missing=0.0)
    chance = random.Random(5)
    records = crowds.whole(said)
    sure = {}
    for record in records:
        if record["author"] == "r1":
            record["confidence"] = sure[record["item"]] = chance.randrange(20) / 20
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", records), "jsonl")
        figures = crowds.Figures(company, "labels", "--by", "author", "--against", "r0")
    units = crowds.units_of(said)
    truth, found = [said["r0", u] for u in units], [said["r1", u] for u in units]
    names = sorted(set(truth) | set(found))
    columns = precision_recall_fscore_support(truth, found, labels=names)
    for place, name in enumerate(names):
        for measure, column in zip(("precision", "recall", "f1"), columns):
            figures.near(measure, column[place], EXACT, "against a reference", "r1", "r0", name=name)
        # scikit-learn takes what was never claimed for unknown; here it is missed.
        claims = [(said["r0", u] == name, sure[u]) for u in units if said["r1", u] == name]
        share = sum(hit for hit, _ in claims) / truth.count(name)
        wanted = average_precision_score(*zip(*claims)) * share
        figures.near("average-precision", wanted, EXACT, "against a reference", "r1", "r0", name=name)
    print(f"precision, recall, F1 and average precision of scikit-learn, {len(names)} classes")


def boxes():
    """Boxes of two raters, paired by SciPy's assignment; what one has alone is nothing for the other."""
    import numpy
    from scipy.optimize import linear_sum_assignment

    chance, records, ones, others = random.Random(4), [], [], []
    for number in range(30):
        item, mine = f"i{number:02}", {"r0": [], "r1": []}
        for _ in range(chance.randrange(1, 9)):
            x, y, kind = chance.uniform(0, 60), chance.uniform(0, 60), chance.choice("ab")
            for rater in mine:
                if chance.random() < 0.8:
                    shift = [chance.uniform(-4, 4) for _ in range(4)]
                    said = kind if chance.random() < 0.8 else chance.choice("ab")
                    mine[rater].append(((x + shift[0], y + shift[1], 20 + shift[2], 20 + shift[3]), said))
        if not mine["r0"] or not mine["r1"]:
            continue
        for rater, labels in mine.items():
            for (x, y, w, h), said in labels:
                records.append({"kind": "annotation", "item": item, "class": said, "author": rater,
                                "selector": {"kind": "box", "x": x, "y": y, "width": w, "height": h}})
        shares = numpy.array([[share(a, b) for b, _ in mine["r1"]] for a, _ in mine["r0"]])
        shares[shares < 0.5] = 0
        rows, columns = linear_sum_assignment(-shares)
        pairs = [(r, c) for r, c in zip(rows, columns) if shares[r, c] > 0]
        both = [(mine["r0"][r][1], mine["r1"][c][1]) for r, c in pairs]
        both += [(said, None) for r, (_, said) in enumerate(mine["r0"]) if r not in {p[0] for p in pairs}]
        both += [(None, said) for c, (_, said) in enumerate(mine["r1"]) if c not in {p[1] for p in pairs}]
        ones += [one for one, _ in both]
        others += [other for _, other in both]
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", records), "jsonl")
        figures = crowds.Figures(company, "labels", "--by", "author", task="places")
    same(figures.confusion("r0", "r1"), crowds.counted(zip(ones, others)), "boxes as SciPy pairs them")
    figures.near("cohen-kappa", crowds.cohen(ones, others), EXACT, "boxes", "r0", "r1")
    table = {("r0", f"{n}"): str(o) for n, o in enumerate(ones)} | {("r1", f"{n}"): str(o) for n, o in enumerate(others)}
    figures.near("krippendorff-alpha", crowds.alpha(table), EXACT, "boxes")
    figures.near("fleiss-kappa", crowds.fleiss(table), EXACT, "boxes")
    print(f"boxes: {len(records)} labels of two raters, {len(ones)} units, as SciPy pairs them")


def share(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0, width) * max(0, height)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def edges():
    """Where libraries give 1, NaN or an exception, there is a reason."""
    cases = {
        "one category only": {("a", "u"): "x", ("b", "u"): "x", ("a", "v"): "x", ("b", "v"): "x"},
        "no item has two raters": {("a", "u"): "x", ("b", "v"): "y"},
    }
    for why, said in cases.items():
        with home() as (company, path):
            company.bring("labels", crowds.write(path / "in.jsonl", crowds.whole(said)), "jsonl")
            figures = crowds.Figures(company, "labels", "--by", "author")
            for measure in ("fleiss-kappa", "gwet-ac1", "krippendorff-alpha"):
                figures.none(measure, why, why)
            if why == "one category only":
                figures.near("percent", 1, 0, why)
                figures.none("cohen-kappa", why, why, "a", "b")
            found = company.run("consensus", "labels", "--by", "author", "--method", "dawid-skene")
            same([w["task"] for w in found["without"]], ["items"], f"{why}: no model")
            expect(why in found["without"][0]["why"], f"{why}: {found['without']}")
    with home() as (company, _):
        same(company.run("agreement", "labels")["measures"], [], "an empty dataset has no figures")
        same(company.run("consensus", "labels", "--method", "majority")["items"], [], "and no consensus")
        for words in (["--against", "nobody"], ["--class", "none"]):
            refused = company.attempt("agreement", "labels", *words)
            same(refused.returncode, 1, f"{words}: {refused.stderr}")
    print("edge cases: reasons, and no number")


def label_errors():
    """Labels that a model's predictions speak against: cleanlab's list, in its order."""
    import numpy
    from cleanlab.filter import find_label_issues

    chance = random.Random(21)
    names = ["cut", "open", "short", "wet"]
    records, labels, rows = [], [], []
    for number in range(200):
        truth = chance.randrange(4)
        weights = [chance.random() * (4 if place == truth else 1) for place in range(4)]
        row = [round(weight / sum(weights), 9) for weight in weights]
        given = chance.randrange(4) if chance.random() < 0.15 else truth
        item = f"i{number:03}"
        records.append({"kind": "annotation", "item": item, "class": names[given],
                        "selector": {"kind": "wholeItem"}, "source": "human"})
        records += [{"kind": "annotation", "item": item, "class": name, "selector": {"kind": "wholeItem"},
                     "source": "model:net@1", "confidence": sure} for name, sure in zip(names, row)]
        labels.append(given)
        rows.append(row)
    wanted = find_label_issues(numpy.array(labels), numpy.array(rows), filter_by="confident_learning",
                               return_indices_ranked_by="self_confidence", n_jobs=1)
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", records), "jsonl")
        found = company.run("label-errors", "labels", "--limit", "1000")
    same([label["item"] for label in found["labels"]], [f"i{place:03}" for place in wanted], "label errors")
    same(found["compared"], 200, "label errors: all labels have a prediction")
    print(f"label errors: the {len(wanted)} candidates of cleanlab in 200 labels, in its order")


def examined():
    """Two companies: nothing is a judgement only where a company says that it has looked."""
    box = {"kind": "box", "x": 1, "y": 1, "width": 9, "height": 9}
    with network("labels") as both:
        oem, tier = both.companies
        records = [{"kind": "item", "item": f"{n}.png", "fields": {}} for n in range(5)]
        records += [{"kind": "annotation", "item": f"{n}.png", "class": "short", "selector": box} for n in range(3)]
        oem.bring(both.dataset, crowds.write(both.path / "oem.jsonl", records), "jsonl")
        both.sync()
        theirs = [{"kind": "annotation", "item": "0.png", "class": "open", "selector": box}]
        tier.bring(both.dataset, crowds.write(both.path / "tier.jsonl", theirs), "jsonl")
        # 1: looked and found nothing; 2: not looked; 3: both looked and found nothing; 4: one has looked.
        tier.run("examined", both.dataset, "1.png", "3.png", "4.png")
        oem.run("examined", both.dataset, "3.png")
        both.sync()
        both.agree()
        said = [crowds.Figures(c, both.dataset, task="places") for c in both.companies]
        same(said[0].document, said[1].document, "both nodes print the same digits")
        same(said[0].confusion(*sorted([oem.origin, tier.origin])),
             {("short", "open"): 1, ("short", None): 1, (None, None): 1}, "who has looked and found what")
        named = tier.run("agreement", both.dataset, "--against", oem.origin)
        recall = [r for r in named["measures"] if r["measure"] == "recall" and r["class"] is None]
        same([(r["value"], r["items"]) for r in recall], [(0, 3)], "recall where both have looked")
        found = oem.run("consensus", both.dataset, "--method", "majority")
        tied = {i["item"]: i["tied"] for i in found["items"] if i["tied"]}
        same(tied, {"0.png": ["open", "short"], "1.png": [None, "short"]}, "ties are named")
    print("examined: nothing found, not looked, and nothing on either side")


# MARK: Real data


def vendors():
    data = sample("vendors-crowd")
    if not data:
        return
    for name in ("CF", "CF_amt"):
        with open(data / f"{name}.csv", encoding="utf-8") as file:
            said = {(r["worker"], r["item"]): r["label"] for r in csv.DictReader(file)}
        with home() as (company, path):
            company.bring("labels", crowds.write(path / "in.jsonl", crowds.whole(said)), "jsonl")
            # Of a hundred thousand pairs those that share most are listed; some of these are compared.
            listed = company.run("agreement", "labels", "--by", "author", "--measure", "fleiss-kappa")
            pairs = sorted({(c["a"], c["b"]) for c in listed["confusion"]})
            same((len(pairs), listed["pairsLeftOut"] > 0), (1000, True), "the pairs that share most")
            # The kappa of each pair of the smaller one: resampling a thousand pairs takes a minute in a debug build.
            few = [] if name == "CF" else ["--measure", "krippendorff-alpha", "fleiss-kappa", "gwet-ac1"]
            compare(company, "labels", said, f"vendors-crowd {name}", *few, pairs=random.Random(1).sample(pairs, 60))
            compare_consensus(company, "labels", said, f"vendors-crowd {name}")


def reviewers():
    data = sample("qa-label-errors")
    if not data:
        return
    said = {}
    for item in json.loads((data / "cifar10_mturk.json").read_text("utf-8")):
        votes = [vote for vote, count in item["mturk"].items() for _ in range(count)]
        # Who cast which vote is not known: a unit's votes are those of its first raters, in turn.
        for number, vote in enumerate(votes):
            said[f"reviewer {(number + item['id']) % len(votes)}", f"{item['id']}.png"] = vote
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", crowds.whole(said)), "jsonl")
        compare(company, "labels", said, "qa-label-errors")
        compare_consensus(company, "labels", said, "qa-label-errors")


def changepoints():
    """A row that somebody marked is a unit for all who have looked at its series."""
    data = sample("changepoints-tcpd")
    if not data:
        return
    marks = json.loads((data / "annotations.json").read_text("utf-8"))
    said = {}
    for series, people in marks.items():
        for row in sorted({row for rows in people.values() for row in rows}):
            for person, rows in people.items():
                said[person, f"{series} {row:06}"] = "change point" if row in rows else "-"
    with home() as (company, _):
        company.bring("labels", data / "annotations.json", "tcpd")
        figures = crowds.Figures(company, "labels", "--by", "author", task="places")
        figures.near("krippendorff-alpha", crowds.alpha(said), EXACT, "changepoints-tcpd")
        for measure, wanted in crowds.gwet(said).items():
            figures.near(measure, wanted, ROUNDED, "changepoints-tcpd")
    print(f"changepoints-tcpd: {len(said)} judgements of {len(crowds.units_of(said))} rows")


def nodules():
    """Ratings of the same nodules on ordinal scales, by those whose outlines lie upon each other."""
    data = sample("raters-lidc")
    if not data:
        return
    scans = json.loads((data / "lidc_annotations.json").read_text("utf-8"))
    records, outlines, ratings = [], [], {}
    for scan in scans:
        clusters = []
        for annotation in scan["annotations"]:
            points = [(c["z_mm"], *p) for c in annotation["contours"] for p in c["points_row_col"]]
            bounds = [(min(axis), max(axis)) for axis in zip(*points)]
            for cluster in clusters:
                if all(a[0] <= b[1] and b[0] <= a[1] for a, b in zip(cluster[0], bounds)):
                    cluster.append(bounds)
                    break
            else:
                cluster = [bounds]
                clusters.append(cluster)
            nodule, rater = f"{scan['scan']}/{clusters.index(cluster)}", f"rater {len(cluster)}"
            records.append({"kind": "annotation", "item": nodule, "class": "nodule", "author": rater,
                            "selector": {"kind": "wholeItem"}, "attributes": annotation["ratings"]})
            for name, value in annotation["ratings"].items():
                ratings.setdefault(name, {})[rater, nodule] = value
            for contour in annotation["contours"]:
                ring = [n for row, column in contour["points_row_col"] for n in (column, row)]
                if contour["inclusion"] and len(ring) >= 6:
                    outlines.append({"kind": "annotation", "item": f"{scan['scan']}/{contour['slice']}",
                                     "class": "nodule", "author": rater,
                                     "selector": {"kind": "polygon", "parts": [[ring]]}})
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", records), "jsonl")
        compared = 0
        for name, said in ratings.items():
            for level in ("nominal", "ordinal", "interval", "ratio"):
                figures = crowds.Figures(company, "labels", "--by", "author", "--field", name, "--level", level,
                                         "--measure", "krippendorff-alpha")
                paired = [u for u in crowds.units_of(said) if sum(unit == u for _, unit in said) > 1]
                if len({v for (_, unit), v in said.items() if unit in paired}) == 1:
                    figures.none("krippendorff-alpha", "one category only", name)
                    continue
                figures.near("krippendorff-alpha", crowds.alpha(said, level), EXACT, f"raters-lidc {name}, {level}")
                compared += 1
    with home() as (company, path):
        company.bring("labels", crowds.write(path / "in.jsonl", outlines), "jsonl")
        loose, strict = (crowds.Figures(company, "labels", "--by", "author", "--iou", iou, task="places")
                         for iou in ("0.1", "0.9"))
        expect(loose.row("percent")["value"] > strict.row("percent")["value"] > 0,
               "outlines agree the less, the nearer they have to be")
    print(f"raters-lidc: {len(ratings)} ratings at four levels, {compared} alphas; "
          f"{len(outlines)} outlines, agreement {loose.row('percent')['value']:.3f} at an overlap of 0.1, "
          f"{strict.row('percent')['value']:.3f} at 0.9")


CHECKS = [textbook, crowd, against, boxes, edges, label_errors, examined, vendors, reviewers, changepoints, nodules]


def main():
    wanted = sys.argv[1:]
    for check in CHECKS:
        if not wanted or check.__name__ in wanted:
            check()
    for name in SKIPPED:
        print(f"SKIPPED: no sample {name} beside the project", file=sys.stderr)
    print("the figures are those of the libraries")


main()
