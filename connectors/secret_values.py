"""What must never be told: the secret values of the settings, taken out of whatever is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

HIDDEN = "**********"
LEAST_CHARACTERS = 4
"""Shorter ones would blot out words that have nothing to do with them."""


def secret_values(settings: BaseModel) -> set[str]:
    """All secrets: whole values, and the users' passwords within URLs, as they are written and as they are meant."""
    return {value for value in _values(settings) if len(value) >= LEAST_CHARACTERS}


def _values(part: Any) -> Iterator[str]:
    if isinstance(part, SecretStr):
        value = part.get_secret_value()
        if "://" in value:  # the rest of a URL helps whoever looks for a fault
            yield from _passwords(value)
        else:
            yield value
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _values(getattr(part, name))
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _values(each)
    elif isinstance(part, str) and "://" in part:
        yield from _passwords(part)


def _passwords(url: str) -> Iterator[str]:
    password = urlsplit(url).password
    if password:
        yield from (password, unquote(password))


class Redactor:
    """Takes secrets out of texts, and out of the events of structlog as one of its processors.

    Args:
        settings: whose secrets are hidden.
    """

    def __init__(self, settings: BaseModel) -> None:
        # the longest first, so that no part of one is left
        self._secrets = sorted(secret_values(settings), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def __call__(self, logger: object, method: str, event: Any) -> Any:
        """An event, or its finished line, without secrets."""
        return self.text(event) if isinstance(event, str) else {key: self._hide(value) for key, value in event.items()}

    def _hide(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._hide(inner) for key, inner in value.items()}
        return [self._hide(inner) for inner in value] if isinstance(value, list | tuple) else value
