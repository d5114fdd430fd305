"""Templates to HTML, with the headers that every page has.

Whatever comes from media, file names or queries is text: Jinja2 escapes it, and the content
security policy lets no script run but the files in `static/`.
"""

import hashlib
import re
from contextvars import ContextVar
from datetime import datetime
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from search.results.links import keyframe_url

FORGET_MISSING = "/library/forget-missing"
"""Beside the pages of the library, for programs."""
STATIC_DIR = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "X-Fragment",
}


def _static_url() -> str:
    """The folder of the static files, named by their content: browsers keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC_DIR.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"


STATIC_URL = _static_url()
_OWN_ADDRESS = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\xa0]*")
signed_in: ContextVar[bool] = ContextVar("signed_in", default=False)
"""Whether who sees a page has logged in, and so can log out."""
may_write: ContextVar[bool] = ContextVar("may_write", default=True)
"""Whether who sees a page may add videos, and have jobs paused: a key may allow only to read."""


def page(template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """A template of `templates/` as an answer; what it names and is not `shown` is an error."""
    html = _environment.get_template(template).render(**shown)
    return HTMLResponse(html, status, _HEADERS)


def is_page(path: str) -> bool:
    """Whether people see what this path answers, errors too."""
    if path == FORGET_MISSING:
        return False
    if path in ("/", "/library", "/login", "/logout"):
        return True
    return path.startswith(("/watch/", "/library/"))


def error_page(status: int, detail: str, headers: dict[str, str] | None = None) -> HTMLResponse:
    """An error as a page: what happened, and the way back."""
    answer = page("error.html", status, title=HTTPStatus(status).phrase, detail=detail)
    answer.headers.update(headers or {})
    return answer


def login_page(
    then: str, *, status: int = 200, wrong: str | None = None, from_elsewhere: bool = False
) -> HTMLResponse:
    """The form that takes a key and leads to where one wanted to go, or says what was `wrong`. Who
    has followed a link `from_elsewhere` may have logged in: no browser sends the cookie then."""
    shown = {"then": own_address(then), "wrong": wrong, "from_elsewhere": from_elsewhere}
    return page("login.html", status, **shown)


def own_address(address: str) -> str:
    """An address of this server, without its host; the first page for all that is none, or that a
    browser may take for another host's, and for the pages of logging in and out."""
    is_own = _OWN_ADDRESS.fullmatch(address) and not address.startswith(("/login", "/logout"))
    return address if is_own else "/"


def clock(seconds: float) -> str:
    """A place in a video as players show it, rounded down to the second: 0:07, 12:30, 1:02:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def date(moment: datetime) -> str:
    """A date, in UTC, in words that no country reads wrongly: 21 Nov 2026."""
    return f"{moment.day} {moment:%b %Y}"


def percent(score: float) -> str:
    """A score in [0, 1] as people say it: 36 % where the command line has 0.36."""
    return f"{float(f'{score:.2f}'):.0%}".replace("%", " %")


def duration(seconds: float) -> str:
    """A length as people say it of many recordings: 310 h 20 min, 2 min 37 s."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def counted(number: int, noun: str) -> str:
    """A number of things: 1 video, 1,200 videos."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def file_name(path: str) -> str:
    """The name of a file, or of a folder; a whole path that has none."""
    return PurePosixPath(path).name or path


def host(origin: str) -> str:
    """The host of a file's origin as people call it: file://nas is nas."""
    return origin.removeprefix("file://")


def model(made_by: str) -> str:
    """The name of a model without its digest or revision: llava:7b@8dd30f6b0cb1 is llava:7b."""
    return made_by.partition("@")[0]


_environment = Environment(
    loader=PackageLoader("api.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "counted": counted,
    "clock": clock,
    "date": date,
    "duration": duration,
    "file_name": file_name,
    "host": host,
    "keyframe_url": keyframe_url,
    "model": model,
    "percent": percent,
}
_environment.globals |= {
    "may_write": may_write.get,
    "signed_in": signed_in.get,
    "static": STATIC_URL,
}
