"""A broker that trusts nobody: TLS, SCRAM and ACLs, with a certificate authority made for the test."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from connectors.settings import Settings
from ops.stack.kafka import Kafka
from ops.stack.ports import HOST

ADMIN = "admin"
PASSWORD = "of the tests"
LISTENER = "SASL_SSL"


class SecuredKafka(Kafka):
    """The embedded broker with one door, for users that it knows.

    Args:
        users: who may come in, beside the administrator; all have the password ``PASSWORD``.
    """

    users: tuple[str, ...] = ("ada", "clara")

    def properties(self) -> dict[str, str | int]:
        embedded = self._settings.embedded
        jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        return super().properties() | {
            "listeners": f"{LISTENER}://{HOST}:{embedded.kafka_port},CONTROLLER://{HOST}:{embedded.kafka_controller_port}",
            "advertised.listeners": f"{LISTENER}://{HOST}:{embedded.kafka_port}",
            "listener.security.protocol.map": f"{LISTENER}:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": LISTENER,
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            f"listener.name.{LISTENER.lower()}.scram-sha-512.sasl.jaas.config": (
                f'{jaas} username="{ADMIN}" password="{PASSWORD}";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._folder / "ca.pem"),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN};User:ANONYMOUS",  # the controller's own door has no names
        }

    def format_options(self) -> list[str]:
        users = (ADMIN, *self.users)
        return [part for user in users for part in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={PASSWORD}]")]


def as_user(settings: Settings, user: str, password: str = PASSWORD) -> Settings:
    """The settings of a client that comes to the secured broker as ``user``."""
    kafka = settings.kafka.model_copy(
        update={
            "security_protocol": "sasl_ssl",
            "username": user,
            "password": SecretStr(password),
            "ca_file": settings.embedded.data_dir / "kafka" / "ca.pem",
        }
    )
    return settings.model_copy(update={"kafka": kafka})


def make_certificates(folder: Path) -> None:
    """Write ``ca.pem``, and ``broker.pem`` with the broker's key and the certificate that the authority gave it."""
    folder.mkdir(parents=True)
    authority_key, broker_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _name("Test authority")
    authority_certificate = (
        _certificate(authority, authority, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    broker_certificate = (
        _certificate(_name("broker"), authority, broker_key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = broker_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(authority_certificate.public_bytes(pem))
    (folder / "broker.pem").write_bytes(key + broker_certificate.public_bytes(pem))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
