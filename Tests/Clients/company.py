"""What the checks share: companies, their nodes, and comparing label sets with what a client read.

A check fails by `expect`, with a sentence. What a client has read is noted by `record`, from which
`Docs/Formats.md` is made.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTED = ROOT / ".build" / "clients.jsonl"
PROGRAM = os.environ.get("COUNTERMARK", str(ROOT / ".build" / "debug" / "countermark"))
OEM, TIER = "oem.example", "tier.example"


def _example():
    """The example's module of the same name: a home and its node."""
    path = ROOT / "Examples" / "three-companies" / "company.py"
    # For what it imports; at the end, because this module has its name.
    sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location("three_companies", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_three = _example()
free_port, say = _three.free_port, _three.say


class Company(_three.Company):
    """One company: its home, its node while it serves, and its label sets as plain data."""

    def export(self, dataset, form, path, *options):
        """Writes an export and returns where it is; `report` is what the program says about it."""
        self.report = self.run("export", dataset, "--format", form, "-o", str(path), *options)
        return pathlib.Path(path)

    def records(self, dataset, *options):
        """All records of the label set, as the jsonl format writes them."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "all.jsonl"
            self.run("export", dataset, "--format", "jsonl", "-o", str(path), *options)
            return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def labels(self, dataset, *options):
        return [r for r in self.records(dataset, *options) if r["kind"] == "annotation"]

    def items(self, dataset, *options):
        """The fields of the items by their keys."""
        found = self.records(dataset, *options)
        return {r["item"]: r.get("fields", {}) for r in found if r["kind"] == "item"}

    def state(self, dataset):
        """What `status` says about one dataset: digest, counts, logs."""
        return self.run("status", dataset)["datasets"][0]

    def conflicts(self, dataset):
        return self.run("conflicts", dataset)["conflicts"]

    def bring(self, dataset, path, form, *options):
        """Imports a file or folder; nothing may be skipped."""
        report = self.run("import", dataset, str(path), "--format", form, *options)
        expect(report["skippedCount"] == 0, f"{form} skips nothing of {path}: {report['skipped']}")
        return report


# MARK: Homes and networks


@contextlib.contextmanager
def folder():
    """A folder of this check's own; it stays where a check fails."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="countermark-clients-"))
    try:
        yield path
    except BaseException:
        print(f"kept for a look: {path}", file=sys.stderr)
        raise
    shutil.rmtree(path)


@contextlib.contextmanager
def home(dataset="labels", origin=OEM):
    """One company with an empty dataset, and its folder."""
    with folder() as path:
        company = Company(PROGRAM, path, origin)
        company.run("init", "--org", origin, "--name", origin)
        company.run("dataset", "create", dataset, "--title", dataset)
        yield company, path


class Network:
    """A steward whose node serves, and partners that dial it over mutual TLS."""

    def __init__(self, path, name, companies):
        self.path, self.dataset = path, f"{companies[0].origin}/{name}"
        self.companies, self.steward, self.partners = companies, companies[0], companies[1:]

    def sync(self):
        """Twice: what the second partner pushes reaches the first with its next sync."""
        for _ in range(2):
            for partner in self.partners:
                for contact in partner.run("sync")["partners"]:
                    expect(not contact.get("error"), f"{partner.origin} syncs: {contact}")

    def agree(self):
        """All nodes hold the same label set; returns what the steward's says about it."""
        states = {c.origin: c.state(self.dataset) for c in self.companies}
        digests = {origin: state["digest"] for origin, state in states.items()}
        expect(len(set(digests.values())) == 1, f"every node has the same digest: {digests}")
        return states[self.steward.origin]


@contextlib.contextmanager
def network(name, *origins, role="reviewer"):
    """Companies that know each other by pinned roots and take part in one dataset.

    The first is the steward; by default they are OEM and TIER.
    """
    with folder() as path:
        companies = [Company(PROGRAM, path, origin) for origin in origins or (OEM, TIER)]
        steward, partners = companies[0], companies[1:]
        port = free_port()
        for company in companies:
            company.run("init", "--org", company.origin, "--name", company.origin)
            (path / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
        steward.run("dataset", "create", name, "--title", name)
        for partner in partners:
            steward.run("partner", "add", partner.origin, "--root", str(path / f"{partner.origin}.pem"))
            partner.run("partner", "add", steward.origin, "--root", str(path / f"{steward.origin}.pem"),
                        "--url", f"https://127.0.0.1:{port}")
            steward.run("member", "set", name, partner.origin, "--role", role)
        try:
            steward.serve(port, path / "node.log")
            both = Network(path, name, companies)
            for partner in partners:
                partner.run("dataset", "join", both.dataset)
            yield both
        finally:
            steward.stop()


# MARK: Real data


def shared(*names):
    """A folder of the public samples beside the project; where it is absent the check ends, loudly."""
    found = [ROOT.parent / "shared" / "data" / name for name in names]
    missing = [path.name for path in found if not path.is_dir()]
    if missing:
        print(f"SKIPPED: {pathlib.Path(sys.argv[0]).name}: no sample {', '.join(missing)} beside the project")
        sys.exit(0)
    return found[0] if len(found) == 1 else found


# MARK: Comparing


def expect(holds, what):
    """Ends the check, with a sentence, unless something holds."""
    if not holds:
        sys.exit(f"FAILED: {what}")


def same(found, wanted, what):
    """Two values are equal: counts, classes, names."""
    expect(found == wanted, f"{what}: {found!r} instead of {wanted!r}")


def close(found, wanted, tolerance, what):
    """Two flat sequences of numbers differ nowhere by more than the tolerance (absolute)."""
    found, wanted = [float(n) for n in found], [float(n) for n in wanted]
    same(len(found), len(wanted), f"{what}: how many numbers")
    for place, (a, b) in enumerate(zip(found, wanted)):
        expect(math.isclose(a, b, rel_tol=0, abs_tol=tolerance),
               f"{what}: number {place} is {a}, not {b} within {tolerance}")


def box(selector):
    """x, y, width, height of a box."""
    return [selector[name] for name in ("x", "y", "width", "height")]


def record(format, client, version=None, items=0, labels=0, tolerance=None, lossless=None):
    """Notes that a client has read an export, and says so.

    The version is the installed package's where none is given; `tolerance` says how closely figures
    were compared, `lossless` whether what came back by import was the label set that left.
    """
    noted = {
        "format": format, "client": client, "version": version or importlib.metadata.version(client),
        "items": items, "labels": labels, "tolerance": tolerance, "lossless": lossless,
        "test": str(pathlib.Path(sys.argv[0]).resolve().relative_to(ROOT)),
    }
    with open(NOTED, "a", encoding="utf-8") as file:
        file.write(json.dumps(noted) + "\n")
    print(f"{format}: {client} {noted['version']} read {items} items and {labels} labels")


# MARK: There and back

SAID = ("item", "class", "selector", "attributes", "confidence")
KEPT = (*SAID, "source", "author", "externalID")


def plain(records, names=SAID):
    """Labels without what a new home gives anew, as texts that can be compared and counted."""
    return sorted(json.dumps({n: r[n] for n in names if n in r}, sort_keys=True) for r in records)


def round_trips(company, dataset, form, name="export"):
    """Whether the labels come back as they left: without a sidecar, and whole with one."""
    left, answers = company.labels(dataset), {}
    for kind, options, names in [("plain", [], SAID), ("sidecar", ["--sidecar"], KEPT)]:
        with home() as (other, path):
            output = company.export(dataset, form, path / name, *options)
            # Where nothing of a file has a place without the pictures, the import says so and ends with 1.
            other.attempt("import", "labels", str(output), "--format", form)
            answers[kind] = plain(other.labels("labels"), names) == plain(left, names)
    expect(answers["sidecar"], f"{form} with its sidecar brings back what left")
    return answers
