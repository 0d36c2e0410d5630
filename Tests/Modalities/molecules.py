"""Molecules: atoms, charges, bonds, groups, the proteins that they bind, and measured activity."""

import csv
import json
from collections import Counter

import pandas
import yaml
from rdkit import Chem
from rdkit.Chem import AllChem

import samples
from company import OEM, TIER, close, expect, network, record, same, shared
from dispute import Dispute, find

LIGANDS, TABLES = shared("molecules-plb", "molecules-tables")
TARGETS = {"tyk2": 13, "cdk2": 10}
RDKIT = "model:rdkit@2026.9.1"


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured():
    """The measurements by ligand, with the unit that each was published in."""
    found = {}
    for target in TARGETS:
        for name, entry in yaml.safe_load((LIGANDS / target / "ligands.yml").read_text()).items():
            found[f"{target}/ligands/{name}"] = (target, entry)
    return found


def computed():
    """Partial charges by atom and functional groups, which a program computed; atoms count from 1 here."""
    records = []
    for target in TARGETS:
        for row in rows(LIGANDS / f"derived/{target}_atom_labels.csv"):
            records.append(samples.label(
                f"{target}/ligands/{row['ligand']}", "atom",
                {"kind": "graph", "elementKind": "atom", "elements": [str(int(row["atom_index"]) + 1)]}, source=RDKIT,
                attributes={"element": row["element"], "PartialCharge": float(row["gasteiger_charge"])}))
        for row in rows(LIGANDS / f"derived/{target}_functional_groups.csv"):
            elements = [str(int(index) + 1) for index in row["atom_indices"].split()]
            records.append(samples.label(
                f"{target}/ligands/{row['ligand']}", row["group"],
                {"kind": "graph", "elementKind": "atom", "elements": elements}, source=RDKIT))
    return records


def assays():
    """What was measured, and what binds to what."""
    records = []
    for key, (target, entry) in measured().items():
        said = entry["measurement"]
        attributes = {"type": {"ki": "Ki", "ic50": "IC50"}[said["type"]], "value": said["value"], "unit": said["unit"],
                      "target": target.upper(), "doi": said.get("doi") or ""}
        if said["error"] > 0:
            attributes["error"] = said["error"]
        records.append(samples.label(key, "activity", {"kind": "wholeItem"}, attributes=attributes))
        records.append(samples.label(key, "binds", {
            "kind": "relation", "relation": "binds", "from": [{"item": key, "role": "ligand"}],
            "to": [{"item": f"{target}/protein.pdb", "role": "target"}]}))
    return records


def ligands():
    """23 ligands of two proteins: a program's labels from one company, measurements from the other."""
    with network("ligands") as net:
        oem, tier = net.companies
        oem.bring(net.dataset, LIGANDS, "sdf")
        items = oem.items(net.dataset)
        same(Counter(key.split("/")[0] for key in items), TARGETS, "ligands by target")
        net.sync()
        program, tests = computed(), assays()
        oem.bring(net.dataset, samples.jsonl(net.path / "computed.jsonl", program), "jsonl")
        tier.run("items", "add", net.dataset, str(pdb(net.path)), "--group-by", "^([^/]+)/")
        tier.bring(net.dataset, samples.jsonl(net.path / "assays.jsonl", tests), "jsonl", "--author", "laboratory")
        net.sync()
        kinds = Counter(r["class"] for r in oem.labels(net.dataset))
        same((kinds["atom"], kinds["activity"], kinds["binds"]), (951, 23, 23), "atoms, measurements, targets")
        same(sum(kinds.values()) - 951 - 46, 408, "functional groups")

        dispute = Dispute(net)
        key = "tyk2/ligands/lig_ejm_31"
        activity = find(oem, net.dataset, **{"class": "activity", "item": key})
        group = next(r["id"] for r in oem.labels(net.dataset) if r["class"] == "fr_C=O" and r["item"] == key)
        dispute.contest(activity, "value", 0.1, 0.12)
        dispute.contest(group, "class", "amide", "carbonyl")
        pose = {"kind": "graph", "elementKind": "bond", "elements": ["1-2"]}
        tier.bring(net.dataset, samples.jsonl(net.path / "bond.jsonl", [
            samples.label(key, "bond", pose, attributes={"rotatable": False})]), "jsonl", "--author", "ben@tier.example")
        same(dispute.agree()["annotations"], len(program) + len(tests) + 1, "labels of both companies")
        dispute.settle(activity, "value", oem, TIER)
        check_ligands(tier, net, key)


def pdb(path):
    """The proteins under their targets, to be registered."""
    for target in TARGETS:
        source = LIGANDS / target / "protein.pdb"
        if source.exists():
            (path / "proteins" / target).mkdir(parents=True)
            (path / "proteins" / target / "protein.pdb").write_bytes(source.read_bytes())
    return path / "proteins"


def check_ligands(company, net, disputed):
    """The export as rdkit reads it: the same molecules, charges by atom, groups and measurements."""
    path = company.export(net.dataset, "sdf", net.path / "out")
    groups = Counter((r["item"], r["class"], tuple(r["selector"]["elements"])) for r in company.labels(net.dataset)
                     if r["selector"]["kind"] == "graph" and r["class"] not in ("atom", "bond"))
    wanted, count, atoms, read = measured(), 0, 0, Counter()
    for target in TARGETS:
        for molecule in Chem.SDMolSupplier(str(path / target / "ligands.sdf"), removeHs=False):
            key = f"{target}/ligands/{molecule.GetProp('_Name')}"
            _, entry = wanted[key]
            stated = Chem.MolFromSmiles(entry["smiles"])
            same(Chem.MolToSmiles(Chem.RemoveHs(molecule)), Chem.MolToSmiles(stated), f"{key}: the molecule")
            fresh = Chem.Mol(molecule)
            AllChem.ComputeGasteigerCharges(fresh)
            close([a.GetDoubleProp("PartialCharge") for a in molecule.GetAtoms()],
                  [a.GetDoubleProp("_GasteigerCharge") for a in fresh.GetAtoms()], 1e-6, f"{key}: partial charges")
            said = entry["measurement"]
            value = 0.12 if key == disputed else said["value"]
            kind = {"ki": "Ki", "ic50": "IC50"}[said["type"]]
            close([float(molecule.GetProp(f"{kind} ({said['unit']})"))], [value], 0, f"{key}: measured, in its own unit")
            same(molecule.GetProp("Target Name"), target.upper(), f"{key}: target")
            for name in molecule.GetPropNames():
                if name.startswith("group."):
                    for line in molecule.GetProp(name).split("\n"):
                        read[key, name.removeprefix("group."), tuple(line.split())] += 1
            count, atoms = count + 1, atoms + molecule.GetNumAtoms()
    same((count, atoms), (23, 951), "molecules and atoms")
    same(read, groups, "functional groups")
    same(company.report["annotations"], 951 + 408 + 23 + 1, "labels in the export; relations have no place there")
    record("sdf", "rdkit", items=count, labels=company.report["annotations"], tolerance=1e-6)


# MARK: Tables


def tox():
    """1,000 compounds in twelve assays; what was not measured is no label, and 0 is one."""
    table = pandas.read_csv(TABLES / "tox21_first1000.csv")
    names = [c for c in table.columns if c not in ("mol_id", "smiles")]
    same((len(table), len(names)), (1000, 12), "compounds and assays")
    compounds = [{"kind": "item", "item": f"tox21/{row.mol_id}", "fields": {"smiles": row.smiles}}
                 for row in table.itertuples()]
    results = [samples.label(f"tox21/{entry['mol_id']}", "activity", {"kind": "wholeItem"}, externalID=f"{entry['mol_id']}/{n}",
                             attributes={"assay": n, "value": int(entry[n])})
               for entry in table.to_dict("records") for n in names if not pandas.isna(entry[n])]
    with network("tox21") as net:
        oem, tier = net.companies
        half = len(results) // 2
        oem.bring(net.dataset, samples.jsonl(net.path / "one.jsonl", compounds + results[:half]), "jsonl")
        net.sync()
        tier.bring(net.dataset, samples.jsonl(net.path / "two.jsonl", results[half:]), "jsonl")
        dispute = Dispute(net)
        doubted = find(oem, net.dataset, externalID=results[0]["externalID"])
        dispute.contest(doubted, "value", 0, 1)
        same(dispute.agree()["annotations"], len(results), "what both laboratories measured")
        dispute.settle(doubted, "value", tier, OEM)

        read = pandas.read_csv(tier.export(net.dataset, "csv", net.path / "tox21.csv"), keep_default_na=False)
        found = read[read.kind == "annotation"]
        said = [(external, json.loads(attributes)) for external, attributes in zip(found.external_id, found.attributes)]
        counts = Counter((a["assay"], a["value"]) for _, a in said)
        wanted = Counter((n, int(v)) for n in names for v in table[n].dropna())
        same(counts, wanted, "results by assay")
        fields = tier.items(net.dataset)
        expect(len(fields) == 1000 and sum(Chem.MolFromSmiles(f["smiles"]) is not None for f in fields.values()) > 990,
               "rdkit reads the structures")
        record("csv", "pandas", items=len(fields), labels=len(found), tolerance=0)


ligands()
tox()
