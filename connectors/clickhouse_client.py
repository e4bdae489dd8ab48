"""A client of ClickHouse, the user's own server or the embedded one."""

from __future__ import annotations

import clickhouse_connect
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from urllib3.exceptions import HTTPError

from connectors.settings import Settings


class ClickHouseUnavailableError(RuntimeError):
    """ClickHouse does not answer as it should; the message says what to do."""


AWAY = (ClickHouseError, HTTPError, OSError)
"""What a client raises when the server is away, besides what it raises for a statement."""


def clickhouse_client(settings: Settings) -> Client:
    """Connect to the ClickHouse that the settings name.

    Raises:
        ClickHouseUnavailableError: it does not answer, or refuses the user or the database.
    """
    try:
        return clickhouse_connect.get_client(
            dsn=settings.clickhouse_url,
            compress=settings.clickhouse.url is not None,  # on this machine it would only cost time
            connect_timeout=settings.clickhouse.timeout_s,
            send_receive_timeout=settings.clickhouse.timeout_s,
            autogenerate_session_id=False,  # statements need no session, and a session allows one at a time
        )
    except DatabaseError as error:
        raise ClickHouseUnavailableError(
            f"ClickHouse refuses the connection: {first_line(error)} Check the setting clickhouse.url."
        ) from error
    except AWAY as error:
        raise ClickHouseUnavailableError(
            f"ClickHouse does not answer ({type(error).__name__}). "
            "Start the stack with `continuo up`, or check the setting clickhouse.url."
        ) from error


def first_line(error: Exception) -> str:
    """What ClickHouse said, without the address and the version that the client puts around it."""
    text = str(error)
    start = text.find("DB::Exception: ")
    text = text[start + len("DB::Exception: ") :] if start >= 0 else text
    return text.split(" (for url")[0].splitlines()[0].strip()
