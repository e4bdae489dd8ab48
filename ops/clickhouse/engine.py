"""The engine: statements in, bytes out, limits on what one of them may cost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import chdb

from .statement import Statement

DEFAULT_DATABASE = "default"
_CODE = re.compile(r"Code: (\d+)\. ")
_NAME = re.compile(r"[A-Za-z_]\w*")


class EngineError(RuntimeError):
    """The engine refuses a statement.

    Attributes:
        code: ClickHouse's number of the error.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class EngineUnavailableError(RuntimeError):
    """The data folder cannot be opened; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave: the encoded result and how many rows were read or written for it."""

    body: bytes
    rows_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0


class Engine:
    """Runs statements on one data folder; from several threads at once, each statement in a session of its own.

    Args:
        folder: where the tables are; one process at a time.
        limits: ClickHouse settings that bound one statement, such as ``max_result_bytes``.

    Raises:
        EngineUnavailableError: the folder cannot be opened.
    """

    def __init__(self, folder: Path, limits: Mapping[str, int | str]) -> None:
        self._connection_string = f"{folder.resolve()}?{urlencode(limits)}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._keeper = chdb.connect(self._connection_string)  # the engine lives as long as one session does
        except RuntimeError as error:
            raise EngineUnavailableError(
                f"The ClickHouse tables in {folder} cannot be opened: {error} "
                "If another process uses that folder, stop it or choose another one."
            ) from error

    def run(
        self,
        statement: Statement,
        *,
        database: str = DEFAULT_DATABASE,
        settings: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run one statement.

        Args:
            statement: what to run.
            database: where names without a database are looked for.
            settings: ClickHouse settings for this statement.
            parameters: values for ``{name:Type}``, escaped as in ClickHouse's HTTP interface.

        Raises:
            EngineError: the engine refuses it.
        """
        # a session that once failed can give parts of its old result later, so none is used twice
        session = chdb.connect(self._connection_string)
        try:
            if database != DEFAULT_DATABASE:
                session.query(f"USE {_quoted_name(database)}")
            if settings:
                session.query(f"SET {', '.join(_assignment(name, value) for name, value in settings.items())}")
            if statement.rows is not None:
                return _insert(session, statement)
            # bytes are as good as text to the engine, whatever its annotations say
            result = session.query(statement.sql, statement.format, params=dict(parameters or {}))
            return Answer(result.bytes() or b"", rows_read=result.rows_read())
        except RuntimeError as error:  # chdb's own errors are of this class, too
            raise _engine_error(error) from error
        finally:
            session.close()

    def close(self) -> None:
        """Let go of the folder."""
        self._keeper.close()


def _insert(session: Any, statement: Statement) -> Answer:
    inserter = session.send_insert(statement.sql.decode(), statement.format)
    try:
        inserter.append(statement.rows)
        written = inserter.finish()
    except BaseException:
        inserter.cancel()
        raise
    return Answer(b"", rows_written=written.rows_written, bytes_written=written.bytes_written)


def _engine_error(error: RuntimeError) -> EngineError:
    message = str(error)
    found = _CODE.search(message)
    return EngineError(message[found.start() :] if found else message, int(found[1]) if found else 0)


def _quoted_name(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _assignment(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise EngineError(f"Code: 115. DB::Exception: {name!r} is not the name of a setting. (UNKNOWN_SETTING)", 115)
    return f"{name} = '" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
