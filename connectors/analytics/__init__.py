"""The panels of the history: what is asked of ClickHouse, for the page, for Grafana and for programs."""

from .panels import Panel, PanelError, Period, load_panels, run_panel

__all__ = ["Panel", "PanelError", "Period", "load_panels", "run_panel"]
