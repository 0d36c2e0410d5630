"""Checks proof files and COSE receipts with implementations that share no code with this project:
proofbundle for C2SP tlog-proof with its witnesses, cwt and cbor2 for RFC 9942.

    proofcheck.py ARTEFACTS.json

Every one must be accepted, and every damaged copy of it refused. Exits with 0 if all holds and with 3
if not; anything else is a fault of its own.
"""

import base64
import hashlib
import json
import pathlib
import sys

import cbor2
import cwt
import scitt_cose
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from proofbundle import tlogproof

ALG, KID, CWT_CLAIMS, VDS, VDP = 1, 4, 15, 395, 396
RFC9162_SHA256, INCLUSION = 1, -1
ISS, SUB = 1, 2


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def tlog_proof(text, entry, vkey, witnesses, quorum):
    """The verdict of proofbundle; text that it cannot read at all is refused as well."""
    try:
        return tlogproof.verify_tlog_proof(
            text, entry, vkey, witnesses, threshold=quorum, expected_origin=vkey.split("+", 1)[0]
        )
    except ValueError as error:
        return {"ok": False, "detail": str(error)}


def check_proof(case):
    text = base64.b64decode(case["proof"]).decode()
    entry = base64.b64decode(case["entry"])
    given = (entry, case["vkey"], case["witnesses"], case["quorum"])
    found = tlog_proof(text, *given)
    need(found["ok"], f"proof of {case['index']} in {case['size']}: {found}")
    need(found["index"] == case["index"], "another index")
    need(found["tree_size"] == case["size"], "another size")
    holding = [verdict for verdict in found["witnesses"].values() if verdict["ok"]]
    need(len(holding) == case["quorum"], f"the witnesses {found['witnesses']}")
    time = case.get("time", 1_790_000_000)
    need(all(verdict["timestamp"] == time for verdict in holding), "another time")

    refused = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        # Nothing vouches for extra data.
        if not line or line.startswith("extra "):
            continue
        cut = "\n".join(lines[:number] + lines[number + 1 :])
        middle = len(line) // 2
        other = "A" if line[middle] != "A" else "B"
        changed = "\n".join(
            lines[:number] + [line[:middle] + other + line[middle + 1 :]] + lines[number + 1 :]
        )
        for damaged in (cut, changed):
            need(not tlog_proof(damaged, *given)["ok"], f"line {number} damaged: {damaged}")
            refused += 1
    need(not tlog_proof(text, entry + b"x", *given[1:])["ok"], "another entry")
    need(
        not tlog_proof(text, entry, case["vkey"], case["witnesses"], case["quorum"] + 1)["ok"],
        "more witnesses than signed",
    )
    return refused + 2


def inclusion_root(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    need(index < size, "index beyond size")
    fn, sn, root = index, size - 1, leaf
    for node in path:
        need(isinstance(node, bytes) and len(node) == 32, "a hash of another length")
        need(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            root = hashlib.sha256(b"\x01" + node + root).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = hashlib.sha256(b"\x01" + root + node).digest()
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "the path is too short")
    return root


def cose_key(der, kid):
    public = serialization.load_der_public_key(der)
    if isinstance(public, ed25519.Ed25519PublicKey):
        return cwt.COSEKey.new(
            {1: 1, 2: kid, 3: -8, -1: 6, -2: public.public_bytes_raw(), 4: [2]}
        )
    need(isinstance(public, ec.EllipticCurvePublicKey), "another kind of key")
    curve, algorithm = {256: (1, -7), 384: (2, -35)}[public.key_size]
    numbers, size = public.public_numbers(), public.key_size // 8
    return cwt.COSEKey.new(
        {
            1: 2, 2: kid, 3: algorithm, -1: curve,
            -2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big"), 4: [2],
        }
    )


def receipt_holds(data, entry, key, issuer, subject):
    message = cbor2.loads(data)
    need(isinstance(message, cbor2.CBORTag) and message.tag == 18, "not a tagged COSE_Sign1")
    need(cbor2.dumps(message, canonical=False) == data, "not in the preferred encoding")
    protected, unprotected, payload, _ = message.value
    header = cbor2.loads(protected)
    need(header.get(VDS) == RFC9162_SHA256, "another data structure")
    need(header.get(CWT_CLAIMS, {}).get(ISS) == issuer, "another issuer")
    need(header.get(CWT_CLAIMS, {}).get(SUB) == subject, "another subject")
    need(payload is None, "the root is attached")
    need(list(unprotected) == [VDP] and list(unprotected[VDP]) == [INCLUSION], "no inclusion proof")
    (proof,) = unprotected[VDP][INCLUSION]
    size, index, path = cbor2.loads(proof)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    root = inclusion_root(leaf, index, size, path)
    need(cwt.COSE.new().decode(data, key, detached_payload=root) == root, "another payload")


def receipt_refused(*given):
    try:
        receipt_holds(*given)
    except Exception:  # Whatever a library says about damaged bytes: it did not accept them.
        return True
    return False


def scitt_holds(data, entry, der):
    """Whether scitt-cose, an implementation of RFC 9942, takes a receipt."""
    public = serialization.load_der_public_key(der).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return scitt_cose.verify_receipt(data, leaf_entry_hex=entry.hex(), log_public_key_pem=public.decode())


def check_receipt(case):
    data = base64.b64decode(case["receipt"])
    entry = base64.b64decode(case["entry"])
    der = base64.b64decode(case["publicKey"])
    found = scitt_holds(data, entry, der)
    need(found.ok, f"scitt-cose: {found.failed_at}: {found.errors}")
    need(not scitt_holds(data, entry + b"x", der).ok, "scitt-cose takes another entry")
    kid = base64.b64decode(case["kid"]) if "kid" in case else b"\x01\x02\x03"
    key = cose_key(base64.b64decode(case["publicKey"]), kid)
    given = (key, case["issuer"], case["subject"])
    receipt_holds(data, entry, *given)
    need(receipt_refused(data, entry + b"x", *given), "another entry")
    refused = 1
    # The protected header, the middle of the path, and the signature.
    for place in (8, 20, len(data) // 2, len(data) - 1):
        damaged = bytearray(data)
        damaged[place] ^= 1
        need(receipt_refused(bytes(damaged), entry, *given), f"byte {place} damaged")
        need(not scitt_holds(bytes(damaged), entry, der).ok, f"scitt-cose takes it with byte {place} damaged")
        refused += 1
    return refused


def main():
    artefacts = json.loads(pathlib.Path(sys.argv[1]).read_text())
    need(artefacts["proofs"] and artefacts["receipts"], "nothing to check")
    refused = 0
    for case in artefacts["proofs"]:
        refused += check_proof(case)
    for number, case in enumerate(artefacts["receipts"]):
        try:
            refused += check_receipt(case)
        except Refused as error:
            raise Refused(f"receipt {number}: {error}") from error
    witnessed = sum(1 for case in artefacts["proofs"] if case["quorum"])
    print(
        f"proofcheck: {len(artefacts['proofs'])} proof files by proofbundle, {witnessed} of them with "
        f"witnesses; {len(artefacts['receipts'])} receipts by cwt and scitt-cose; {refused} damaged copies refused"
    )


try:
    main()
except Refused as refusal:
    print(f"proofcheck: refused: {refusal}", file=sys.stderr)
    sys.exit(3)
