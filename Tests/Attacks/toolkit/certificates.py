"""Keys and certificates of companies that are made by hand."""

import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def sha256(data):
    return hashlib.sha256(data).digest()


def later(**distance):
    """A moment as far from now as said: later(hours=-1), later(seconds=5)."""
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**distance)


def new_key():
    return ed25519.Ed25519PrivateKey.generate()


def raw(key):
    """The 32 bytes of a private key's public half."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def fingerprint(certificate):
    """By which logs name a certificate."""
    return sha256(der(certificate))


def dns(*names):
    return [x509.DNSName(name) for name in names]


def make_authority(name, key=None, ends=None):
    """A root key and its certificate."""
    key = key or new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root of " + name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(later(days=-30))
        .not_valid_after(ends or later(days=3650))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(_usage(signs=False, is_authority=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    return key, builder.sign(key, None)


def issue(authority_key, authority, names, *, begins=None, ends=None, key=None, signs=True, common_name="node"):
    """A key and its certificate, which speaks for `names`; with `signs` it may sign entries."""
    key = key or new_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or later(hours=-1))
        .not_valid_after(ends or later(days=365))
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(_usage(signs=signs, is_authority=False), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False)
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False
        )
    )
    return key, builder.sign(authority_key, None)


def _usage(signs, is_authority):
    # A leaf that must not sign is given another use: a certificate without any is refused for that.
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=not signs and not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def revocation_list(authority_key, authority, *certificates):
    """A list that revokes certificates, as PEM."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(later(hours=-1))
        .next_update(later(days=30))
        .add_extension(x509.CRLNumber(1), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False)
    )
    for certificate in certificates:
        revoked = (
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(later(minutes=-30))
        )
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(authority_key, None).public_bytes(serialization.Encoding.PEM)
