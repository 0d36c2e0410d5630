"""What every modality goes through: two companies disagree, every node says who says what, one settles it."""

import json

from company import expect, same


def find(company, dataset, **wanted):
    """The one label whose members or attributes are the wanted ones."""
    found = [r for r in company.labels(dataset)
             if all(r.get(n, r.get("attributes", {}).get(n)) == v for n, v in wanted.items())]
    same(len(found), 1, f"one label is {wanted}")
    return found[0]["id"]


class Dispute:
    """Fields that the companies of a network set to different values without knowing of each other."""

    def __init__(self, net):
        self.net, self.values = net, {}

    def contest(self, label, field, *values):
        """Each company writes its value, in the network's order; nobody has synced in between."""
        for company, value in zip(self.net.companies, values, strict=True):
            text = value if isinstance(value, str) else json.dumps(value)
            company.run("set", label, f"{field}={text}")
        self.values[label, field] = self.by_company(values)

    def contest_stage(self, item, stage, *values):
        """The same for a stage of an item: a state and why."""
        for company, value in zip(self.net.companies, values, strict=True):
            words = [word for name, text in value.items() for word in (f"--{name}", text)]
            company.run("stage", "set", self.net.dataset, item, "--stage", stage, *words)
        self.values[item, f"stage.{stage}"] = self.by_company(values)

    def by_company(self, values):
        return dict(zip([c.origin for c in self.net.companies], values))

    def show(self, company, target, field):
        return company.run("show", target, "--dataset", self.net.dataset)["fields"][field]

    def agree(self):
        """After a sync all nodes have one digest and the same conflicts, with who says what."""
        self.net.sync()
        state = self.net.agree()
        for company in self.net.companies:
            found = {}
            for conflict in company.conflicts(self.net.dataset):
                said = {c["org"]: c["value"] for c in conflict["candidates"]}
                found[conflict["annotation"] or conflict["item"], conflict["field"]] = said
            same(found, self.values, f"{company.origin} shows every conflict and who says what")
            for (label, field), said in self.values.items():
                shown = self.show(company, label, field)
                expect(shown["contested"], f"{company.origin} shows {field} of {label} as contested")
                writes = {w["org"]: w["value"] for w in shown["writes"] if not w.get("replaced")}
                same(writes, said, f"{company.origin} shows who wrote {field} of {label}")
        return state

    def settle(self, label, field, company, take):
        """One company takes one's value; after a sync it stands on every node and is no conflict."""
        value = self.values.pop((label, field))[take]
        company.run("resolve", label, "--dataset", self.net.dataset, "--field", field, "--take", take)
        state = self.agree()
        for other in self.net.companies:
            shown = self.show(other, label, field)
            same((shown["value"], shown["contested"]), (value, False), f"{other.origin} shows the settled {field}")
        return state
