"""By which names a server may be asked: what a page gets to know whose own name leads here."""

import socket
import tracemalloc

import httpx
import pytest

from api.doors.hosts import HostRefused, Hosts
from ingest.settings import IngestSettings
from tests.helpers.commands import run_command
from tests.helpers.drilling import Made
from tests.helpers.http import assert_problem, serving
from tests.helpers.openai import refusal

LIBRARY = Hosts("0.0.0.0", frozenset({"films.example.org", "192.0.2.7"}))
REACHED = "198.51.100.4"


@pytest.fixture(scope="module")
def client(made: Made) -> httpx.Client:
    return made.client


def asked(hosts: Hosts, *names: str, reached: str | None = REACHED) -> int:
    """The status that a request with these Host headers is refused with; 200 if it is not."""
    try:
        hosts.require([(b"host", name.encode("latin-1")) for name in names], reached)
    except HostRefused as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1", "127.9.9.9:1", "[::1]:8000",
     "0.0.0.0", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
     "198.51.100.4:8000", "films.example.org", "Films.Example.Org:443", "192.0.2.7:8000"],
)  # fmt: skip
def test_loopback_the_address_that_is_reached_and_what_is_allowed_are_names_of_a_server(
    host: str,
) -> None:
    assert asked(LIBRARY, host) == 200


def test_names_that_are_too_long_take_no_memory() -> None:
    hosts = Hosts("127.0.0.1")
    tracemalloc.start()
    try:
        for number in range(100):
            assert asked(hosts, f"{number}" + "x" * 200_000) == 400
        kept, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "films.example.org.evil",
     "sub.films.example.org", "xlocalhost", "198.51.100.5", "[2001:db8::1]", "10.0.0.1",
     "2130706433", "127.1"],
)  # fmt: skip
def test_no_other_name_is(host: str) -> None:
    assert asked(LIBRARY, host) == 421


@pytest.mark.parametrize(
    "hosts",
    [(), ("",), ("localhost", "localhost"), ("localhost", "evil.example"), ("user@localhost",),
     ("localhost/",), ("localhost evil.example",), ("localhost:99999999",), ("\xe9",), ("[::1",),
     ("a" * 300,)],
)  # fmt: skip
def test_a_request_has_one_host_that_can_be_read(hosts: tuple[str, ...]) -> None:
    assert asked(LIBRARY, *hosts) == 400


def test_the_name_that_a_server_was_told_to_listen_on_is_its_own() -> None:
    assert asked(Hosts("studio.local"), "studio.local:8000") == 200
    assert asked(Hosts("::"), "[::]:8000") == 200
    assert asked(Hosts("127.0.0.1"), "studio.local:8000", reached=None) == 421


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/videos", "/", "/health", "/login", "/openapi.json", "/nowhere"])
def test_a_page_whose_name_leads_here_reads_nothing(
    client: httpx.Client, method: str, path: str
) -> None:
    answer = client.request(method, path, headers={"Host": "rebound.example"})
    assert answer.status_code == 421
    if method == "GET" and path == "/videos":
        assert "API_ALLOWED_HOSTS" in assert_problem(answer, 421)


def test_a_browser_is_told_in_a_page_and_openais_clients_in_their_shape(
    client: httpx.Client,
) -> None:
    headers = {"Host": "rebound.example:8000", "Accept": "text/html"}
    page = client.get("/videos", headers=headers)
    assert page.status_code == 421
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "not called rebound.example:" in page.text
    refusal(client.get("/v1/models", headers={"Host": "rebound.example"}), 421)


def test_a_server_of_embeddings_alone_checks_its_name_too(embeddings: httpx.Client) -> None:
    assert embeddings.get("/v1/models").status_code == 200
    refusal(embeddings.get("/v1/models", headers={"Host": "rebound.example"}), 421)
    assert_problem(embeddings.get("/health", headers={"Host": "rebound.example"}), 421)


@pytest.mark.parametrize("head", ["GET /videos HTTP/1.1", "GET /videos HTTP/1.0"])
def test_a_request_without_a_host_is_refused(client: httpx.Client, head: str) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as raw:
        raw.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] == b"400"


def test_hosts_that_are_allowed_are_answered(settings: IngestSettings) -> None:
    with serving(settings, API_ALLOWED_HOSTS="films.example.org, 192.0.2.7") as server:
        for host, status in (("films.example.org", 200), ("192.0.2.7", 200), ("a.example", 421)):
            assert server.client.get("/videos", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "value", ["https://films.example.org", "films.example.org:443", "*", "a b"]
)
def test_what_is_no_host_is_told_at_the_start(settings: IngestSettings, value: str) -> None:
    done = run_command("api", "--port", 0, settings=settings, API_ALLOWED_HOSTS=value)
    assert done.returncode == 1
    assert done.stderr.startswith("error: API_ALLOWED_HOSTS: ")
    assert "is no host" in done.stderr


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_a_server_without_keys_is_closed_to_what_a_proxy_passes_on(
    client: httpx.Client, header: str
) -> None:
    told = {header: "for=192.0.2.1"}
    assert "API_REQUIRE_KEYS" in assert_problem(client.get("/videos", headers=told), 403)
    assert client.get("/health", headers=told).status_code == 200


@pytest.mark.parametrize("path", ["/", "/videos", "/videos/1/stream", "/scenes/1/keyframe.jpg"])
def test_no_answer_is_a_part_of_another_sites_page(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
