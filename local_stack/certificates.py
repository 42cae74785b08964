"""A self-made certificate for servers on the loopback address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = (x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1")))
LIFETIME = timedelta(days=30)
_BACKDATED = timedelta(minutes=15)


@dataclass(frozen=True)
class Certificate:
    """Two PEM files. The certificate is its own authority: clients trust `certificate_file`."""

    certificate_file: Path
    key_file: Path


def make_certificate(
    folder: Path, *, now: datetime, names: Sequence[x509.GeneralName] = LOOPBACK
) -> Certificate:
    """Write a new key and a certificate, unless told otherwise for the loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(key, now, names)
    files = Certificate(folder / "certificate.pem", folder / "certificate-key.pem")
    files.key_file.touch(mode=0o600)
    files.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files


def _sign(
    key: ec.EllipticCurvePrivateKey, now: datetime, names: Sequence[x509.GeneralName]
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local stack")])
    authority_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # Python 3.13 verifies strictly (RFC 5280): an authority names its key.
        .add_extension(authority_key, critical=False)
        .sign(key, hashes.SHA256())
    )


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
