"""The formats underneath a label's proof: CBOR, COSE_Sign1, certificates, notes and C2SP proof files."""

import hashlib
import urllib.parse

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def canonical(data, what):
    """Decodes one item that must be in its deterministic encoding."""
    value = cbor2.loads(data)
    need(cbor2.dumps(value, canonical=True) == data, f"{what} is not deterministic CBOR")
    return value


def whole(value, end=1 << 63):
    return type(value) is int and 0 <= value < end


# MARK: COSE_Sign1 (Protocol.md, section 3)

ALGORITHMS = {-8: "ed25519", -19: "ed25519", -7: "secp256r1", -9: "secp256r1",
              -35: "secp384r1", -51: "secp384r1"}


def key_kind(public):
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "ed25519"
    need(isinstance(public, ec.EllipticCurvePublicKey), "a certificate's key is of another kind")
    return public.curve.name


class Envelope:
    """A signed message, taken apart; nothing in it is believed before `verify`."""

    def __init__(self, data, kind="changeset"):
        need(len(data) <= 65_535, "a message is too large")
        message = canonical(data, "a message")
        need(isinstance(message, cbor2.CBORTag) and message.tag == 18, "not a COSE_Sign1")
        self.protected, unprotected, self.payload, self.signature = message.value
        need(type(unprotected) is dict and not unprotected, "the unprotected header is not empty")
        header = canonical(self.protected, "a protected header")
        need(header.get(3) == f"application/vnd.countermark.{kind}+cbor", "another content type")
        need(set(header.get(2, [])) <= {1, 2, 3, 4, 15, 16, 33, 34}, "an unknown critical header")
        claims = header.get(15)
        self.iss, self.sub, self.iat = claims.get(1), claims.get(2), claims.get(6, 0)
        need(whole(self.iat), "iat is no time")
        place = claims.get(7)
        need(place is None or (type(place) is bytes and len(place) == 40), "cti is no place in a log")
        self.index = place and int.from_bytes(place[:8], "big")
        self.algorithm, chain, x5t = header.get(1), header.get(33), header.get(34)
        self.chain = [] if chain is None else chain if type(chain) is list else [chain]
        need(x5t or self.chain, "nobody is named as the signer")
        if x5t is not None:
            need(type(x5t) is list and len(x5t) == 2 and x5t[0] == -16, "x5t is not SHA-256")
        self.thumbprint = x5t[1] if x5t else hashlib.sha256(self.chain[0]).digest()
        for first in self.chain[:1]:
            need(hashlib.sha256(first).digest() == self.thumbprint, "x5chain is of another signer")

    def speaks(self, origin, dataset):
        need(self.iss == origin, "iss is another member")
        need(self.sub == dataset, "sub is another dataset")

    def verify(self, public):
        kind = key_kind(public)
        need(ALGORITHMS.get(self.algorithm) == kind, "alg is not the key's")
        signed = cbor2.dumps(["Signature1", self.protected, b"", self.payload])
        if kind == "ed25519":
            public.verify(self.signature, signed)
            return
        half, digest = {"secp256r1": (32, hashes.SHA256()), "secp384r1": (48, hashes.SHA384())}[kind]
        need(len(self.signature) == 2 * half, "a signature of another length")
        r, s = (int.from_bytes(part, "big") for part in (self.signature[:half], self.signature[half:]))
        public.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(digest))


# MARK: Certificates

def extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def valid_at(certificate, seconds):
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return start.timestamp() <= seconds <= end.timestamp()


def speaks_for(certificate, origin):
    names = extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return False
    mail = [name.rpartition("@")[2] for name in names.get_values_for_type(x509.RFC822Name)]
    links = names.get_values_for_type(x509.UniformResourceIdentifier)
    hosts = [urllib.parse.urlsplit(link).hostname for link in links]
    return origin in [*names.get_values_for_type(x509.DNSName), *mail, *hosts]


def issues(issuer, subject, below):
    """Whether one certificate may have issued the other, with `below` authorities under it."""
    basic, usage = extension(issuer, x509.BasicConstraints), extension(issuer, x509.KeyUsage)
    if basic is None or not basic.ca or (usage is not None and not usage.key_cert_sign):
        return False
    if basic.path_length is not None and basic.path_length < below:
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def signer(chain, roots, origin, seconds):
    """The first certificate of a chain, if it leads to a root that is trusted at that time."""
    need(type(chain) is list and 1 <= len(chain) <= 8, "a signer has no certificate or too many")
    path = [x509.load_der_x509_certificate(der) for der in chain]
    leaf = path[0]
    need(speaks_for(leaf, origin), f"a certificate does not speak for {origin}")
    usage = extension(leaf, x509.KeyUsage)
    need(usage is not None and usage.digital_signature, "a key is not for signatures")
    if path[-1] in roots:
        path.pop()
    need(path, "a root signs entries")
    for below, (subject, issuer) in enumerate(zip(path, path[1:])):
        need(issues(issuer, subject, below), "a certificate was not issued by the next one")
    tops = [r for r in roots if issues(r, path[-1], len(path) - 1) and valid_at(r, seconds)]
    need(tops, f"a certificate leads to no root that is trusted for {origin}")
    need(all(valid_at(c, seconds) for c in path), "a certificate was not valid at iat")
    return leaf
