"""The rules of the triggers: one YAML file, ``rules.yaml`` beside this module by default."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.rhythm import SectionLabel

RULES_MAX = 64
FILE_MAX_BYTES = 64 << 10


class RulesError(ValueError):
    """The file of rules cannot be used; the message says why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Part):
    """One rule: every so many beats, by section."""

    trigger: str = Field(min_length=1, max_length=64)
    every_beats: int = Field(ge=1, le=4096)
    error_types: dict[SectionLabel, str]

    def fires_on(self, beat: int, section: SectionLabel) -> bool:
        """Whether it fires on the beat of this number, counted from 1, in this section."""
        return beat % self.every_beats == 0 and section in self.error_types


class Limits(_Part):
    """What keeps a source from firing too much."""

    max_per_minute: int = Field(60, ge=1, le=6000)
    min_confidence: float = Field(0.0, ge=0.0, le=1.0)


class Rules(_Part):
    """All rules, the first that fits a beat counts."""

    rules: tuple[Rule, ...] = Field(min_length=1, max_length=RULES_MAX)
    limits: Limits = Limits()
    version: str = ""

    @classmethod
    def load(cls, file: Path | None = None) -> Rules:
        """Read a file of rules; without one, the rules of the rhythm service.

        Raises:
            RulesError: it cannot be read, or is not what is expected.
        """
        name = str(file or "the built-in rules")
        try:
            data = file.read_bytes() if file else resources.files(__package__).joinpath("rules.yaml").read_bytes()
            if len(data) > FILE_MAX_BYTES:
                raise RulesError(f"{name} has {len(data)} bytes; {FILE_MAX_BYTES} are allowed.")
            content = yaml.safe_load(data)
            if not isinstance(content, dict):
                raise RulesError(f"{name} holds no rules: expected the keys `rules` and `limits`.")
            return cls.model_validate(content | {"version": f"rules-{hashlib.sha256(data).hexdigest()[:8]}"})
        except OSError as error:
            raise RulesError(f"The rules {name} cannot be read: {error.strerror}.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise RulesError(f"The rules {name} are no YAML: {error}.") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RulesError(f"The rules {name} cannot be used: {where}: {first['msg']}.") from error

    def rule_for(self, beat: int, section: SectionLabel) -> Rule | None:
        """The rule that fires on a beat, if any."""
        return next((rule for rule in self.rules if rule.fires_on(beat, section)), None)
