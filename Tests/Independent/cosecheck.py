"""Checks every entry of a log with implementations of CBOR, COSE and X.509 that share no code with
this project.

    cosecheck.py FOLDER ORIGIN DATASET ROOT.pem VKEY

Exits with 0 if all holds and with 3 if the log is refused; anything else is a fault of its own. The
tree is not looked at here: tlogcheck does that.
"""

import base64
import datetime
import hashlib
import pathlib
import sys

import cbor2
import cwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ALG, CONTENT_TYPE, CWT_CLAIMS, X5T = 1, 3, 15, 34
ISS, SUB, IAT = 1, 2, 6
SHA256 = -16
EDDSA, ES256, ES384 = -8, -7, -35
ADD_KEY = 24
MEDIA_TYPE = "application/vnd.countermark.changeset+cbor"


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def tile_path(index):
    path = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        path = f"x{index % 1000:03}/{path}"
    return path


def entries(folder):
    """The entries that the checkpoint counts; its signature is checked elsewhere."""
    size = int((folder / "checkpoint").read_text().split("\n")[1])
    for bundle in range((size + 255) // 256):
        width = min(256, size - bundle * 256)
        path = folder / "tile/entries" / tile_path(bundle)
        if width < 256:
            path = path.with_name(f"{path.name}.p") / str(width)
        data, offset, found = path.read_bytes(), 0, 0
        while offset < len(data):
            need(offset + 2 <= len(data), f"{path}: a length is cut")
            end = offset + 2 + int.from_bytes(data[offset : offset + 2], "big")
            need(end <= len(data), f"{path}: entry {found} is cut")
            yield bundle * 256 + found, data[offset + 2 : end]
            offset, found = end, found + 1
        need(found == width, f"{path}: holds {found} entries, not {width}")


def canonical(data, what):
    """Decodes one CBOR item that must be in its deterministic encoding."""
    value = cbor2.loads(data)
    need(cbor2.dumps(value, canonical=True) == data, f"{what} is not deterministic CBOR")
    return value


class Signer:
    """A certificate from an addKey operation, checked up to the organisation's root."""

    def __init__(self, chain, root, origin):
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        need(certificates, "addKey has no certificate")
        path = certificates + ([] if certificates[-1] == root else [root])
        for subject, issuer in zip(path, path[1:]):
            # Compares the names and verifies the signature.
            subject.verify_directly_issued_by(issuer)
            constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
            need(constraints.ca, "a certificate is issued by one that is no authority")
        root.verify_directly_issued_by(root)
        leaf = certificates[0]
        self.path = path
        extensions = leaf.extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        need(
            origin in names.get_values_for_type(x509.DNSName),
            f"the certificate names {list(names)}, not {origin}",
        )
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        need(usage.digital_signature, "the certificate's key is not for signatures")
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        need(not constraints.ca, "the signing certificate is an authority")
        self.thumbprint = hashlib.sha256(chain[0]).digest()
        public = leaf.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            self.alg = EDDSA
        else:
            need(isinstance(public, ec.EllipticCurvePublicKey), "the key is of an unknown kind")
            self.alg = {"secp256r1": ES256, "secp384r1": ES384}[public.curve.name]
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key = cwt.COSEKey.from_pem(pem, alg=self.alg)

    def valid_at(self, seconds):
        time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        return all(c.not_valid_before_utc <= time <= c.not_valid_after_utc for c in self.path)


class Checker:
    def __init__(self, origin, dataset, root, log_key):
        self.origin, self.dataset, self.root, self.log_key = origin, dataset, root, log_key
        self.signers = {}
        self.operations = 0

    def entry(self, index, data):
        message = canonical(data, "the entry")
        need(isinstance(message, cbor2.CBORTag) and message.tag == 18, "not a tagged COSE_Sign1")
        need(isinstance(message.value, list) and len(message.value) == 4, "not a COSE_Sign1")
        protected, unprotected, payload, _ = message.value
        need(unprotected == {}, "the unprotected header is not empty")
        header = canonical(protected, "the protected header")
        need(header.get(CONTENT_TYPE) == MEDIA_TYPE, "another content type")
        claims = header.get(CWT_CLAIMS, {})
        need(claims.get(ISS) == self.origin, f"iss is {claims.get(ISS)!r}")
        need(claims.get(SUB) == self.dataset, f"sub is {claims.get(SUB)!r}")
        need(isinstance(claims.get(IAT), int), f"iat is {claims.get(IAT)!r}")

        changeset = canonical(payload, "the payload")
        need(isinstance(changeset, list) and len(changeset) == 5, "not a changeset")
        version, strings, _, _, operations = changeset
        need(version == 2, f"changeset version {version!r}")
        need(len(set(strings)) == len(strings), "a string stands twice in the table")
        for operation in operations:
            if operation[0] == ADD_KEY:
                _, chain, log_key = operation
                signer = Signer(chain, self.root, self.origin)
                need(log_key in (None, self.log_key), "addKey has another log key than the vkey")
                need(index > 0 or log_key is not None, "the first addKey has no log key")
                self.signers[signer.thumbprint] = signer
        need(self.signers, "the first entry adds no key")

        thumbprint = header.get(X5T)
        need(isinstance(thumbprint, list) and thumbprint[0] == SHA256, "x5t is not SHA-256")
        signer = self.signers.get(thumbprint[1])
        need(signer is not None, "x5t is the hash of no certificate of this log")
        need(header.get(ALG) == signer.alg, f"alg is {header.get(ALG)!r}, not the key's")
        need(signer.valid_at(claims[IAT]), "iat lies outside the certificate's validity")
        verified = cwt.COSE.new().decode(data, signer.key)
        need(verified == payload, "the library verified another payload")
        self.operations += len(operations)


def main():
    folder, origin, dataset, root, vkey = sys.argv[1:]
    # name+hash+base64(kind || key); kind 1 is Ed25519.
    log_key = base64.b64decode(vkey.split("+", 2)[2])
    need(log_key[0] == 1, "the vkey is not of Ed25519")
    root = x509.load_pem_x509_certificate(pathlib.Path(root).read_bytes())
    checker = Checker(origin, dataset, root, log_key[1:])
    count, index = 0, -1
    try:
        for index, data in entries(pathlib.Path(folder)):
            checker.entry(index, data)
            count += 1
    except (
        Refused, cbor2.CBORDecodeError, cbor2.CBOREncodeError, cwt.CWTError, InvalidSignature,
        x509.ExtensionNotFound, LookupError, TypeError, ValueError, OSError,
    ) as error:
        raise Refused(f"entry {index}: {type(error).__name__}: {error}") from error
    need(count > 0, "the log is empty")
    print(
        f"cosecheck: {origin}/{dataset}: {count} COSE_Sign1 signatures over "
        f"{checker.operations} operations, certificates up to the root: {len(checker.signers)}"
    )


try:
    main()
except Refused as refusal:
    print(f"cosecheck: refused: {refusal}", file=sys.stderr)
    sys.exit(3)
