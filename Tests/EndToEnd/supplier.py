"""What the checks of two companies share: a manufacturer's dataset that its supplier joins."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

import patience  # noqa: E402
from company import Company, free_port  # noqa: E402, F401

OEM, TIER = "oem.example", "tier.example"


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def introduce(oem, tier, folder, port, name):
    """Makes the supplier's home, pins both roots, and lets it join the dataset as a reviewer."""
    tier.run("init", "--org", TIER, "--name", "The supplier")
    for company in [oem, tier]:
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    oem.run("partner", "add", TIER, "--root", str(folder / f"{TIER}.pem"))
    tier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"),
             "--url", f"https://127.0.0.1:{port}")
    oem.run("member", "set", name, TIER, "--role", "reviewer")
    dataset = f"{OEM}/{name}"
    joins(tier, dataset)


def joins(company, dataset):
    """Joins as soon as the steward's node, which looks at its pins from time to time, lets the company in."""
    patience.until(
        lambda: company.attempt("dataset", "join", dataset).returncode == 0,
        f"{company.origin} joins {dataset}")
