"""Settings for a stack that is in nobody's way: for tests and benchmarks."""

from __future__ import annotations

from pathlib import Path

from connectors.settings import EmbeddedSettings, Settings

from .ports import free_ports


def scratch_settings(data_dir: Path) -> Settings:
    """The settings in force, but for an embedded stack of its own: in ``data_dir``, on ports that are free now."""
    kafka, controller, registry, redis, clickhouse, gateway, generator = free_ports(7)
    in_force = Settings()
    embedded = EmbeddedSettings(
        **in_force.embedded.model_dump()
        | {
            "data_dir": data_dir,
            "kafka_port": kafka,
            "kafka_controller_port": controller,
            "registry_port": registry,
            "redis_port": redis,
            "clickhouse_port": clickhouse,
            "gateway_port": gateway,
            "error_generator_port": generator,
        }
    )
    return in_force.model_copy(update={"embedded": embedded})
