"""Certificates for signatures, made by `cryptography`, which comes with MLflow."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def write_credentials(folder: Path) -> tuple[Path, Path, Path]:
    """Write a certificate with its chain, its key, and the authority's certificate, as PEM."""
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root, leaf = _certificate(authority, authority, True), _certificate(own, authority, False)
    pem = serialization.Encoding.PEM
    contents = {
        "chain.pem": leaf.public_bytes(pem) + root.public_bytes(pem),
        "key.pem": own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        "authority.pem": root.public_bytes(pem),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    chain, key, trusted = (folder / name for name in contents)
    return chain, key, trusted


def _certificate(own, authority, is_authority: bool) -> x509.Certificate:
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("encipher_only", "decipher_only"),
        ),
        False,
    )
    usage |= {"digital_signature": True, "key_cert_sign": is_authority, "crl_sign": is_authority}
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name("Authority" if is_authority else "Signer"))
        .issuer_name(_name("Authority"))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_authority, None), True)
        .add_extension(x509.KeyUsage(**usage), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return builder.sign(authority, hashes.SHA256())


def _name(common: str) -> x509.Name:
    texts = {NameOID.COUNTRY_NAME: "CN", NameOID.ORGANIZATION_NAME: "Test", NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in texts.items()])
