"""Brokers with TLS, SCRAM and ACLs: every kind of client comes in as its user, and does no more than its role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import KafkaException, Producer
from typer.testing import CliRunner

from connectors.consumer import EventReader
from connectors.kafka_acls import AclError, Acls
from connectors.kafka_client import KafkaUnavailableError, client_config
from connectors.producer import DeliveryError, EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.topic_admin import create_topics
from ops.cli import app
from ops.stack import Stack
from ops.stack.environment import environment_with
from ops.stack.launcher import Launcher
from ops.stack.scratch import scratch_settings
from ops.stack.workers import Worker
from processors.identify import Catalogue
from schemas.events import Clip, Match, Work

from .music import make_piece
from .secured import ADMIN, SecuredKafka, as_user, make_certificates

PUBLISHER, WORKER = SecuredKafka.users
PIECE = make_piece(70)

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


@pytest.fixture(scope="module")
def secured(
    stack: Stack, settings: Settings, tmp_path_factory: pytest.TempPathFactory, launcher: Launcher
) -> Iterator[Settings]:
    """The administrator's settings for a secured broker, with topics; the registry is that of all tests."""
    own = scratch_settings(tmp_path_factory.mktemp("secured"))
    embedded = own.embedded.model_copy(update={"registry_port": settings.embedded.registry_port})
    make_certificates(own.embedded.data_dir / "kafka")
    admin = as_user(own.model_copy(update={"embedded": embedded}), ADMIN)
    kafka = SecuredKafka("kafka", admin, launcher)
    kafka.start()
    try:
        kafka.wait_healthy()
        create_topics(admin)
        yield admin
    finally:
        kafka.stop()


def test_each_role_does_its_work(secured: Settings, launcher: Launcher) -> None:
    Acls(secured).grant("publisher", PUBLISHER)
    Acls(secured).grant("worker", WORKER)
    Catalogue.update(secured.catalogue_dir, [PIECE.entry()])
    worker = Worker("clips", "clips", as_user(secured, WORKER))
    publisher = as_user(secured, PUBLISHER)
    codec = EventCodec(publisher)
    worker.start()
    try:
        with EventReader(publisher, codec, ["matches"], "latest") as answers:
            with EventProducer(publisher, codec) as producer:
                producer.send("clips", clip_of(PIECE.clip(10)))
            received = next(answers.events())
    finally:
        worker.stop()
    assert isinstance(received.event, Match)
    assert received.event.candidates[0].work_id == PIECE.work_id


def test_only_a_worker_begins_the_transactions_of_workers(secured: Settings) -> None:
    Acls(secured).grant("worker", WORKER)
    Acls(secured).grant("publisher", PUBLISHER)

    def begin(user: str) -> None:
        producer = Producer(client_config(as_user(secured, user)) | {"transactional.id": f"continuo-fpga-{user}"})
        producer.init_transactions(30.0)

    begin(WORKER)
    with pytest.raises(KafkaException, match=r"(?i)authorization"):
        begin(PUBLISHER)


def test_a_client_without_rights_is_refused(secured: Settings) -> None:
    Acls(secured).grant("publisher", PUBLISHER)
    publisher = as_user(secured, PUBLISHER)
    work = Work(source_id="w", work_id="w", title="", composer="", path="w.mid", data=PIECE.midi)
    producer = EventProducer(publisher, EventCodec(publisher))
    producer.send("catalogue", work)
    with pytest.raises(DeliveryError, match=r"(?i)authorization"):
        producer.flush()
    with pytest.raises(AclError, match="may alter the cluster"):
        Acls(publisher).grant("worker", PUBLISHER)


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(lambda admin: as_user(admin, ADMIN, "guessed"), id="wrong password"),
        pytest.param(lambda admin: as_user(admin, "nobody"), id="unknown user"),
        pytest.param(lambda admin: with_kafka(admin, security_protocol="plaintext"), id="no encryption"),
        pytest.param(lambda admin: with_kafka(admin, ca_file=None), id="certificate of an unknown authority"),
    ],
)
def test_strangers_stay_outside(secured: Settings, stranger: Callable[[Settings], Settings]) -> None:
    settings = with_kafka(stranger(secured), connect_timeout_s=1.5)
    producer = EventProducer(settings, EventCodec(settings))
    with pytest.raises(KafkaUnavailableError, match="does not answer"):
        producer.require("clips")


def test_roles_come_and_go(secured: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_with(secured).items():
        monkeypatch.setenv(name, value)

    def acl(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["acl", *arguments])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    acl("grant", "reader", "zoe")
    acl("grant", "sink", "zoe")
    assert acl("show", "zoe") == "sink, reader"
    acl("revoke", "sink", "zoe")
    assert acl("show", "zoe") == "reader", "what the other role needs stays"
    acl("revoke", "reader", "zoe")
    assert acl("show", "zoe") == "zoe has no role."


def clip_of(data: bytes) -> Clip:
    return Clip(source_id="ada", clip_id="behind-tls", kind="midi", name="a.mid", data=data)


def with_kafka(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update=changes)})
