"""How clients prove who they are to the brokers, and the brokers to them: TLS and SASL.

Brokers are checked against the certificate authority and by the name they are called, always.
"""

from __future__ import annotations

import ssl
from typing import TypeAlias

from connectors.settings import KafkaSettings

ClientConfig: TypeAlias = dict[str, str | int | float | bool]
"""librdkafka's configuration."""


def librdkafka_security(kafka: KafkaSettings) -> ClientConfig:
    """The part of librdkafka's configuration that is about security."""
    config: ClientConfig = {"security.protocol": kafka.security_protocol}
    if kafka.security_protocol.startswith("sasl") and kafka.username and kafka.password:
        config |= {
            "sasl.mechanism": kafka.sasl_mechanism,
            "sasl.username": kafka.username,
            "sasl.password": kafka.password.get_secret_value(),
        }
    if kafka.security_protocol.endswith("ssl"):
        files = {
            "ssl.ca.location": kafka.ca_file,
            "ssl.certificate.location": kafka.certificate_file,
            "ssl.key.location": kafka.key_file,
        }
        config |= {name: str(file) for name, file in files.items() if file is not None}
    return config


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """The same for clients that use Python's own TLS; None where the connection is not encrypted."""
    if not kafka.security_protocol.endswith("ssl"):
        return None
    context = ssl.create_default_context(cafile=kafka.ca_file)
    if kafka.certificate_file is not None:
        context.load_cert_chain(kafka.certificate_file, kafka.key_file)
    return context
