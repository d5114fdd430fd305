"""The names that a server answers to.

A page from anywhere can have its own name lead to 127.0.0.1 (DNS rebinding); what it asks then
bears that name, which is none of ours.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

_LOOPBACK_NAME = "localhost"
_NAME_AND_PORT = re.compile(r"(\[[0-9a-f:.]+]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
_MAX_LENGTH = 260


class HostRefused(Exception):
    """A request that is not for this server."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Hosts:
    """The names of a server: those of loopback, the one that it was told to listen on, the address
    that a request has come to, and further ones that a person allows."""

    def __init__(self, listening: str, allowed: frozenset[str] = frozenset()) -> None:
        names = {_LOOPBACK_NAME, listening.lower(), *allowed}
        self._names = {_normal(name.strip("[]")) for name in names}
        self._judge = lru_cache(maxsize=256)(self._judge_once)

    def require(self, headers: Sequence[tuple[bytes, bytes]], reached: str | None) -> None:
        """Raises HostRefused unless a request has one Host, of ours; `reached` is the address that
        it has come to."""
        hosts = [value for name, value in headers if name == b"host"]
        is_one = len(hosts) == 1 and len(hosts[0]) <= _MAX_LENGTH  # what is judged is kept
        refused = self._judge(hosts[0], reached) if is_one else _NO_HOST
        if refused is not None:
            raise HostRefused(*refused)

    def _judge_once(self, value: bytes, reached: str | None) -> tuple[int, str] | None:
        """Status and reason of a refusal; None for a host of ours."""
        matched = _NAME_AND_PORT.fullmatch(value.decode("latin-1").lower())
        if matched is None:
            return _NO_HOST
        name = _normal(matched[1].removesuffix(".").strip("[]"))
        if name in self._names or is_loopback(name):
            return None
        if reached is not None and name == _normal(reached):
            return None
        return 421, (
            f"this server is not called {name[:100]}: ask it by its address, or have API_ALLOWED_"
            "HOSTS name that host where it runs"
        )


_NO_HOST = (400, "send one Host header: the name or address of this server")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what a name or address stands for."""
    if host == _LOOPBACK_NAME:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _normal(host: str) -> str:
    """An address as everybody writes it; a name as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(getattr(address, "ipv4_mapped", None) or address)
