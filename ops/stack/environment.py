"""Hand the settings in force to another process."""

from __future__ import annotations

import json
import os
from typing import Any

from pydantic import BaseModel, SecretStr

from connectors.settings import Settings

PREFIX = "CONTINUO_"


def environment_with(settings: Settings) -> dict[str, str]:
    """This process's environment, with variables that make ``Settings()`` elsewhere equal to ``settings``.

    A settings file does not count there: every value stands in a variable.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {"CONTINUO_SETTINGS": os.devnull} | _variables(settings, PREFIX)


def _variables(section: BaseModel, prefix: str) -> dict[str, str]:
    variables: dict[str, str] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        variable = f"{prefix}{name.upper()}"
        if isinstance(value, BaseModel):
            variables |= _variables(value, f"{variable}__")
        elif value is not None:  # what is not set is None there as well
            variables[variable] = _text(value)
    return variables


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value) if isinstance(value, list | tuple | dict | bool) else str(value)
