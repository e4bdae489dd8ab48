"""TCP ports on 127.0.0.1: which are free, and who has those that are not."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import psutil

from .errors import StackError

HOST = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """``count`` different ports that nobody listens on at the moment."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def require_free(port: int, setting: str, part: str) -> None:
    """Check that ``part`` can listen on ``port``.

    Raises:
        StackError: somebody else listens there; names the process where the system tells, and the
            setting (such as ``kafka_port``) that chooses another port.
    """
    with socket.socket() as probe:
        # a port that is only waiting for old connections to expire counts as free, as it does for the servers
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise StackError(
                f"Port {port}, which {part} needs, is in use by {_listener(port)}. "
                f"End that process, or choose another port: embedded.{setting} in the settings file, "
                f"or the variable CONTINUO_EMBEDDED__{setting.upper()}."
            ) from None


def _listener(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS shows them to root only
        connections = []
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.Error:
                return f"process {connection.pid}"
    return "another program"
