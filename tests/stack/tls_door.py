"""A door with TLS before a server that has none of its own, as a proxy in a data centre is one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from ops.stack.ports import HOST

CHUNK_BYTES = 1 << 16


class TlsDoor:
    """Passes on what comes in encrypted.

    Attributes:
        port: where it listens.
        said: what clients said, decrypted; its first bytes.
    """

    def __init__(self, folder: Path, behind: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "broker.pem")
        self._behind = behind
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self.said = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(client, server_side=True) as inside,
            socket.create_connection((HOST, self._behind)) as server,
        ):
            back = threading.Thread(target=self._pass, args=(server, inside), daemon=True)
            back.start()
            self._pass(inside, server, listen=True)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket, listen: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                if listen:
                    self.said += data[:CHUNK_BYTES]
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tls_door(folder: Path, behind: int) -> Iterator[TlsDoor]:
    """A door with the certificate in ``folder``, before the local port ``behind``."""
    door = TlsDoor(folder, behind)
    try:
        yield door
    finally:
        door.close()
