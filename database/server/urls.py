"""URLs of databases: of one server, or of several of which the one that takes writes is meant."""

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import exc

from database.errors import DatabaseUnreachable

_UNTOLD = ("target_session_attrs", "password", "sslpassword")
"""Of what may stand after the question mark of a URL."""
_LIKE = "postgresql://user:password@host:5432/database"


class NoUrl(DatabaseUnreachable):
    """What stands where the URL of a database should."""


def read_url(text: str, variable: str) -> sa.URL:
    """The URL that stands in a variable. Where it names several servers, as libpq has it
    (host:5432,other:5432), they are one database after a failover, and the one that takes writes is
    meant, unless it says otherwise. Raises NoUrl, without a password."""
    try:
        url = _parsed(text)
    except (exc.ArgumentError, ValueError, psycopg.ProgrammingError):
        raise NoUrl(f"{variable} is not a database URL; it looks like {_LIKE}") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise NoUrl(
            f"{variable} names {url.drivername}; sceneseek needs PostgreSQL with pgvector: {_LIKE}"
        )
    if names_several(url) and "target_session_attrs" not in url.query:
        url = url.update_query_dict({"target_session_attrs": "read-write"})
    return url.set(drivername="postgresql+psycopg")


def names_several(url: sa.URL) -> bool:
    """Whether it names more than one server."""
    hosts = url.query.get("host", url.host or "")
    return "," in hosts if isinstance(hosts, str) else len(hosts) > 1


def described(url: sa.URL) -> str:
    """A URL for people: without its passwords."""
    shown = url.set(drivername="postgresql").difference_update_query(_UNTOLD)
    hosts, ports = url.query.get("host"), url.query.get("port")
    if not (isinstance(hosts, str) and "," in hosts) or "/" in hosts:
        return shown.render_as_string(hide_password=True)
    named = hosts.split(",")
    numbers = ports.split(",") if isinstance(ports, str) else [""] * len(named)
    pairs = zip(named, numbers, strict=False)
    places = ",".join(f"{name}:{number}" if number else name for name, number in pairs)
    user = "" if url.username is None else f"{url.username}{':***' if url.password else ''}@"
    return f"postgresql://{user}{places}/{url.database or ''}"


def _parsed(text: str) -> sa.URL:
    """Raises ArgumentError, ValueError, ProgrammingError."""
    scheme, _, rest = text.partition("://")
    if not scheme.startswith("postgres") or "," not in rest.partition("/")[0].rpartition("@")[2]:
        return sa.make_url(text)
    parts = {name: str(value) for name, value in conninfo_to_dict(text).items()}
    if "@" in parts.get("host", ""):
        raise ValueError  # of a password that is not quoted, it would be told as a host
    return sa.URL.create(
        "postgresql",
        username=parts.pop("user", None),
        password=parts.pop("password", None),
        database=parts.pop("dbname", None),
        query=parts,
    )
