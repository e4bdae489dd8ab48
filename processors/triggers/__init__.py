"""Triggers: what is to happen on which beat, by rules, each thing once."""

from .engine import Shot, SourceTriggers
from .rules import Rule, Rules, RulesError

__all__ = ["Rule", "Rules", "RulesError", "Shot", "SourceTriggers"]
