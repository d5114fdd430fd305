"""Which URLs of pictures, and which addresses, are connected to: none but listed, public ones."""

import asyncio
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embeddings.errors import InvalidSettings, PictureNotFetched
from embeddings.remote_pictures import Address, PictureSource, is_public

HOST = "pictures.example"
NAT64 = ip_network("64:ff9b::/96")
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody."""


async def never_asked(name: str) -> list[Address]:
    raise AssertionError(f"{name} was asked for")


UNREACHABLE = PictureSource(frozenset({HOST, "listed.example:8443"}), never_asked, tls=NO_TLS)


def refusal(source: PictureSource, url: str) -> str:
    """Why no picture came."""
    with pytest.raises(PictureNotFetched) as refused:
        asyncio.run(source.fetch(url))
    return str(refused.value)


def test_without_a_list_nothing_is_fetched_and_the_message_says_how() -> None:
    assert "EMBEDDING_IMAGE_HOSTS" in refusal(PictureSource(frozenset()), f"https://{HOST}/a.jpg")


@pytest.mark.parametrize(
    "url",
    [
        f"https://{HOST}.evil.example/a", f"https://evil.example/{HOST}", "https://evil.example",
        f"https://x.{HOST}/a", f"https://{HOST}:444/a", f"https://{HOST}:80/a",
        "https://listed.example/a", "https://listed.example:443/a", "https://localhost/a",
        "https://xn--pctures-r4a.example/a",
    ],
)  # fmt: skip
def test_another_host_or_port_than_is_listed_is_refused(url: str) -> None:
    assert "not fetched from this host" in refusal(UNREACHABLE, url)


@pytest.mark.parametrize(
    "url",
    [
        "", "/etc/passwd", "file:///etc/passwd", f"http://{HOST}/a", f"ftp://{HOST}/a",
        f"//{HOST}/a",
        f"https:/{HOST}/a", f"https:///{HOST}/a", f"https:{HOST}/a", f"https:\\\\{HOST}\\a",
        f"https://{HOST}\\@evil.example/a", f"https://{HOST}@evil.example/a",
        f"https://user:secret@{HOST}/a", f"https://@{HOST}/a", f"https://{HOST}#@evil.example/a",
        f"https://{HOST}/a#b", f"https://{HOST}?a=b", f"https://{HOST}:/a", f"https://{HOST}:0443/a",
        f"https://{HOST}:+443/a", f"https://{HOST}:443:443/a", f"https://{HOST}:99999999/a",
        f"https://{HOST}./a", f"https://.{HOST}/a", f"https://{HOST}%2f@evil.example/a",
        "https://%70ictures.example/a", "https://picture\u017f.example/a",
        "https://pictures\u3002example/a", "https://p\u0456ctures.example/a",
        f" https://{HOST}/a", f"https://{HOST}/a\n", f"https://{HOST}/a b", f"https://{HOST}/\ta",
        f"https://{HOST}/a\r\nx: y", f"https://{HOST}/\0", f"https://{HOST}/\u00e9", f"https://{HOST}/<a>",
        "https://127.0.0.1/a", "https://2130706433/a", "https://0x7f000001/a", "https://0177.0.0.1/a",
        "https://127.1/a", "https://[::1]/a", "https://[::ffff:127.0.0.1]/a", "https://a.0x7f/a",
        f"https://{HOST}/" + "a" * 2048,
    ],
)  # fmt: skip
def test_a_url_of_another_form_is_refused(url: str) -> None:
    assert "https://HOST/PATH" in refusal(UNREACHABLE, url)


AUTHORITIES = st.sampled_from(
    [HOST, "evil.example", "user@", "@", "\\", ".", ":443", ":8443", ":", "%2e", "[::1]",
     "127.0.0.1", "0x7f.1", "xn--a", "#", "?", "/", "//", "\t", "\n", "\u3002", "\uff0e",
     "\u017f", "\u212a", " ", "\0"]
)  # fmt: skip
SCHEMES = st.sampled_from(["https://", "HTTPS://", "http://", "https:", "file://", "//", ""])


@given(
    st.tuples(SCHEMES, st.lists(AUTHORITIES | st.text(max_size=3), max_size=5), st.text(max_size=9))
    .map(lambda parts: parts[0] + "".join(parts[1]) + parts[2])
    | st.text()
)  # fmt: skip
@example(f"https://{HOST}/a")
@example(f"https://{HOST.upper()}:443/a")
@example(f"https://{HOST}\\@evil.example")
def test_no_url_leads_anywhere_but_to_a_listed_host(url: str) -> None:
    asked = []

    async def note(name: str) -> list[Address]:
        asked.append(name)
        return []

    refusal(PictureSource(frozenset({HOST}), note, tls=NO_TLS), url)
    if asked:
        split, other = urlsplit(url), httpx.URL(url)  # two readers, neither of which is ours
        assert asked == [HOST] == [split.hostname] == [other.host]
        assert (split.scheme, other.scheme) == ("https", "https")
        assert {split.port, other.port} <= {None, 443}
        assert not split.username
        assert not other.userinfo
        assert not split.fragment
        assert url.isascii()
        assert url.isprintable()


@pytest.mark.parametrize(
    "host",
    [
        "https://images.example", "images.example/", "*.images.example", "images.example:",
        "images.example:0", "images.example.", "b\u00fccher.example", "10.0.0.1", "[::1]", "0x7f.1",
        "user@images.example", "a..b", "-a.example", "a b", "a" * 64 + ".example",
    ],
)  # fmt: skip
def test_a_list_with_what_is_no_host_is_refused_at_the_start(host: str) -> None:
    with pytest.raises(InvalidSettings, match="EMBEDDING_IMAGE_HOSTS"):
        PictureSource(frozenset({"images.example", host}))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.31.0.1", "192.168.0.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "192.88.99.1",
        "::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "fec0::1",
        "ff02::1", "ff0e::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::192.168.0.1", "64:ff9b:1::7f00:1", "64:ff9b:1::8.8.8.8", "2002:7f00:1::",
        "2002:808:808::", "2001::1", "2001:0:808:808::", "2001:db8::1", "3fff::1",
        "100::1", "5f00::1",
    ],
)  # fmt: skip
def test_an_address_that_is_or_embeds_one_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


def test_a_network_without_ipv4_still_reaches_the_internet_by_nat64() -> None:
    assert is_public(ip_address("64:ff9b::8.8.8.8"))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_what_python_knows_as_special_is_not_public(address: Address) -> None:
    if address in NAT64:
        return  # reserved, as Python has it; it is what it embeds
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.ip_addresses(v=4))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("100.64.0.1"))
def test_an_ipv4_embedded_in_an_ipv6_never_opens_a_door(inside: IPv4Address) -> None:
    number = int(inside)
    assert is_public(IPv6Address((0x64FF9B << 96) + number)) == is_public(inside)
    for embedding in (
        number,
        (0xFFFF << 32) + number,
        (0x64FF9B0001 << 80) + number,
        (0x2002 << 112) + (number << 80),
        (0x20010000 << 96) + (number ^ 0xFFFFFFFF),
    ):
        assert not is_public(IPv6Address(embedding))
