"""The form of the page: addresses that are short, and mean the same everywhere."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError
from starlette.requests import Request

from api.views.form import PageForm, read_form


def form_of(address: str) -> PageForm:
    query = urlsplit(address).query.encode()
    return read_form(Request({"type": "http", "query_string": query, "headers": []}))


@pytest.mark.parametrize("address", [
    "/",
    "/?q=drilling",
    "/?q=%22in+quotes%22+-not+%26+%C3%A9",
    "/?q=a&then=b&then=c&within_s=60",
    "/?q=a&vision=0",
    "/?q=a&vision=0.35",
    "/?q=a&language=de&recorded_from=2026-01-01&clock_from=18%3A30&kinds=speech&kinds=ocr&tags=x",
    "/?q=a&recorded_to=2026-01-01T12%3A30%3A00%2B00%3A00",
    "/?q=a&min_duration_s=60&max_duration_s=90.5",
    "/?q=a&sort=date&by_video=true&fold=true&min_score=0.4&mode=balanced",
    "/?similar=7&by=look",
    "/?q=a&recorded_from=2026-11-25T22%3A30%3A00%2B00%3A00&clock_from=10%3A00%3A30",
    "/?q=a&clock_to=10%3A00%3A00.000500",
])  # fmt: skip
def test_an_address_comes_back_as_it_was(address: str) -> None:
    assert form_of(address).url() == address


def test_what_is_named_twice_counts_once() -> None:
    address = (
        "/?q=a&kinds=speech&kinds=speech&tags=x&tags=+x++&video_ids=3&video_ids=3&like=5&like=5"
    )
    assert form_of(address).url() == "/?q=a&video_ids=3&kinds=speech&tags=x&like=5"


def test_what_says_nothing_is_not_in_the_address() -> None:
    address = (
        "/?q=a&mode=auto&sort=&fold=false&language=&within_s=30&limit=24&min_score=0&shown=48"
        "&cursor=x&utm_source=mail&tags="
    )
    assert form_of(address).url() == "/?q=a"


def test_a_date_is_the_start_of_its_day() -> None:
    form = form_of("/?q=a&recorded_from=2026-01-01&recorded_to=2026-02-01")
    assert form.recorded_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert form.text("recorded_to") == "2026-02-01"
    with pytest.raises(ValidationError):
        form_of("/?q=a&recorded_from=2026-13-01")


def test_a_date_of_another_time_zone_is_told_in_utc() -> None:
    form = form_of("/?q=a&recorded_from=2026-11-26T00:30:00%2B02:00")
    assert form.text("recorded_from") == "2026-11-25T22:30:00+00:00"
    assert form_of("/?q=a&recorded_to=2026-11-26T02:00:00%2B02:00").text("recorded_to") == (
        "2026-11-26"
    )
    for extreme in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        with pytest.raises(ValidationError, match="years 1 to 9999"):
            form_of(f"/?q=a&recorded_from={extreme}")


def test_an_address_with_changes_leaves_out_what_is_taken_away() -> None:
    form = form_of("/?q=a&tags=x&tags=y&fold=true&like=3")
    assert form.url(tags=("y",), fold=None, like=()) == "/?q=a&tags=y"
    assert form.url(cursor="next", limit=96) == (
        "/?q=a&tags=x&tags=y&limit=96&cursor=next&fold=true&like=3"
    )
