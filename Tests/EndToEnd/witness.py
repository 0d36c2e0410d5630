#!/usr/bin/env python3
"""Partners cosign each other's checkpoints at every sync, and a policy says when a label is witnessed."""

import argparse
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Examples" / "three-companies"))

from company import Company, free_port  # noqa: E402

OEM, TIER, THIRD = "oem.example", "tier.example", "third.example"
DATASET = f"{OEM}/boards"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="countermark-witness-"))


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def log_state(company, origin):
    logs = company.run("status", DATASET)["datasets"][0]["logs"]
    return next(log for log in logs if log["origin"] == origin)


def cosigned_files(*companies):
    """The bytes of all cosigned files, to see that they come to rest."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for company in companies for path in sorted(company.home.rglob("cosigned"))
    }


def key_fails(oem, tier, port):
    """A witness whose key cannot be opened says so to its operator, and to a partner only that it cannot."""
    key = oem.home / "keys" / "witness.key"
    whole = key.read_bytes()
    oem.stop()
    key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    oem.serve(port, FOLDER / "oem-without-key.log")
    tier.run("annotate", DATASET, "d.png", "--class", "open", "--box", "1,2,3,4")
    said = json.dumps(tier.run("sync"))
    check("this node could not do it" in said and not any(
        word in said for word in ["witness.key", str(oem.home), "PEM", "private key"]),
        "of a key that fails a partner learns only that something fails there")
    check("keys/witness.key" in (FOLDER / "oem-without-key.log").read_text(), "its operator learns which key it is")
    key.write_bytes(whole)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    oem, tier, third = [Company(program, FOLDER, origin) for origin in [OEM, TIER, THIRD]]
    port = free_port()
    for company in [oem, tier, third]:
        company.run("init", "--org", company.origin, "--name", company.origin)
        (FOLDER / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    oem.run("dataset", "create", "boards", "--title", "Boards")
    for other in [tier, third]:
        oem.run("partner", "add", other.origin, "--root", str(FOLDER / f"{other.origin}.pem"))
        other.run("partner", "add", OEM, "--root", str(FOLDER / f"{OEM}.pem"),
                  "--url", f"https://127.0.0.1:{port}")
        oem.run("member", "set", "boards", other.origin, "--role", "reviewer")
    label = oem.run("annotate", DATASET, "a.png", "--class", "open", "--box", "1,2,3,4")["id"]
    oem.run("dataset", "witnesses", "boards", "--require", "2")
    bad = oem.attempt("dataset", "witnesses", "boards", "--require", "9")
    check(bad.returncode == 2 and "bad-threshold" in bad.stderr, "a quorum that cannot be is refused")
    check(oem.run("show", label)["witnessed"] == {"met": False, "required": 2, "by": []},
          "nobody has seen the label yet")
    oem.serve(port, FOLDER / "oem.log")
    try:
        tier.run("dataset", "join", DATASET)
        tier.run("annotate", DATASET, "b.png", "--class", "open", "--box", "1,2,3,4")
        for _ in range(2):
            tier.run("sync")
        seen = oem.run("show", label)["witnessed"]
        check(seen["met"] is False and [w["org"] for w in seen["by"]] == [TIER],
              "one witness of two is not enough")
        third.run("dataset", "join", DATASET)
        third.run("annotate", DATASET, "c.png", "--class", "open", "--box", "1,2,3,4")
        for _ in range(2):
            for company in [third, tier]:
                company.run("sync")
        for company in [oem, tier, third]:
            seen = company.run("show", label)["witnessed"]
            check(seen["met"] is True and {w["org"] for w in seen["by"]} == {TIER, THIRD},
                  f"{company.origin} sees that two have cosigned")
            state = log_state(company, OEM)
            check(state["cosignatures"] == 2 and state["witnessed"] == state["size"]
                  and state["cosignedAt"] is not None, "and status says so")
        before = cosigned_files(oem, tier, third)
        for company in [tier, third, tier, third]:
            company.run("sync")
        check(cosigned_files(oem, tier, third) == before, "without news nothing moves")
        partners = {p["org"]: p for p in oem.run("status")["partners"]}
        check(all(partners[o]["state"] == "seen" and partners[o]["lastSeen"] for o in [TIER, THIRD]),
              "the dialled side knows when partners were there")
        for company in [oem, tier, third]:
            check(company.run("verify")["ok"], f"{company.origin} verifies all it holds")
        key_fails(oem, tier, port)
        damaged = next(tier.home.rglob("cosigned"))
        data = bytearray(damaged.read_bytes())
        data[-10] ^= 1
        damaged.write_bytes(data)
        found = tier.attempt("verify")
        check(found.returncode == 1 and "cosign" in found.stdout, "a damaged cosignature is named")
    finally:
        oem.stop()
    shutil.rmtree(FOLDER)
    print("witnesses hold")


if __name__ == "__main__":
    main()
