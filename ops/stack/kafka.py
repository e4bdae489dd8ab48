"""Apache Kafka: each process is broker and controller in one (KRaft); one, or a cluster of some."""

from __future__ import annotations

import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from connectors.settings import Settings
from ops.cluster import Cluster
from ops.not_ready import NotReadyError
from schemas.topics import TOPICS

from .errors import StackError
from .java import JarCache, java_program
from .launcher import Launcher
from .ports import HOST
from .server import Server

REPLICAS = 3
"""Of Kafka's own topics, and of ours with ``kafka.replication_factor``, where there are as many brokers."""
LOGGING = Path(__file__).with_name("log4j2.xml")


class Kafka(Server):
    """An embedded broker, ``kafka``, ``kafka-2`` and so on; its records are in the folder of its name."""

    def __init__(self, name: str, settings: Settings, launcher: Launcher) -> None:
        super().__init__(name, settings, launcher)
        self._number = int(name.partition("-")[2] or 1)
        self.title = f"Kafka {self._number}" if self._number > 1 else "Kafka"
        self._cluster = Cluster(settings)

    def ports(self) -> Mapping[str, int]:
        broker, controller = self._cluster_ports()[self._number - 1]
        if self._number == 1:
            return {"kafka_port": broker, "kafka_controller_port": controller}
        at = 2 * (self._number - 2)
        return {f"kafka_further_ports[{at}]": broker, f"kafka_further_ports[{at + 1}]": controller}

    def check(self) -> str:
        says = super().check()
        if self._number not in self._cluster.broker_ids():
            raise NotReadyError("The cluster does not have it yet.")
        return says

    def prepare(self) -> None:
        """Write the configuration, and format the storage the first time."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in self.properties().items()))
        if not (self._folder / "records" / "meta.properties").exists():
            self._format()

    def command(self) -> list[str]:
        heap = self._settings.embedded.kafka_heap
        options = [f"-Xmx{heap}", "-Xms64m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]
        return self._java(options, "kafka.Kafka", str(self._properties))

    def properties(self) -> dict[str, str | int]:
        """The broker's configuration: Kafka's defaults, but for one small machine."""
        cluster = self._cluster_ports()
        broker, controller = cluster[self._number - 1]
        replicas = min(len(cluster), REPLICAS)
        in_sync = max(1, replicas - 1)
        largest_message = max(topic.max_message_bytes for topic in TOPICS)
        voters = (f"{number}@{HOST}:{ports[1]}" for number, ports in enumerate(cluster, start=1))
        return {
            "process.roles": "broker,controller",
            "node.id": self._number,
            "controller.quorum.voters": ",".join(voters),
            "listeners": f"PLAINTEXT://{HOST}:{broker},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{broker}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._folder / "records"),
            # what was acknowledged is on all but one replica, so any one broker may go
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 8,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 1,
            # a group need not wait for more members: the workers start together
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            # after a kill the controller waits for the dead broker's session before it lets the new one in
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # controllers on a busy machine answer late; with Kafka's one and two seconds they never agree on a leader
            "initial.broker.registration.timeout.ms": int(self._settings.embedded.start_timeout_s * 1000),
            "controller.quorum.election.timeout.ms": 4000,
            "controller.quorum.fetch.timeout.ms": 6000,
            "controller.quorum.request.timeout.ms": 6000,
            "message.max.bytes": largest_message,
            "replica.fetch.max.bytes": largest_message,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.segment.bytes": 128 << 20,
            "log.cleaner.dedupe.buffer.size": 16 << 20,
        }

    def format_options(self) -> list[str]:
        """What else the storage is formatted with, such as ``--add-scram`` and the users that the broker knows."""
        return []

    @property
    def _folder(self) -> Path:
        return self._settings.embedded.data_dir / self.name

    def _cluster_ports(self) -> list[tuple[int, int]]:
        """The ports of each broker and its controller."""
        embedded = self._settings.embedded
        further = embedded.kafka_further_ports
        return [(embedded.kafka_port, embedded.kafka_controller_port), *zip(further[::2], further[1::2], strict=True)]

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _java(self, options: list[str], main_class: str, *arguments: str) -> list[str]:
        jars = JarCache(self._settings.embedded.cache_dir).folder("kafka")
        logging = f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"
        return [java_program(), *options, logging, "-cp", f"{jars}{os.sep}*", main_class, *arguments]

    def _cluster_id(self) -> str:
        """A new one, or that of the first broker."""
        first = self._settings.embedded.data_dir / "kafka" / "records" / "meta.properties"
        if not first.exists():
            return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        lines = first.read_text("utf-8").splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))

    def _format(self) -> None:
        arguments = ["format", "--cluster-id", self._cluster_id(), "--config", str(self._properties)]
        arguments += self.format_options()
        command = self._java(["-Xmx128m", "-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=self._settings.embedded.start_timeout_s)
        if done.returncode != 0:
            raise StackError(f"Kafka could not format its storage in {self._folder}: {done.stdout}{done.stderr}")
