"""The styles of errors: one YAML file of templates, ``styles.yaml`` beside this module by default."""

from __future__ import annotations

import string
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.rhythm import Severity

FILE_MAX_BYTES = 1 << 20
BURST_MAX = 32
PLACEHOLDERS = frozenset({"component", "location", "body", "section", "beat", "tempo", "number"})

Text = Annotated[str, Field(min_length=1, max_length=500)]
Texts = Annotated[tuple[Text, ...], Field(max_length=1000)]


class StylesError(ValueError):
    """The file of styles cannot be used; the message says why."""


class Style(BaseModel):
    """One style: what its errors are made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: Texts = Field(min_length=1)
    codes: Texts = Field(min_length=1)
    severities: tuple[Severity, ...] = Field(min_length=1)
    components: Texts = ()
    locations: Texts = ()
    bodies: Texts = ()
    burst: tuple[int, int] = (1, 1)

    @field_validator("messages")
    @classmethod
    def _known_placeholders(cls, messages: tuple[str, ...]) -> tuple[str, ...]:
        for message in messages:
            names = {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}
            if names - PLACEHOLDERS:
                raise ValueError(f"{message!r} uses {', '.join(sorted(names - PLACEHOLDERS))}, which is not given")
        return messages

    @field_validator("burst")
    @classmethod
    def _bounded(cls, burst: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= burst[0] <= burst[1] <= BURST_MAX:
            raise ValueError(f"a burst goes from at least 1 to at most {BURST_MAX} errors")
        return burst

    @model_validator(mode="after")
    def _something_to_fill_in(self) -> Style:
        lists = {"{component}": self.components, "{location}": self.locations, "{body}": self.bodies}
        for placeholder, texts in lists.items():
            if not texts and any(placeholder in message for message in self.messages):
                raise ValueError(f"a message uses {placeholder}, and the style has no texts for it")
        return self


class Styles(BaseModel):
    """All styles by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    styles: dict[str, Style] = Field(min_length=1, max_length=100)

    @classmethod
    def load(cls, file: Path | None = None) -> Styles:
        """Read a file of styles; without one, the five that are built in.

        Raises:
            StylesError: it cannot be read, or is not what is expected.
        """
        name = str(file or "the built-in styles")
        try:
            data = file.read_bytes() if file else resources.files(__package__).joinpath("styles.yaml").read_bytes()
            if len(data) > FILE_MAX_BYTES:
                raise StylesError(f"{name} has {len(data)} bytes; {FILE_MAX_BYTES} are allowed.")
            return cls.model_validate(yaml.safe_load(data))
        except OSError as error:
            raise StylesError(f"The styles {name} cannot be read: {error.strerror}.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise StylesError(f"The styles {name} are no YAML: {error}.") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise StylesError(f"The styles {name} cannot be used: {where}: {first['msg']}.") from error
