"""What workers write to their logs: one JSON object a line, and libraries kept from saying the same all the time."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from types import TracebackType

import structlog

from connectors.secret_values import Redactor
from connectors.settings import Settings

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


def set_up_worker_logs(worker: str, settings: Settings) -> Redactor:
    """To be called once, when a worker starts; all that it says carries its name, and none of the settings' secrets.

    Returns:
        What takes the secrets out of anything else.
    """
    redactor = Redactor(settings)

    def last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(redactor.text("".join(traceback.format_exception(kind, error, trace))))

    sys.excepthook = last_words

    def name_worker(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"worker": worker, **event}

    handler = logging.StreamHandler()
    handler.addFilter(Sparse())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redactor,
                structlog.processors.JSONRenderer(),
            ],
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
            redactor,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    return redactor
