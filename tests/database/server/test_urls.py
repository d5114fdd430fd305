"""A URL of a database names one server, or several of which the one that takes writes is meant."""

import pytest

from database.errors import DatabaseUnreachable
from database.server.urls import described, names_several, read_url
from database.settings import DatabaseSettings


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("postgresql://me:p%40ss@a:5432,b:5433/films", "a,b", "5432,5433"),
        ("postgres://me:p%40ss@a,b/films", "a,b", ","),
        ("postgresql://me:p%40ss@/films?host=/x,/y&port=1,2", "/x,/y", "1,2"),
    ],
)
def test_of_several_servers_the_one_that_takes_writes_is_meant(
    text: str, host: str, port: str
) -> None:
    url = read_url(text, "DATABASE_URL")
    assert names_several(url)
    assert (url.username, url.password, url.database) == ("me", "p@ss", "films")
    assert (url.query["host"], url.query.get("port")) == (host, port)
    assert url.query["target_session_attrs"] == "read-write"
    assert "p@ss" not in described(url)
    assert "p%40ss" not in described(url)


def test_several_servers_are_told_as_they_were_written() -> None:
    url = read_url("postgresql://me:secret@a:5432,b:5433/films", "DATABASE_URL")
    assert described(url) == "postgresql://me:***@a:5432,b:5433/films"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://host/films?user=me&password=secret",
        "postgresql://me@host/films?sslmode=require&sslpassword=secret",
    ],
)
def test_a_password_after_the_question_mark_is_not_told_either(text: str) -> None:
    url = read_url(text, "DATABASE_URL")
    assert "secret" not in described(url)
    assert "secret" in url.render_as_string(hide_password=False)


def test_which_of_several_servers_is_meant_may_be_said() -> None:
    url = read_url("postgresql://me@a,b/films?target_session_attrs=any", "DATABASE_URL")
    assert url.query["target_session_attrs"] == "any"


def test_one_server_is_any_that_answers() -> None:
    url = read_url("postgresql://me@a:5432/films", "DATABASE_URL")
    assert not names_several(url)
    assert "target_session_attrs" not in url.query


@pytest.mark.parametrize(
    "text",
    [
        "a:1,b:2",
        "postgresql://me:hunter2@a:x,b:y/films?no=thing",
        "postgresql://me:p@hunter2@a,b/films",
    ],
)
def test_what_is_no_url_of_several_is_told_without_its_password(text: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="DATABASE_READ_URLS is not a") as raised:
        read_url(text, "DATABASE_READ_URLS")
    assert "hunter2" not in str(raised.value)


def test_standbys_stand_after_commas_though_hosts_of_one_do_too() -> None:
    settings = DatabaseSettings(
        database_read_urls=" postgresql://a:1,b:2/films, postgresql://c/films ,"
    )
    assert settings.read_urls == ("postgresql://a:1,b:2/films", "postgresql://c/films")
    settings = DatabaseSettings(database_shard_urls="postgresql://a:1,b:2/films,postgresql://c,d/f")
    assert settings.shard_urls == ("postgresql://a:1,b:2/films", "postgresql://c,d/f")
    assert DatabaseSettings().read_urls == ()
