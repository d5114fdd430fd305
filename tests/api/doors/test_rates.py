"""How often a key may ask, and what it is told when it asks more often."""

from api.doors.rates import Buckets, network_of
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers.guarded import coming_from, guarded_library
from tests.helpers.http import assert_problem, serving
from tests.helpers.openai import refusal


class Clock:
    """It stands still unless it is told to go on."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_bucket_is_emptied_at_once_and_filled_evenly() -> None:
    clock = Clock()
    buckets = Buckets(60, burst=3, clock=clock)
    assert [buckets.take("anna") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("anna") == 1
    assert buckets.take("bert") == 0
    clock.now_s += 0.75
    assert buckets.take("anna") == 0.25
    clock.now_s += 0.25
    assert [buckets.take("anna"), buckets.take("anna")] == [0, 1]
    clock.now_s += 3600
    assert [buckets.take("anna") for _ in range(4)] == [0, 0, 0, 1]


def test_who_asks_too_often_waits_no_longer_for_asking_on() -> None:
    clock = Clock()
    buckets = Buckets(60, burst=1, clock=clock)
    assert buckets.take("anna") == 0
    for _ in range(100):
        assert buckets.take("anna") == 1
    clock.now_s += 1
    assert buckets.take("anna") == 0


def test_buckets_of_many_addresses_take_no_more_and_more_memory() -> None:
    clock = Clock()
    buckets = Buckets(60, burst=1, clock=clock)
    for number in range(30_000):
        buckets.take(number)
    assert len(buckets._full_at_s) <= 10_000
    assert buckets.take(29_999) == 1


def test_an_address_of_ipv6_counts_as_its_network() -> None:
    assert network_of("2001:db8:1:2:a::1") == network_of("2001:db8:1:2:ffff::2")
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("::ffff:192.0.2.1") != network_of("::ffff:192.0.2.2")


def test_what_is_no_address_is_one_for_all_who_make_some_up() -> None:
    assert network_of("testclient") == network_of("x" * 100_000) == network_of("")
    assert network_of("::ffff:192.0.2.1%" + "x" * 100_000) == network_of("192.0.2.1")


def test_a_key_that_asks_too_often_is_told_when_to_come_again_and_others_go_on(
    settings: IngestSettings, encoders: Encoders
) -> None:
    with guarded_library(settings, encoders, API_REQUESTS_PER_MINUTE="6") as guarded:
        answers = [guarded.client.get("/videos", headers=guarded.by("read")) for _ in range(12)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:6] == [200] * 6
        assert 429 in statuses[6:]
        late = next(answer for answer in answers if answer.status_code == 429)
        assert "too many requests" in assert_problem(late, 429)
        assert 1 <= int(late.headers["retry-after"]) <= 10
        openai = guarded.client.get("/v1/models", headers=guarded.by("read"))
        assert refusal(openai, 429)["code"] == "rate_limit_exceeded"
        assert int(openai.headers["retry-after"]) > 0
        page = guarded.client.get("/", headers=guarded.by("read") | {"Accept": "text/html"})
        assert page.status_code == 429
        assert "too many requests" in page.text
        assert guarded.client.get("/videos", headers=guarded.by("write")).status_code == 200
        assert guarded.client.get("/health").status_code == 200
        lives = [guarded.client.get("/health", headers=coming_from("192.0.2.9")) for _ in range(9)]
        assert_problem(lives[-1], 429)
        for address in ("192.0.2.10", "127.0.0.1"):
            assert guarded.client.get("/health", headers=coming_from(address)).status_code == 200


def test_where_no_key_is_needed_nobody_is_held_back(settings: IngestSettings) -> None:
    with serving(settings, API_REQUESTS_PER_MINUTE="1") as server:
        for _ in range(10):
            assert server.client.get("/videos").status_code == 200
