"""Who may do what: tokens with scopes, how often, and nobody from elsewhere where there are no tokens."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, WebSocketException
from fastapi.security import HTTPBearer
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from connectors.settings import GatewaySettings

Scope: TypeAlias = Literal["read", "publish", "rhythm"]

SOCKET_PROTOCOL = "continuo.notes"
TOKEN_PROTOCOL = "continuo.token."
"""A page cannot set headers of a WebSocket: it offers its token as a protocol of this prefix."""
POLICY_VIOLATION = 1008
LOCAL = "this machine"
REMEMBERED = 256
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Access:
    """Lets requests pass, or refuses them. Each gateway counts the requests that it answers itself."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._allowed_hosts = frozenset(settings.allowed_hosts)
        self._tokens = {token.sha256: token for token in settings.tokens}
        self._local_limit: RateLimitItem = RateLimitItemPerSecond(settings.requests_per_s)
        self._limits = {token.sha256: RateLimitItemPerSecond(token.requests_per_s) for token in settings.tokens}
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def needs(self, scope: Scope) -> Sequence[Any]:
        """The dependencies of a route or router whose requests need ``scope``; for WebSockets too."""
        return [Depends(_Needs(self, scope))]

    def check(self, connection: HTTPConnection, scope: Scope) -> None:
        """Let a request pass.

        Raises:
            HTTPException: it may not; says why.
        """
        if not self._tokens:
            self._require_local(connection)
            self._count(self._local_limit, LOCAL)
            return
        secret = _secret_of(connection)
        token = self._tokens.get(hash_of(secret)) if secret else None
        if token is None:
            raise HTTPException(401, "Give a token of this gateway.", {"WWW-Authenticate": "Bearer"})
        self._count(self._limits[token.sha256], token.sha256)
        if scope not in token.scopes:
            raise HTTPException(403, f"The token {token.name!r} has not the scope {scope!r}.")

    def _require_local(self, connection: HTTPConnection) -> None:
        """Refuse what comes from elsewhere, also by way of a proxy or of a page of another site."""
        headers = connection.headers
        if connection.client is None or not _is_loopback(connection.client.host):
            raise HTTPException(403, "Without tokens the gateway answers this machine only: set gateway.tokens.")
        if any(name in headers for name in FORWARDED):
            raise HTTPException(403, "Requests that come through a proxy need a token: set gateway.tokens.")
        if (called := _name_in(headers.get("host", ""))) not in self._allowed_hosts:
            raise HTTPException(403, f"The gateway is not called {called!r}: see gateway.allowed_hosts.")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            raise HTTPException(403, "Pages of other sites may not use the gateway.")

    def _count(self, limit: RateLimitItem, who: str) -> None:
        if not self._limiter.hit(limit, who):
            raise HTTPException(429, f"More than {limit.amount} requests a second.", {"Retry-After": "1"})


class _Needs(HTTPBearer):
    """A dependency; as a scheme of security the documentation tells of it."""

    def __init__(self, access: Access, scope: Scope) -> None:
        super().__init__(description="A token of the settings; without tokens, this machine needs none.")
        self._access = access
        self._scope = scope

    async def __call__(self, connection: HTTPConnection) -> None:
        try:
            self._access.check(connection, self._scope)
        except HTTPException as error:
            if connection.scope["type"] == "websocket":
                raise WebSocketException(POLICY_VIOLATION, str(error.detail)) from error
            raise


def hash_of(secret: str) -> str:
    """What the settings hold of a token: its SHA-256. The secret is long and random, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


@lru_cache(maxsize=REMEMBERED)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=REMEMBERED)
def _name_in(host: str) -> str | None:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _secret_of(connection: HTTPConnection) -> str | None:
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        return secret.strip()
    offered = connection.scope.get("subprotocols", ())
    return next((name.removeprefix(TOKEN_PROTOCOL) for name in offered if name.startswith(TOKEN_PROTOCOL)), None)
