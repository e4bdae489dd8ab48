"""What workers write to their logs: one JSON object a line, and libraries kept from saying the same all the time."""

from __future__ import annotations

import logging
import time

import structlog

REPEAT_AFTER_S = 30.0


class Sparse(logging.Filter):
    """Lets each kind of message through once in a while: a broker that is away makes forty lines a second."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        kind, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._told_at.get(kind, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return False
        self._told_at[kind] = now
        return True


def set_up_worker_logs(worker: str) -> None:
    """To be called once, when a worker starts; all that it says carries its name."""

    def name_worker(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"worker": worker, **event}

    handler = logging.StreamHandler()
    handler.addFilter(Sparse())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(),
            foreign_pre_chain=[
                name_worker,
                structlog.stdlib.add_logger_name,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    structlog.configure(
        processors=[
            name_worker,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
