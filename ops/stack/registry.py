"""The schema registry: Apicurio, which speaks the Confluent protocol."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .java import JarCache, java_program
from .ports import HOST
from .server import Server


class Registry(Server):
    """The embedded registry; its schemas are in ``data_dir/registry``."""

    title = "The schema registry"

    def ports(self) -> Mapping[str, int]:
        return {"registry_port": self._settings.embedded.registry_port}

    def prepare(self) -> None:
        (self._settings.embedded.data_dir / "registry").mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        embedded = self._settings.embedded
        jars = JarCache(embedded.cache_dir).folder("registry")
        options = [f"-Xmx{embedded.registry_heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [java_program(), *options, "-jar", str(jars / "quarkus-run.jar")]

    def environment(self) -> dict[str, str]:
        embedded = self._settings.embedded
        # WRITE_DELAY=0: what was registered survives a kill
        database = f"jdbc:h2:file:{embedded.data_dir.absolute() / 'registry' / 'schemas'};WRITE_DELAY=0"
        return dict(os.environ) | {
            "QUARKUS_HTTP_HOST": HOST,
            "QUARKUS_HTTP_PORT": str(embedded.registry_port),
            # its own metrics port, which nobody here reads: any free one
            "QUARKUS_MANAGEMENT_HOST": HOST,
            "QUARKUS_MANAGEMENT_PORT": "0",
            "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
            "APICURIO_STORAGE_KIND": "sql",
            "APICURIO_STORAGE_SQL_KIND": "h2",
            "APICURIO_DATASOURCE_URL": database,
        }
