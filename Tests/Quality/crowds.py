"""Judgements as rows of raters, label files made of them, and the figures that public libraries give."""

import itertools
import json
import math
import random

from company import expect

NOTHING = None


def made_up(units, raters, categories, seed, missing=0.3):
    """Judgements by rater and unit; each rater errs at its own rate."""
    chance = random.Random(seed)
    truth = [chance.randrange(categories) for _ in range(units)]
    found = {}
    for rater in range(raters):
        for unit in range(units):
            if chance.random() < missing:
                continue
            errs = chance.random() < 0.1 + 0.12 * rater
            found[f"r{rater}", f"u{unit:03}"] = f"c{chance.randrange(categories) if errs else truth[unit]}"
    return found


def whole(judgements, **more):
    """Records of classes of whole items, one author each."""
    return [{"kind": "annotation", "item": unit, "class": said, "author": rater,
             "selector": {"kind": "wholeItem"}, **more} for (rater, unit), said in judgements.items()]


def fields(judgements, name):
    """Records whose attribute is the judgement."""
    return [{"kind": "annotation", "item": unit, "class": "thing", "author": rater,
             "selector": {"kind": "wholeItem"}, "attributes": {name: value}}
            for (rater, unit), value in judgements.items()]


def write(path, records):
    path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    return path


def raters_of(judgements):
    return sorted({rater for rater, _ in judgements})


def units_of(judgements):
    return sorted({unit for _, unit in judgements})


def matrix(judgements):
    """Numbers by rater and unit, NaN where there is none; categories as numbers in the order of their names."""
    import numpy

    names = sorted(set(judgements.values()))
    numbers = {name: (name if isinstance(name, (int, float)) else place) for place, name in enumerate(names)}
    raters, units = raters_of(judgements), units_of(judgements)
    rows = numpy.full((len(raters), len(units)), numpy.nan)
    places = {unit: place for place, unit in enumerate(units)}
    for (rater, unit), said in judgements.items():
        rows[raters.index(rater), places[unit]] = numbers[said]
    return rows


# MARK: What libraries say


def alpha(judgements, level="nominal"):
    import krippendorff

    return float(krippendorff.alpha(reliability_data=matrix(judgements), level_of_measurement=level))


def gwet(judgements):
    """Percent, Fleiss and AC1 by irrCAC, which rounds to five digits."""
    import pandas
    from irrCAC.raw import CAC

    table = CAC(pandas.DataFrame(matrix(judgements).T))
    fleiss, ac1 = table.fleiss()["est"], table.gwet()["est"]
    return {"percent": fleiss["pa"], "fleiss-kappa": fleiss["coefficient_value"],
            "gwet-ac1": ac1["coefficient_value"]}


def fleiss(judgements):
    """Fleiss by statsmodels, for judgements of which none is missing."""
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    return float(fleiss_kappa(aggregate_raters(matrix(judgements).T.astype(int))[0]))


def shared(judgements, one, other):
    """What two raters said of the units that both judged."""
    units = [u for u in units_of(judgements) if (one, u) in judgements and (other, u) in judgements]
    return [judgements[one, u] for u in units], [judgements[other, u] for u in units]


def cohen(ones, others):
    from sklearn.metrics import cohen_kappa_score

    names = sorted(set(ones) | set(others), key=str)
    return float(cohen_kappa_score([names.index(o) for o in ones], [names.index(o) for o in others]))


def frame(judgements):
    import pandas

    rows = [(unit, rater, said) for (rater, unit), said in sorted(judgements.items())]
    return pandas.DataFrame(rows, columns=["task", "worker", "label"])


def dawid_skene(judgements, iterations):
    """The probabilities by unit after so many turns, by crowd-kit."""
    from crowdkit.aggregation import DawidSkene

    model = DawidSkene(n_iter=iterations, tol=-math.inf).fit(frame(judgements))
    return model.probas_


def majority(judgements):
    from crowdkit.aggregation import MajorityVote

    return MajorityVote().fit_predict_proba(frame(judgements))


# MARK: What countermark says


class Figures:
    """The document of `agreement`, by measure and raters."""

    def __init__(self, company, dataset, *options, task="items"):
        self.document = company.run("agreement", dataset, *options)
        self.task = task
        self.rows = {(r["measure"], tuple(r["raters"]), r["class"]): r
                     for r in self.document["measures"] if r["task"] == task and r["pairs"] is None}

    def row(self, measure, *raters, name=None):
        return self.rows[measure, tuple(raters), name]

    def near(self, measure, wanted, tolerance, what, *raters, name=None):
        """A figure is what a library says, lies in its interval or near it, and says what it was made from."""
        row = self.row(measure, *raters, name=name)
        expect(row["value"] is not None and abs(row["value"] - wanted) <= tolerance,
               f"{what}: {measure} {raters} {name or ''} is {row['value']} ({row['why']}), not {wanted}")
        expect(row["why"] is None and row["items"] > 0, f"{what}: {measure} has counts and no reason: {row}")
        if row["low"] is not None:
            expect(row["low"] <= row["high"], f"{what}: {measure} has an interval: {row}")

    def none(self, measure, why, what, *raters):
        row = self.row(measure, *raters)
        expect(row["value"] is None and row["low"] is None and why in row["why"],
               f"{what}: {measure} has no value, since {why}: {row}")

    def confusion(self, one, other):
        """How often one said a class and the other another one."""
        return {(c["class"], c["other"]): c["count"] for c in self.document["confusion"]
                if (c["a"], c["b"], c["task"]) == (one, other, self.task)}


def counted(pairs):
    """How often each pair comes."""
    found = {}
    for pair in pairs:
        found[pair] = found.get(pair, 0) + 1
    return found


def pairs_of(raters):
    return itertools.combinations(sorted(raters), 2)
