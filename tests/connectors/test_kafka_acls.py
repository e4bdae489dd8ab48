"""The roles on the brokers."""

from connectors.gateway.live_feed import KINDS
from connectors.kafka_acls import ROLES
from schemas.topics import TOPICS


def test_somebody_may_read_and_write_every_topic() -> None:
    assert {topic for role in ROLES.values() for topic in role.reads} == set(TOPICS)
    assert {topic for role in ROLES.values() for topic in role.writes} == set(TOPICS)


def test_nobody_writes_what_he_only_looks_at() -> None:
    assert not ROLES["reader"].writes
    assert not ROLES["sink"].writes
    assert not set(ROLES["publisher"].writes) & set(ROLES["worker"].writes)


def test_the_gateway_reads_what_it_streams_and_answers_for_no_worker() -> None:
    gateway = ROLES["gateway"]
    assert set(KINDS) <= {topic.name for topic in gateway.reads}
    assert not {topic.name for topic in gateway.writes} & {"matches", "instruments", "results", "catalogue"}
