"""SDF, opened with rdkit: atoms, charges, bonds, values by atom, groups and measured activity."""

from rdkit import Chem
from rdkit.Chem import AllChem, rdPartialCharges

import samples
from company import close, expect, home, record, round_trips, same

SMILES = {"ethanol": "CCO", "glycine": "[NH3+]CC(=O)[O-]", "benzoate": "[O-]C(=O)c1ccccc1", "chiral": "C[C@H](N)C(=O)O"}
# A molfile has four places after the point.
PLACES = 5e-5


def drawn(path):
    """Molecules with coordinates in space and partial charges, as rdkit writes them."""
    molecules = {}
    writer = Chem.SDWriter(str(path))
    for name, smiles in SMILES.items():
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
        AllChem.EmbedMolecule(molecule, randomSeed=7)
        rdPartialCharges.ComputeGasteigerCharges(molecule)
        for atom in molecule.GetAtoms():
            atom.SetDoubleProp("PartialCharge", round(float(atom.GetProp("_GasteigerCharge")), 4))
        Chem.CreateAtomDoublePropertyList(molecule, "PartialCharge")
        molecule.SetProp("_Name", name)
        molecule.SetProp("Target Name", "TYK2")
        molecule.SetProp("Ki (nM)", "41.5")
        writer.write(molecule)
        molecules[name] = molecule
    writer.close()
    return molecules


def check_labels(company, molecules):
    """Our labels say what rdkit knows of the molecules that it wrote."""
    atoms = {}
    for label in company.labels("labels"):
        if label["class"] == "atom":
            (number,) = label["selector"]["elements"]
            atoms[label["item"].split("/")[-1], int(number)] = label["attributes"]
    same(len(atoms), sum(m.GetNumAtoms() for m in molecules.values()), "labels on atoms")
    for (name, number), attributes in atoms.items():
        atom = molecules[name].GetAtomWithIdx(number - 1)
        same(attributes["element"], atom.GetSymbol(), f"{name}: element of atom {number}")
        close([attributes["PartialCharge"]], [atom.GetDoubleProp("PartialCharge")], 0, f"{name}: charge of {number}")
    for key, fields in company.items("labels").items():
        molecule = molecules[key.split("/")[-1]]
        same((fields["atoms"], fields["bonds"]), (molecule.GetNumAtoms(), molecule.GetNumBonds()), f"{key}: counts")


def add(company, folder, molecules):
    """Groups that rdkit finds and a label on a bond, as someone else's labels."""
    records, acid = [], Chem.MolFromSmarts("C(=O)[O;H1,-]")
    for key in company.items("labels"):
        name = key.split("/")[-1]
        for match in molecules[name].GetSubstructMatches(acid):
            elements = [str(index + 1) for index in match]
            records.append(samples.label(key, "carboxyl", {"kind": "graph", "elementKind": "atom", "elements": elements}))
    company.bring("labels", samples.jsonl(folder / "groups.jsonl", records), "jsonl")
    return records


def kekulized(molecule):
    copy = Chem.Mol(molecule)
    Chem.Kekulize(copy, clearAromaticFlags=True)
    return copy


def check_export(path, molecules, groups):
    (file,) = path.rglob("*.sdf")
    supplier = Chem.SDMolSupplier(str(file), removeHs=False)
    same(len(supplier), len(molecules), "molecules in the export")
    for found in supplier:
        name = found.GetProp("_Name")
        wanted = molecules[name]
        same(Chem.MolToSmiles(found), Chem.MolToSmiles(wanted), f"{name}: the molecule, with stereo and charges")
        same([(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), b.GetBondTypeAsDouble()) for b in kekulized(found).GetBonds()],
             [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), b.GetBondTypeAsDouble()) for b in kekulized(wanted).GetBonds()],
             f"{name}: bonds")
        close(found.GetConformer().GetPositions().flatten(), wanted.GetConformer().GetPositions().flatten(), PLACES,
              f"{name}: places of atoms")
        charges = [a.GetDoubleProp("PartialCharge") for a in found.GetAtoms()]
        close(charges, [a.GetDoubleProp("PartialCharge") for a in wanted.GetAtoms()], 0, f"{name}: partial charges")
        same((found.GetProp("Target Name"), found.GetProp("Ki (nM)")), ("TYK2", "41.5"), f"{name}: activity")
        rows = found.GetProp("group.carboxyl").split("\n") if found.HasProp("group.carboxyl") else []
        stated = [r["selector"]["elements"] for r in groups if r["item"].endswith(f"/{name}")]
        same(sorted(row.split() for row in rows), sorted(stated), f"{name}: groups")
    return len(supplier)


def main():
    with home() as (company, folder):
        molecules = drawn(folder / "set.sdf")
        company.bring("labels", folder / "set.sdf", "sdf")
        check_labels(company, molecules)
        groups = add(company, folder, molecules)
        same(len(groups), 3, "carboxyl groups in the set")
        path = company.export("labels", "sdf", folder / "out")
        count = check_export(path, molecules, groups)
        labels = len(company.labels("labels"))
        same(company.report["annotations"], labels, "labels in the export")
        expect(labels > 50, "labels on atoms are among them")
        record("sdf", "rdkit", items=count, labels=labels, tolerance=PLACES,
               lossless=round_trips(company, "labels", "sdf"))


main()
