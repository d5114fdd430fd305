"""Pictures fetched from a real TLS server: what it may answer, and how long."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest

from embeddings.errors import PictureNotFetched
from embeddings.remote_pictures import MAX_BYTES, Address, PictureSource, is_public, resolve
from tests.helpers.picture_host import (
    HOST,
    LOOPBACK,
    PICTURE,
    Answer,
    Certificate,
    PictureHost,
    picture_host,
    resolves_to,
    response,
    sends,
)

PUBLIC = ip_address("93.184.215.14")


def fetched(source: PictureSource, url: str) -> bytes:
    return asyncio.run(source.fetch(url))


def refusal(source: PictureSource, url: str) -> str:
    """Why no picture came; it never tells what is inside."""
    with pytest.raises(PictureNotFetched) as refused:
        fetched(source, url)
    reason = str(refused.value)
    assert "127.0.0.1" not in reason
    assert "\n" not in reason
    return reason


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def host(certificate: Certificate) -> Iterator[PictureHost]:
    with picture_host(certificate, sends(response(PICTURE))) as made:
        yield made


def test_a_picture_comes_from_a_listed_host(host: PictureHost) -> None:
    assert fetched(host.source(), host.url("/a%20b.jpg?size=1&c=d")) == PICTURE
    (request,) = host.requests
    assert request.startswith(b"GET /a%20b.jpg?size=1&c=d HTTP/1.1\r\n")
    assert f"host: {HOST}:{host.port}\r\n" in request.decode().lower()
    assert "accept-encoding: identity\r\n" in request.decode().lower()
    assert host.names == [HOST], "TLS asks for the name, though an address was connected to"


@pytest.mark.parametrize("written", ["Pictures.EXAMPLE", HOST])
def test_upper_and_lower_case_are_one_host(host: PictureHost, written: str) -> None:
    assert fetched(host.source(), host.url(host=written)) == PICTURE
    assert host.names == [HOST]


def test_a_picture_without_a_path_is_the_root(host: PictureHost) -> None:
    fetched(host.source(), host.url(""))
    assert host.requests[0].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
def test_a_picture_comes_over_ipv6(certificate: Certificate) -> None:
    with picture_host(certificate, sends(response(PICTURE)), ip_address("::1")) as host:
        source = host.source(resolve=resolves_to(ip_address("::1")))
        assert fetched(source, host.url()) == PICTURE


@pytest.mark.parametrize("name", ["other.example", "www.pictures.example"])
def test_the_certificate_must_be_of_the_name(host: PictureHost, name: str) -> None:
    assert "could not be reached" in refusal(host.source(name), host.url(host=name))
    assert host.num_connections == 1
    assert not host.requests


def test_a_certificate_that_nobody_vouches_for_is_refused(host: PictureHost) -> None:
    stranger = replace(host.source(), tls=httpx.create_ssl_context())
    assert "could not be reached" in refusal(stranger, host.url())
    assert host.num_connections == 1
    assert not host.requests


def test_a_name_is_asked_for_once_and_the_connection_goes_there(host: PictureHost) -> None:
    asked = []

    async def another_each_time(name: str) -> list[Address]:
        asked.append(name)
        return [LOOPBACK] if len(asked) == 1 else [ip_address("192.0.2.1")]

    assert fetched(host.source(resolve=another_each_time), host.url()) == PICTURE
    assert asked == [HOST]


@pytest.mark.parametrize("addresses", [[LOOPBACK], [LOOPBACK, PUBLIC], [PUBLIC, LOOPBACK], []])
def test_one_address_inside_and_none_is_used(host: PictureHost, addresses: list[Address]) -> None:
    source = replace(host.source(resolve=resolves_to(*addresses)), is_allowed=is_public)
    assert "no public address" in refusal(source, host.url())
    assert host.num_connections == 0


def test_a_name_that_means_this_machine_is_refused(host: PictureHost) -> None:
    source = PictureSource(frozenset({f"localhost:{host.port}"}))
    assert "no public address" in refusal(source, host.url(host="localhost"))
    assert host.num_connections == 0
    assert LOOPBACK in asyncio.run(resolve("localhost"))


def test_a_name_that_nobody_knows_is_told_like_one_inside() -> None:
    source = PictureSource(frozenset({"pictures.invalid"}))
    assert "no public address" in refusal(source, "https://pictures.invalid/a.jpg")


def test_a_host_that_does_not_listen_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    source = PictureSource(frozenset({f"{HOST}:{port}"}), resolves_to(LOOPBACK), lambda _: True)
    assert "could not be reached" in refusal(source, f"https://{HOST}:{port}/a.jpg")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used(
    host: PictureHost, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert fetched(host.source(), host.url()) == PICTURE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(host: PictureHost, status: int) -> None:
    host.answer = sends(response(b"", f"location: {host.url('/b.jpg')}", status=f"{status} Moved"))
    assert "leads to another" in refusal(host.source(), host.url())
    assert host.num_connections == 1


@pytest.mark.parametrize("status", [201, 204, 206, 400, 401, 404, 500, 503])
def test_only_a_whole_picture_is_taken(host: PictureHost, status: int) -> None:
    body = b"" if status == 204 else b"the secret of the inside"
    host.answer = sends(response(body, status=f"{status} Whatever"))
    reason = refusal(host.source(), host.url())
    assert str(status) in reason
    assert "secret" not in reason


def test_a_picture_of_the_greatest_size_is_taken_and_none_above(host: PictureHost) -> None:
    host.answer = sends(response(bytes(MAX_BYTES)))
    assert len(fetched(host.source(), host.url())) == MAX_BYTES
    host.answer = sends(response(bytes(MAX_BYTES + 1)))
    assert "larger than 10 MiB" in refusal(host.source(), host.url())


def test_a_length_that_is_too_small_does_not_let_more_through(host: PictureHost) -> None:
    host.answer = sends(response(PICTURE + bytes(MAX_BYTES), f"content-length: {len(PICTURE)}"))
    assert fetched(host.source(), host.url()) == PICTURE


def test_a_picture_without_a_length_is_cut_off_at_the_greatest_size(host: PictureHost) -> None:
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    sent: list[bytes] = []

    def endless(connection: ssl.SSLSocket) -> None:
        connection.sendall(response(b"", "transfer-encoding: chunked"))
        while len(sent) < 1000:
            connection.sendall(chunk)
            sent.append(chunk)

    host.answer = endless
    assert "larger than 10 MiB" in refusal(host.source(), host.url())
    assert len(sent) < 100


def test_a_picture_that_ends_before_its_length_is_refused(host: PictureHost) -> None:
    host.answer = sends(response(PICTURE[:100], f"content-length: {len(PICTURE)}"))
    assert "broke off" in refusal(host.source(), host.url())


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP"])
def test_a_compressed_answer_is_refused_however_small(host: PictureHost, coding: str) -> None:
    body = gzip.compress(bytes(100 * 2**20))
    host.answer = sends(response(body, f"content-encoding: {coding}"))
    assert "compresses" in refusal(host.source(), host.url())


@pytest.mark.parametrize(
    "answer",
    [
        sends(pause_s=0),
        sends(b"SSH-2.0-OpenSSH_9.2\r\n"),
        sends(b"HTTP/1.1 200 OK\r\nx: " + bytes(200_000)),
        sends(response(PICTURE, "content-length: -1")),
        sends(response(PICTURE, "content-length: 5, 6")),
        sends(response(PICTURE, "transfer-encoding: gzip, chunked")),
    ],
    ids=["nothing", "another protocol", "endless headers", "length -1", "two lengths", "coding"],
)
def test_an_answer_that_is_no_http_is_told(host: PictureHost, answer: Answer) -> None:
    host.answer = answer
    assert "broke off" in refusal(host.source(), host.url())


def test_all_of_it_takes_five_seconds_at_most(certificate: Certificate) -> None:
    slow = {
        "silence": sends(b"", b"", pause_s=20),
        "a byte now and then": sends(
            response(b"", "content-length: 100"), *[b"x"] * 100, pause_s=0.2
        ),
        "always about to begin": sends(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 100, pause_s=0.2),
    }

    async def seconds_until_refused(source: PictureSource, url: str) -> float:
        began = time.monotonic()
        with pytest.raises(PictureNotFetched, match="within 5 s"):
            await source.fetch(url)
        return time.monotonic() - began

    async def unresolved(_: str) -> list[Address]:
        await asyncio.sleep(20)
        return []

    async def all_at_once(hosts: list[PictureHost]) -> list[float]:
        waits = [seconds_until_refused(host.source(), host.url()) for host in hosts]
        source = PictureSource(frozenset({HOST}), unresolved)
        return await asyncio.gather(*waits, seconds_until_refused(source, f"https://{HOST}/a"))

    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(picture_host(certificate, slow[kind])) for kind in slow]
        assert all(4.9 < seconds < 6 for seconds in asyncio.run(all_at_once(hosts)))
        assert [len(host.requests) for host in hosts] == [1, 1, 1]


def test_a_request_that_is_given_up_gives_up_the_fetching(host: PictureHost) -> None:
    host.answer = sends(b"", b"", pause_s=20)

    async def give_up() -> None:
        async with asyncio.timeout(0.3):
            await host.source().fetch(host.url())

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
