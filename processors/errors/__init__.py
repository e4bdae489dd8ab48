"""Errors made up from templates, in the styles that triggers ask for."""

from .generator import MadeUp, make_up
from .styles import Style, Styles, StylesError

__all__ = ["MadeUp", "Style", "Styles", "StylesError", "make_up"]
