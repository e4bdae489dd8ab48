"""Who may do what on the brokers: a role for each kind of client, granted to Kafka users as ACLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from schemas.topics import (
    BEATS,
    BULK_JOBS,
    BULK_RESULTS,
    BULK_TASKS,
    CATALOGUE,
    CLIPS,
    MATCHES,
    NOTES,
    QUERIES,
    SECTIONS,
    TOPICS,
    TRIGGERS,
    Topic,
)

from .kafka_client import admin_config
from .settings import Settings

TIMEOUT_S = 30.0
WORKER_GROUPS = "continuo-"
READER_GROUP = "continuo-reader"  # nothing joins it, but librdkafka asks who coordinates it

INPUTS = (CLIPS, NOTES, CATALOGUE, BULK_JOBS, BULK_TASKS)
RESULTS = tuple(topic for topic in TOPICS if topic not in INPUTS)


class AclError(RuntimeError):
    """The brokers do not change or tell their rules; the message says why."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one kind of client does.

    Attributes:
        reads, writes: topics.
        groups: how the names of its consumer groups begin.
        watches: how the names of the groups begin whose members and places it may see.
        transactions: how the names of its transactions begin.
    """

    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    groups: str | None = None
    watches: str | None = None
    transactions: str | None = None


ROLES: dict[str, Role] = {
    "publisher": Role(
        reads=(MATCHES, BULK_JOBS, BULK_RESULTS), writes=(CLIPS, NOTES, BULK_JOBS, BULK_TASKS), groups=READER_GROUP
    ),
    "curator": Role(writes=(CATALOGUE,)),
    "worker": Role(reads=TOPICS, writes=RESULTS, groups=WORKER_GROUPS, transactions=WORKER_GROUPS),
    "sink": Role(reads=TOPICS, groups=WORKER_GROUPS),
    "reader": Role(reads=RESULTS, groups=READER_GROUP),
    "gateway": Role(
        reads=TOPICS,  # its page tells how many records each holds
        writes=(CLIPS, NOTES, QUERIES, BEATS, SECTIONS, TRIGGERS),
        groups=READER_GROUP,
        watches=WORKER_GROUPS,
    ),
}
"""Creating topics and granting roles is left to the brokers' own administrators."""


class Acls:
    """Grants and revokes roles. Every method raises ``AclError`` when the brokers refuse or do not answer."""

    def __init__(self, settings: Settings) -> None:
        self._admin = AdminClient(admin_config(settings))

    def grant(self, role: str, user: str) -> None:
        """Let ``user`` do what ``role`` does, and wait until the brokers say so; granting it again changes nothing."""
        self._done(self._admin.create_acls(list(bindings(role, user)), request_timeout=TIMEOUT_S).values())
        # the controller has agreed; a broker hears of it a moment later
        known = Retrying(
            retry=retry_if_result(lambda roles: role not in roles),
            wait=wait_fixed(0.1),
            stop=stop_after_delay(TIMEOUT_S),
        )
        known(self.granted, user)

    def revoke(self, role: str, user: str) -> None:
        """Take from ``user`` what only ``role`` needs; what another role of his needs stays."""
        kept = {str(b) for other in self.granted(user) if other != role for b in bindings(other, user)}
        taken = [_exactly(b) for b in bindings(role, user) if str(b) not in kept]
        if taken:
            self._done(self._admin.delete_acls(taken, request_timeout=TIMEOUT_S).values())

    def granted(self, user: str) -> list[str]:
        """The roles that ``user`` has in full."""
        everything = AclBindingFilter(
            ResourceType.ANY,
            None,  # type: ignore[arg-type]  # any name
            ResourcePatternType.ANY,
            f"User:{user}",
            None,  # type: ignore[arg-type]  # any host
            AclOperation.ANY,
            AclPermissionType.ALLOW,
        )
        future = self._admin.describe_acls(everything, request_timeout=TIMEOUT_S)
        try:
            held = {str(binding) for binding in future.result(TIMEOUT_S)}
        except (KafkaException, TimeoutError) as error:
            raise _refused(error) from error
        return [role for role in ROLES if {str(binding) for binding in bindings(role, user)} <= held]

    @staticmethod
    def _done(futures: Iterable[Future[Any]]) -> None:
        for future in futures:
            try:
                future.result(TIMEOUT_S)
            except (KafkaException, TimeoutError) as error:
                raise _refused(error) from error


def bindings(role: str, user: str) -> Iterator[AclBinding]:
    """The rules that ``role`` is made of, for ``user``."""
    wanted = ROLES[role]
    reads = ((topic, AclOperation.READ) for topic in wanted.reads)
    writes = ((topic, AclOperation.WRITE) for topic in wanted.writes)
    for topic, operation in chain(reads, writes):
        yield _allow(user, ResourceType.TOPIC, topic.name, ResourcePatternType.LITERAL, operation)
    if wanted.groups is not None:
        yield _allow(user, ResourceType.GROUP, wanted.groups, ResourcePatternType.PREFIXED, AclOperation.READ)
    if wanted.watches is not None:
        yield _allow(user, ResourceType.GROUP, wanted.watches, ResourcePatternType.PREFIXED, AclOperation.DESCRIBE)
    if wanted.transactions is not None:
        kind, name = ResourceType.TRANSACTIONAL_ID, wanted.transactions
        yield _allow(user, kind, name, ResourcePatternType.PREFIXED, AclOperation.WRITE)


def _allow(
    user: str, kind: ResourceType, name: str, pattern: ResourcePatternType, operation: AclOperation
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def _exactly(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _refused(error: Exception) -> AclError:
    reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
    return AclError(
        f"The brokers do not change or tell their rules: {reason}. "
        "This needs a user who may alter the cluster, and brokers with an authorizer."
    )
