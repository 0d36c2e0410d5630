"""Makes proofs of labels that two companies changed, and compares what two verifiers say of them.

    labelproof.py PROGRAM FOLDER

Every 50th byte of each proof is also flipped, and both must refuse; each piece is left out, statements are taken
away, moved and replayed, and both must say the same of it. So it is with a release: that a label is in it, that
another is not, and the release by itself with its leaves. Writes FOLDER/artefacts.json for proofcheck.py: the
labels' tlog-proofs and receipts.
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

PROJECT = pathlib.Path(__file__).resolve().parents[2]
ELSEWHERE = PROJECT / "Examples" / "verify-elsewhere"
sys.path[:0] = [str(PROJECT / "Examples" / "three-companies"), str(ELSEWHERE)]

import patience  # noqa: E402
from changeset import ADD_WITNESS  # noqa: E402
from company import Company, free_port  # noqa: E402
from tlog import key_id  # noqa: E402
from verify import Label  # noqa: E402

OEM, TIER = "oem.example", "tier.example"
DATASET = f"{OEM}/boards"
FIELDS = ["ok", "complete", "completeBy", "org", "signer", "class", "time", "log", "index", "witnesses", "item", "sizes",
          "release"]
RELEASE_FIELDS = ["ok", "dataset", "name", "digest", "root", "labels", "items", "heads", "quorum", "asked",
                  "countersigned", "holds", "withdrawn", "leaves"]


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED: {what}")


def sync(tier):
    for _ in range(2):
        tier.run("sync")


def join(folder, oem, tier, port):
    tier.run("init", "--org", TIER, "--name", "The supplier")
    for company in (oem, tier):
        (folder / f"{company.origin}.pem").write_text(company.run("key", "show")["root"])
    oem.run("partner", "add", TIER, "--root", str(folder / f"{TIER}.pem"))
    url = f"https://127.0.0.1:{port}"
    tier.run("partner", "add", OEM, "--root", str(folder / f"{OEM}.pem"), "--url", url)
    oem.run("member", "set", "boards", TIER, "--role", "annotator")
    patience.until(
        lambda: tier.attempt("dataset", "join", DATASET).returncode == 0, f"{TIER} joins {DATASET}")


def labels(oem, tier):
    """Labels by what happened to them, with the class that each must show."""
    box = ("--class", "open", "--box", "1,2,3,4")
    changed = tier.run("annotate", DATASET, "a.png", *box, "--author", f"kim@{TIER}")["id"]
    contested = tier.run("annotate", DATASET, "c.png", *box)["id"]
    suggested = oem.run("annotate", DATASET, "b.png", *box)["id"]
    pending = oem.run("annotate", DATASET, "d.png", *box)["id"]
    sync(tier)
    oem.run("set", changed, "class=short", "severity=low")
    oem.run("set", contested, "class=short")
    tier.run("set", contested, "class=spur")
    suggestion = tier.run("set", suggested, "class=spur")
    check(suggestion["suggestion"], "an annotator's change to another's label is a suggestion")
    tier.run("set", pending, "class=spur")
    sync(tier)
    tier.run("set", changed, "confidence=0.5")
    oem.run("review", suggestion["id"], "accept")
    sync(tier)
    return {
        "changed": (changed, ["short"]), "contested": (contested, ["short", "spur"]),
        "suggested": (suggested, ["spur"]), "pending": (pending, ["open"]),
    }


def asked(oem, tier, annotation, folder):
    """A label's proof with the word of both companies, and one from before its last change."""
    old, new = folder / "older.proof", folder / "asked.proof"
    tier.run("prove", annotation, "-o", str(old))
    oem.run("set", annotation, "severity=high")
    behind = tier.run("prove", annotation, "-o", str(new), "--ask")
    check(behind["statements"] == [TIER] and behind["asked"][0]["error"],
          f"a partner that holds more says another thing: {behind}")
    sync(tier)
    told = tier.run("prove", annotation, "-o", str(new), "--ask")
    check(told["statements"] == [OEM, TIER] and told["asked"] == [{"org": OEM, "error": None}],
          f"a partner that holds the same says the same: {told}")
    oem.run("set", annotation, "severity=low")
    return old, new


class Verifiers:
    def __init__(self, program, root):
        self.program, self.trust = program, ["--trust", str(root)]
        self.leaves, self.fields = None, FIELDS

    def ours(self, proof):
        command = [self.program, "verify", "--proof", str(proof), *self.trust, "--json"]
        return patience.run(command)

    def elsewhere(self, proof):
        if self.leaves is None:
            return patience.run([sys.executable, str(ELSEWHERE / "verify.py"), str(proof), *self.trust])
        more = ["--leaves", str(self.leaves)] if self.leaves.exists() else []
        return patience.run([sys.executable, str(ELSEWHERE / "release.py"), str(proof), *more, *self.trust])

    def of_release(self, leaves):
        """The same for a release by itself, whose leaves are in a file beside it."""
        other = Verifiers(self.program, self.trust[1])
        other.leaves, other.fields = leaves, RELEASE_FIELDS
        return other

    def agree(self, proof, what, classes):
        found = []
        for done in (self.ours(proof), self.elsewhere(proof)):
            check(done.returncode == 0, f"{what}: {done.stdout}{done.stderr}")
            found.append(json.loads(done.stdout))
        ours, other = found
        for field in FIELDS:
            check(ours[field] == other[field], f"{what}: {field}: {ours[field]}, {other[field]}")
        check(sorted(ours["fields"]["class"]) == classes, f"{what}: {ours['fields']['class']}")
        check(other["classes"] == classes, f"{what}: {other['classes']}")
        check(ours["witnesses"], f"{what}: nobody cosigned")
        return other

    def judge(self, proof, what):
        """The report of a file that both take, or None for one that both refuse."""
        ours, other = self.ours(proof), self.elsewhere(proof)
        check(ours.returncode in (0, 1) and ours.returncode == other.returncode,
              f"{what}: {ours.stdout}{ours.stderr}{other.stdout}{other.stderr}")
        if ours.returncode == 1:
            return None
        ours, other = json.loads(ours.stdout), json.loads(other.stdout)
        for field in self.fields:
            check(ours[field] == other[field], f"{what}: {field}: {ours[field]}, {other[field]}")
        return ours

    def refuse(self, proof, what):
        for done in (self.ours(proof), self.elsewhere(proof)):
            check(done.returncode not in (0, 2) and done.returncode > 0,
                  f"{what}: exit code {done.returncode}: {done.stdout}{done.stderr}")
        check(done.returncode == 1 and done.stderr.count("\n") == 1 and "refused" in done.stderr,
              f"{what} is not refused in one line: {done.stderr}")


def artefacts(company, folder, what, report, label):
    """What proofcheck.py needs to check one label's entry by itself."""
    files = {}
    for form in ("tlog-proof", "receipt"):
        path = folder / f"{what}.{form}"
        company.run("prove", report["annotation"], "-o", str(path), "--format", form)
        files[form] = (path.read_bytes(), (folder / f"{what}.{form}.entry").read_bytes())
    encode = lambda data: base64.b64encode(data).decode()  # noqa: E731
    witness = report["witnesses"][0]
    (public,) = {
        act[1] for piece in label.logs[witness["org"]] for act in piece.changeset.acts(ADD_WITNESS)
    }
    name = witness["org"]
    vkey = f"{name}+{key_id(name, 4, public).hex()}+{encode(bytes([4]) + public)}"
    logs = {log["origin"]: log["vkey"] for log in company.run("status")["datasets"][0]["logs"]}
    certificate = x509.load_pem_x509_certificate(company.run("key", "show")["certificate"].encode())
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    proof, receipt = files["tlog-proof"], files["receipt"]
    return {
        "proof": encode(proof[0]), "entry": encode(proof[1]), "vkey": logs[report["org"]],
        "witnesses": [vkey], "quorum": 1, "time": witness["time"], "index": report["index"],
        "size": report["sizes"][report["org"]],
    }, {
        "receipt": encode(receipt[0]), "entry": encode(receipt[1]), "publicKey": encode(public),
        "kid": encode(certificate.fingerprint(hashes.SHA256())),
        "issuer": company.origin, "subject": report["log"],
    }


def tampered(verifiers, proof, other, older, folder):
    """What is left out, moved or replayed is refused, or shown to be no whole."""
    whole, path = cbor2.loads(proof.read_bytes()), folder / "tampered"

    def judge(what, pieces=whole[3], statements=whole[4]):
        path.write_bytes(cbor2.dumps([*whole[:3], pieces, statements], canonical=True))
        return verifiers.judge(path, what)

    before = judge("the whole")
    check({w["org"] for w in before["completeBy"]} == {OEM, TIER}, "both companies' word")
    alone = judge("without statements", statements=[])
    check(alone and not alone["complete"] and alone["fields"] == before["fields"],
          "without statements it is shown, and not complete")
    refused = 0
    for place, (origin, _, _) in enumerate(whole[3]):
        pieces = whole[3][:place] + whole[3][place + 1 :]
        found = judge(f"without piece {place}", pieces)
        refused += found is None
        check(found is None or found["complete"] and found["fields"] == before["fields"],
              f"without piece {place} of {origin} another label is called complete")
    check(refused >= 4, f"only {refused} of {len(whole[3])} pieces are missed")
    moved = cbor2.loads(other.read_bytes())[4]
    check(judge("the statement of another label", statements=moved) is None, "it is refused")
    check(judge("statements out of order", statements=whole[4][::-1]) is None, "they are refused")
    replayed = judge("an older statement", statements=cbor2.loads(older.read_bytes())[4])
    check(replayed and not replayed["complete"] and any(TIER in n for n in replayed["notes"]),
          f"an older statement holds for its heads only: {replayed}")
    old = verifiers.judge(older, "the older proof")
    check(old["complete"] and old["completeBy"][0]["heads"] != before["completeBy"][0]["heads"],
          "an older proof is whole at its heads, which it names")
    return len(whole[3])


def released(oem, tier):
    """A release that the supplier countersigns, and a label that came later."""
    oem.run("release", "quorum", "boards", "--require", "1")
    oem.run("release", "create", "boards", "v1")
    sync(tier)
    tier.run("release", "countersign", DATASET, "v1")
    late = tier.run("annotate", DATASET, "z.png", "--class", "open", "--box", "1,2,3,4")["id"]
    sync(tier)
    return late


def flipped(verifiers, proof, folder, what, count=9):
    """Some bytes are flipped, the last one among them, and both refuse each."""
    data, damaged = proof.read_bytes(), folder / "damaged"
    for place in range(len(data) - 1, 0, -(len(data) // count)):
        damaged.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        verifiers.refuse(damaged, f"{what} with byte {place} flipped")
    return count


def in_release(verifiers, tier, made, late, folder):
    """Labels that are in the release and that are not, and the release by itself."""
    refused = 0
    for annotation, is_in in ((made["changed"][0], True), (made["contested"][0], True), (late, False)):
        proof = folder / "released.proof"
        tier.run("prove", annotation, "--dataset", DATASET, "--release", "v1", "-o", str(proof))
        said = verifiers.judge(proof, f"{annotation} in the release")["release"]
        check((said["in"], said["holds"], said["countersigned"]) == (is_in, True, [TIER]), f"{annotation}: {said}")
        whole = cbor2.loads(proof.read_bytes())
        path = folder / "tampered"
        for other in ([], whole[5][6][:1] + whole[5][6][:1], [[0, b"\x83\x00\x61a\xa0", []]]):
            path.write_bytes(cbor2.dumps([*whole[:5], [*whole[5][:6], other]], canonical=True))
            verifiers.refuse(path, f"{annotation} with other leaves")
        for place, value in ((0, "v2"), (4, whole[5][4] + 1), (3, bytes(32)), (2, {7: 2})):
            parts = [value if at == place else part for at, part in enumerate(whole[5])]
            path.write_bytes(cbor2.dumps([*whole[:5], parts], canonical=True))
            verifiers.refuse(path, f"{annotation} in another release: part {place}")
            refused += 1
    refused += flipped(verifiers, proof, folder, "a proof that a label is not in a release")
    proof = folder / "v1.release"
    leaves = folder / "v1.release.leaves"
    tier.run("release", "prove", DATASET, "v1", "-o", str(proof))
    alone = verifiers.of_release(leaves)
    said = alone.judge(proof, "the release")
    check((said["holds"], said["leaves"], said["labels"]) == (True, True, len(made)), f"the release: {said}")
    data = leaves.read_bytes()
    for place in range(len(data) - 1, 0, -(len(data) // 5)):
        leaves.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        alone.refuse(proof, f"the release with byte {place} of its leaves flipped")
        refused += 1
    leaves.write_bytes(data + b"\x00")
    alone.refuse(proof, "the release with a leaf too many")
    leaves.unlink()
    check(alone.judge(proof, "the release without leaves")["leaves"] is False, "no leaves, and it says so")
    refused += flipped(alone, proof, folder, "the release")
    # Who leaves the countersignature out has a release that does not hold.
    whole, path = cbor2.loads(proof.read_bytes()), folder / "tampered"
    path.write_bytes(cbor2.dumps([*whole[:2], [p for p in whole[2] if p[0] == OEM], whole[3]], canonical=True))
    said = alone.judge(path, "the release without its countersignature")
    check((said["holds"], said["countersigned"]) == (False, []), f"without its countersignature: {said}")
    return refused


def main():
    program, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    oem, tier = Company(program, folder, OEM), Company(program, folder, TIER)
    port = free_port()
    oem.run("init", "--org", OEM, "--name", "The manufacturer")
    oem.run("dataset", "create", "boards", "--title", "Boards")
    oem.serve(port, folder / "oem.log")
    try:
        join(folder, oem, tier, port)
        made = labels(oem, tier)
        older, both = asked(oem, tier, made["changed"][0], folder)
        sync(tier)
        late = released(oem, tier)
    finally:
        oem.stop()

    verifiers, pairs, refused = Verifiers(program, folder / f"{OEM}.pem"), [], 0
    roots = x509.load_pem_x509_certificates((folder / f"{OEM}.pem").read_bytes())
    for what, (annotation, classes) in made.items():
        proof = folder / f"{what}.proof"
        tier.run("prove", annotation, "-o", str(proof))
        report = verifiers.agree(proof, what, classes)
        data = proof.read_bytes()
        pairs.append(artefacts(tier, folder, what, report, Label(data, roots)))
        damaged = folder / "damaged"
        for place in range(0, len(data), 120) if what in ("changed", "suggested") else []:
            damaged.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            verifiers.refuse(damaged, f"{what} with byte {place} flipped")
            refused += 1
    pieces = tampered(verifiers, both, folder / "pending.proof", older, folder)
    Verifiers(program, folder / f"{TIER}.pem").refuse(proof, "a proof under another root")
    refused += in_release(verifiers, tier, made, late, folder)
    proofs, receipts = zip(*pairs)
    (folder / "artefacts.json").write_text(json.dumps({"proofs": proofs, "receipts": receipts}))
    print(
        f"labelproof: {len(made)} labels and a release said alike by both verifiers; "
        f"{refused + 1} damaged or foreign files refused by both; each of {pieces} pieces left out"
    )


main()
