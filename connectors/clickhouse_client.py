"""A client of ClickHouse, the user's own server or the embedded one."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError
from urllib3.exceptions import HTTPError

from connectors.settings import Settings

# what goes wrong is raised; without a handler the client would print it as well
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())


class ClickHouseUnavailableError(RuntimeError):
    """ClickHouse does not answer as it should; the message says what to do."""


ERRORS = (ClickHouseError, HTTPError, OSError)
"""Whatever a client raises for a statement."""


def is_refusal(error: Exception) -> bool:
    """Whether the server answered and said no, rather than not answering at all."""
    return isinstance(error, DatabaseError) and not isinstance(error, OperationalError)


def clickhouse_client(settings: Settings) -> Client:
    """Connect to the ClickHouse that the settings name.

    Raises:
        ClickHouseUnavailableError: it does not answer, or refuses the user or the database.
    """
    try:
        return clickhouse_connect.get_client(
            dsn=settings.clickhouse_url,
            interface=urlsplit(settings.clickhouse_url).scheme,  # by itself the client looks at the port only
            compress=settings.clickhouse.url is not None,  # on this machine it would only cost time
            connect_timeout=settings.clickhouse.timeout_s,
            send_receive_timeout=settings.clickhouse.timeout_s,
            autogenerate_session_id=False,  # statements need no session, and a session allows one at a time
        )
    except ERRORS as error:
        if is_refusal(error):
            raise ClickHouseUnavailableError(
                f"ClickHouse refuses the connection: {first_line(error)} Check the setting clickhouse.url."
            ) from error
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
