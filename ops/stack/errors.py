"""What can go wrong with the embedded stack, as sentences for the person at the keyboard."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot do what was asked; the message says what happened and what to do."""
