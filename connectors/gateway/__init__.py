"""The HTTP gateway: one router a capability, joined in ``app``."""

from .app import make_gateway

__all__ = ["make_gateway"]
