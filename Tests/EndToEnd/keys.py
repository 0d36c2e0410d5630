#!/usr/bin/env python3
"""Rotates, retires and encrypts keys, and signs as a person, through real processes."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pairing import WAIT, Home, check, failures, free_port, patience

DATASET = "oem.example/boards"


def pair(steward, newcomer, folder, port):
    mail = str(folder / f"{newcomer.org}.txt")
    steward.run("invite", "boards", "--role", "reviewer", "--auto-accept",
                "--url", f"https://127.0.0.1:{port}", "-o", mail)
    newcomer.run("join", mail, "--yes", "--wait", WAIT)


def label(home, item, *more):
    return home.run("annotate", DATASET, item, "--class", "spur", "--box", "1,2,3,4", *more)["id"]


def syncs(steward, other, what):
    """Checks that both come to one label set, as soon as the serving node has seen what changed in its home."""
    patience.until(
        lambda: other.call("sync").returncode == 0 and steward.digest() == other.digest(), what)
    check(True, what)


def rotation(steward, other):
    """Both sides of a connection change their keys while one of them serves."""
    old = [k for k in steward.run("key", "list")["keys"] if k["current"]][0]["fingerprint"]
    new = steward.run("key", "rotate", "--key-type", "p256")["fingerprint"]
    other.run("key", "rotate", "--key-type", "p384")
    label(steward, "a.png")
    label(other, "b.png")
    syncs(steward, other, "after both rotated, they sync without a restart")
    keys = {k["fingerprint"]: k for k in other.run("key", "list")["keys"]}
    check(old != new and keys[new]["retiredAt"] is None and keys[old]["retiredAt"] is not None,
          f"the partner sees the old key retired at {keys[old]['retiredAt']} and the new one in force")
    check([keys[new]["type"], keys[old]["type"]] == ["P-256", "Ed25519"], "ES256 stands beside Ed25519")
    steward.refuses("retiring the key in use", "key-in-use", "key", "retire", new, status=1)
    check(other.run("verify")["ok"] and not other.run("quarantine", DATASET)["entries"],
          "everything verifies and counts")


def people(steward, other, folder):
    """A person's certificate signs; the node carries."""
    issued = other.run("key", "issue-person", "--email", "anna@tier1.example", "-o", str(folder))
    sign = ["--sign-cert", issued["certificate"], "--sign-key", issued["key"]]
    name = label(other, "c.png", *sign)
    other.run("sync")
    newest = [e for e in steward.run("history", DATASET, "--org", "tier1.example")["entries"]
              if e["signerName"] == "anna@tier1.example"]
    check(len(newest) == 1 and newest[0]["author"] == "anna@tier1.example",
          f"the partner's history names who signed {name}")
    other.refuses("a person of another company", "signing", "key", "issue-person", "--email",
                  "eve@oem.example", "-o", str(folder), status=1)
    theirs = steward.run("key", "issue-person", "--email", "otto@oem.example", "-o", str(folder))
    other.refuses("another company's certificate", "signing", "annotate", DATASET, "d.png", "--class",
                  "spur", "--sign-cert", theirs["certificate"], "--sign-key", theirs["key"], status=1)
    before = other.digest()
    other.run("key", "retire", issued["fingerprint"], "--dataset", DATASET)
    other.refuses("a retired person", "key-retired", "annotate", DATASET, "e.png", "--class", "spur",
                  *sign, status=1)
    other.run("sync")
    check(steward.digest() == other.digest() == before, "and changes no label set")


def encrypted(program, folder):
    """Key files with a passphrase."""
    os.environ["COUNTERMARK_PASSPHRASE"] = "correct horse"
    home = object.__new__(Home)
    home.program, home.org, home.path = program, "tier5.example", str(folder / "tier5.example")
    home.run("init", "--org", home.org, "--name", "x", "--encrypt-keys")
    home.run("dataset", "create", "own", "--title", "Own")
    keys = [p for p in pathlib.Path(home.path, "keys").iterdir() if p.name in (
        "ca.key", "node.key", "log.key")]
    check(len(keys) == 3 and all("ENCRYPTED" in p.read_text() and p.stat().st_mode & 0o77 == 0
                                 for p in keys), "the key files are encrypted and private")
    write = ["annotate", "own", "a.png", "--class", "spur"]
    home.run("key", "rotate")
    check("ENCRYPTED" in pathlib.Path(home.path, "keys/node.key").read_text(),
          "a rotated key is encrypted too")
    os.environ["COUNTERMARK_PASSPHRASE"] = "wrong"
    home.refuses("a wrong passphrase", "wrong-passphrase", *write, status=1)
    del os.environ["COUNTERMARK_PASSPHRASE"]
    home.refuses("no passphrase", "passphrase-needed", *write, status=1)
    secret = folder / "secret"
    secret.write_text("correct horse\n")
    home.run(*write, "--passphrase-file", str(secret))
    check(home.run("verify", "own")["ok"], "the file's first line opens the keys")


def own_pki(program, folder):
    """root → intermediate → node → person, from the plain openssl tool."""
    pki = folder / "pki"
    script = pathlib.Path(__file__).resolve().parents[2] / "Certs" / "issue.sh"
    done = subprocess.run(["sh", str(script), "tier6.example", str(pki)], capture_output=True,
                          text=True, env={**os.environ, "INTERMEDIATE": "1"})
    if done.returncode != 0:
        return check(False, f"Certs/issue.sh: {done.stderr}")
    home = object.__new__(Home)
    home.program, home.org, home.path = program, "tier6.example", str(folder / "tier6.example")
    home.run("init", "--org", home.org, "--name", "x", "--ca-cert", str(pki / "issuing.pem"), "--ca-key",
             str(pki / "issuing.key"), "--ca-chain", str(pki / "root.pem"))
    return home


def revocation(steward, pki, folder):
    """A partner's list names its node: connections end; without the name they go on."""
    ca = folder / "pki"
    (ca / "index.txt").write_text("")
    (ca / "number").write_text("01\n")
    (ca / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=a\n[a]\ndatabase={ca}/index.txt\ncrlnumber={ca}/number\n"
        f"certificate={ca}/issuing.pem\nprivate_key={ca}/issuing.key\ndefault_md=sha256\n"
        "default_crl_days=30\n")

    def publish():
        out = str(ca / "list.pem")
        subprocess.run(["openssl", "ca", "-config", str(ca / "ca.cnf"), "-gencrl", "-out", out],
                       check=True, capture_output=True)
        steward.run("partner", "crl", pki.org, out)

    def sees(status, what):
        patience.until(lambda: pki.call("sync").returncode == status, what)
        check(True, what)

    publish()
    sees(0, "a list that does not name the partner's node lets it in")
    leaf = pathlib.Path(pki.path, "trust/own.pem")
    subprocess.run(["openssl", "ca", "-config", str(ca / "ca.cnf"), "-revoke", str(leaf)],
                   check=True, capture_output=True)
    publish()
    sees(4, "a node that its company's list names is refused")
    # Only now is it sure that lists are read at all.
    (ca / "index.txt").write_text("")
    publish()
    sees(0, "a newer list that does not name it lets it in again")
    steward.run("partner", "crl", pki.org, "--remove")
    sees(0, "without lists nothing is revoked")


def security_module(program, folder):
    """The node's key in SoftHSM: it signs changesets and opens TLS, and never leaves the module."""
    module = "/usr/lib/softhsm/libsofthsm2.so"
    if not (shutil.which("softhsm2-util") and os.path.exists(module)):
        return print("SKIPPED  a key in a security module: softhsm2 is not installed")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    key = str(folder / "module.pem")
    for command in [
        ["softhsm2-util", "--init-token", "--free", "--label", "t", "--pin", "1234", "--so-pin", "5678"],
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
        ["softhsm2-util", "--import", key, "--token", "t", "--label", "node", "--id", "01", "--pin", "1234"],
    ]:
        subprocess.run(command, check=True, capture_output=True)
    uri = f"pkcs11:token=t;object=node;type=private?module-path={module}"
    home = object.__new__(Home)
    home.program, home.org, home.path = program, "tier7.example", str(folder / "tier7.example")
    first = ["init", "--org", home.org, "--name", "x", "--node-key", uri]
    os.environ["COUNTERMARK_PIN"] = "0000"
    home.refuses("a wrong PIN", "key-not-reached", *first, status=1)
    os.environ["COUNTERMARK_PIN"] = "1234"
    home.run(*first)
    check(pathlib.Path(home.path, "keys/node.key").read_text().splitlines()[-1].startswith("pkcs11:"),
          "the home holds the key's name, not the key")
    return home


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    program = os.path.abspath(parser.parse_args().program)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        steward = Home(program, folder, "oem.example")
        steward.run("dataset", "create", "boards", "--title", "Boards")
        other = Home(program, folder, "tier1.example")
        port = free_port()
        with steward.serving(port):
            pair(steward, other, folder, port)
            rotation(steward, other)
            people(steward, other, folder)
            pki = own_pki(program, folder)
            if pki:
                pair(steward, pki, folder, port)
                issued = pki.run("key", "issue-person", "--email", "p@tier6.example", "-o", name,
                                 "--ca-key", str(folder / "pki/issuing.key"))
                label(pki, "f.png", "--sign-cert", issued["certificate"], "--sign-key", issued["key"])
                pki.run("key", "rotate", "--ca-key", str(folder / "pki/issuing.key"))
                what = "a company with an intermediate authority pairs, signs, rotates and syncs"
                syncs(steward, pki, what)
                check(pki.run("verify")["ok"], "and verifies all it holds")
                revocation(steward, pki, folder)
            module = security_module(program, folder)
            if module:
                pair(steward, module, folder, port)
                label(module, "g.png")
                module.run("sync")
                check(steward.digest() == module.digest() and module.run("verify")["ok"],
                      "a key in a security module pairs, signs and syncs")
        encrypted(program, folder)
    print(f"{len(failures)} failed" if failures else "keys hold")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
