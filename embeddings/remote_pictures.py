"""Pictures by URL: fetched from listed hosts only, and never from inside the server's own network.

A name is resolved once, and the connection goes to the address that was judged: a name that means
another address a moment later reaches nothing else.
"""

import asyncio
import functools
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

import httpx

from embeddings.errors import InvalidSettings, PictureNotFetched

MAX_BYTES = 10 * 1024 * 1024
MAX_SECONDS = 5.0
"""In all: for the name, the connection and the last byte."""
MAX_URL_CHARACTERS = 2048
Address = IPv4Address | IPv6Address

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = rf"(?=[^/:]{{1,253}}(?![^/:]))(?:{_LABEL}\.)*(?=[a-z]){_LABEL}"
"""A host's name; one whose last part begins with a digit may be read as a number, so as an IPv4."""
_PORT = r"[1-9][0-9]{0,4}"
_LISTED = re.compile(rf"{_NAME}(?::{_PORT})?")
_URL = re.compile(
    rf"(?i:https)://(?P<host>(?i:{_NAME}))(?::(?P<port>{_PORT}))?"
    r"(?P<path>/[a-zA-Z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII,  # or a long s would be an s, whatever its case
)
_HEADERS = {"accept": "image/*", "accept-encoding": "identity", "user-agent": "sceneseek"}
_PUBLIC_IPV6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)
"""IANA's special purposes; of IPv6, those within 2000::/3, such as Teredo (2001::/32) and 6to4."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet, and embeds none that does not.

    Of the forms that embed an IPv4, only the NAT64 that networks without IPv4 give every name
    (64:ff9b::/96) may be public, as far as what it embeds is.
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(address.packed[-4:]))
        if address not in _PUBLIC_IPV6:
            return False
    return not any(address in network for network in _NOT_PUBLIC)


async def resolve(host: str) -> list[Address]:
    """All addresses of a name, the one to try first. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(where[0]) for *_, where in found]


class _Place(NamedTuple):
    """What a URL names: a host in lower case, a port, a path with its query."""

    host: str
    port: int
    path: str


@dataclass(frozen=True)
class PictureSource:
    """The hosts from which pictures are fetched by https: `name`, or `name:port` if not 443.

    Raises InvalidSettings for what is no host's name.
    """

    hosts: frozenset[str]
    resolve: Callable[[str], Awaitable[list[Address]]] = resolve
    is_allowed: Callable[[Address], bool] = is_public
    tls: ssl.SSLContext = field(
        default_factory=functools.partial(httpx.create_ssl_context, trust_env=False)
    )

    def __post_init__(self) -> None:
        for host in sorted(self.hosts):
            if not _LISTED.fullmatch(host):
                raise InvalidSettings(
                    f"EMBEDDING_IMAGE_HOSTS: {host} is no name of a host, such as images.example "
                    "or images.example:8443"
                )

    async def fetch(self, url: str) -> bytes:
        """The file at `url`, 10 MiB at most, within 5 s. Raises PictureNotFetched."""
        place = self._place(url)
        try:
            async with asyncio.timeout(MAX_SECONDS):
                return await self._get(place, await self._address_of(place.host))
        except TimeoutError:
            raise PictureNotFetched(f"the picture did not come within {MAX_SECONDS:g} s") from None
        except (httpx.HTTPError, OSError):
            raise PictureNotFetched(
                "the picture's host could not be reached, or broke off: try again, or send the "
                "picture as base64"
            ) from None

    def _place(self, url: str) -> _Place:
        if not self.hosts:
            raise PictureNotFetched(
                "pictures are not fetched by URL here: send them as base64, or list their hosts in "
                "EMBEDDING_IMAGE_HOSTS"
            )
        found = _URL.fullmatch(url) if len(url) <= MAX_URL_CHARACTERS else None
        if found is None:
            raise PictureNotFetched(
                f"a picture's URL is https://HOST/PATH, of {MAX_URL_CHARACTERS:,} characters at "
                "most, all of them ASCII, without user or #fragment"
            )
        place = _Place(found["host"].lower(), int(found["port"] or 443), found["path"] or "/")
        is_listed = place.port == 443 and place.host in self.hosts
        if not is_listed and f"{place.host}:{place.port}" not in self.hosts:
            raise PictureNotFetched(
                "pictures are not fetched from this host: send the picture as base64, or have "
                "EMBEDDING_IMAGE_HOSTS list it"
            )
        return place

    async def _address_of(self, host: str) -> Address:
        """The one address that is connected to: none if any of the name's is not allowed."""
        try:
            addresses = await self.resolve(host)
        except OSError:
            addresses = []
        if not addresses or not all(map(self.is_allowed, addresses)):
            raise PictureNotFetched(
                "the picture's host has no public address: send the picture as base64"
            )
        return addresses[0]

    async def _get(self, place: _Place, address: Address) -> bytes:
        """What `address` answers in the name of the host, whose certificate it has to show."""
        authority = f"[{address}]" if address.version == 6 else str(address)
        async with (
            httpx.AsyncClient(verify=self.tls, trust_env=False, timeout=None) as client,
            client.stream(
                "GET",
                f"https://{authority}:{place.port}{place.path}",
                headers={**_HEADERS, "host": _host_header(place)},
                extensions={"sni_hostname": place.host},
            ) as answer,
        ):
            return await _body_of(answer)


def _host_header(place: _Place) -> str:
    return place.host if place.port == 443 else f"{place.host}:{place.port}"


async def _body_of(answer: httpx.Response) -> bytes:
    if answer.is_redirect:
        raise PictureNotFetched("the picture's URL leads to another: send that one")
    if answer.status_code != 200:
        raise PictureNotFetched(f"the picture's host answered with status {answer.status_code}")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise PictureNotFetched(
            "the picture's host compresses what it sends: send the picture as base64"
        )
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_BYTES:
            raise PictureNotFetched(f"the picture is larger than {MAX_BYTES // 2**20} MiB")
    return bytes(body)
