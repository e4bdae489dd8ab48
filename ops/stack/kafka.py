"""Apache Kafka as one process: broker and controller in one (KRaft)."""

from __future__ import annotations

import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from schemas.topics import TOPICS

from .errors import StackError
from .java import JarCache, java_program
from .ports import HOST
from .server import Server

LOGGING = Path(__file__).with_name("log4j2.xml")


class Kafka(Server):
    """The embedded broker; its records are in ``data_dir/kafka``."""

    title = "Kafka"

    def ports(self) -> Mapping[str, int]:
        embedded = self._settings.embedded
        return {"kafka_port": embedded.kafka_port, "kafka_controller_port": embedded.kafka_controller_port}

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
        embedded = self._settings.embedded
        largest_message = max(topic.max_message_bytes for topic in TOPICS)
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{HOST}:{embedded.kafka_controller_port}",
            "listeners": f"PLAINTEXT://{HOST}:{embedded.kafka_port},CONTROLLER://{HOST}:{embedded.kafka_controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{embedded.kafka_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._folder / "records"),
            # one broker: internal topics cannot have the three replicas they are given by default
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 8,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            # a group need not wait for more members: the workers start together
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            # after a kill the controller waits for the dead broker's session before it lets the new one in
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
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
        return self._settings.embedded.data_dir / "kafka"

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    def _java(self, options: list[str], main_class: str, *arguments: str) -> list[str]:
        jars = JarCache(self._settings.embedded.cache_dir).folder("kafka")
        logging = f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"
        return [java_program(), *options, logging, "-cp", f"{jars}{os.sep}*", main_class, *arguments]

    def _format(self) -> None:
        cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        arguments = ["format", "--cluster-id", cluster_id, "--config", str(self._properties)]
        arguments += self.format_options()
        command = self._java(["-Xmx128m", "-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=self._settings.embedded.start_timeout_s)
        if done.returncode != 0:
            raise StackError(f"Kafka could not format its storage in {self._folder}: {done.stdout}{done.stderr}")
