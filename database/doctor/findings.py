"""What a check has found, for people and as JSON, without what is secret."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote, urlsplit

_IN_URL = re.compile(r"(//[^/\s:@]*):\S*@")
_IN_QUERY = re.compile(r"(?i)((?:ssl)?password|passwd)=[^&\s]+")
_SHORTEST_SECRET = 4
"""Shorter ones stand by chance in many words; what is above finds them in URLs."""


class Level(StrEnum):
    """How grave a finding is; a fault is what keeps something from working, or may lose data."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """The outcome of a check."""

    level: Level
    found: str
    remedy: str | None = None
    """What to do."""


def ok(found: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, found)


def note(found: str, remedy: str | None = None) -> Finding:
    """Something to know, which everything works with."""
    return Finding(Level.NOTE, found, remedy)


def fault(found: str, remedy: str | None = None) -> Finding:
    """Something to put right."""
    return Finding(Level.FAULT, found, remedy)


def as_lines(findings: dict[str, Finding]) -> list[str]:
    """A line for each finding, and one below it for what to do."""
    width = max(map(len, findings))
    lines = []
    for name, finding in findings.items():
        lines.append(f"{finding.level:<5}  {name:<{width}}  {finding.found}")
        if finding.remedy is not None:
            lines.append(f"{'':<5}  {'':<{width}}  to do: {finding.remedy}")
    return lines


def as_rows(findings: dict[str, Finding]) -> list[dict[str, Any]]:
    """The same for programs: name, level, found, remedy."""
    return [{"name": name, **asdict(finding)} for name, finding in findings.items()]


def without_secrets(finding: Finding, urls: Iterable[str]) -> Finding:
    """The same, on one line, without the passwords of these URLs or of any other: a driver's error
    may quote one."""

    def hide(text: str) -> str:
        text = _IN_URL.sub(r"\1:***@", " ".join(text.split()))
        text = _IN_QUERY.sub(r"\1=***", text)
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    secrets = sorted({each for url in urls for each in _secrets(url)}, key=len, reverse=True)
    remedy = None if finding.remedy is None else hide(finding.remedy)
    return replace(finding, found=hide(finding.found), remedy=remedy)


def _secrets(url: str) -> set[str]:
    """The password of a URL, as it is and as it is written there, unless it is no secret: the name
    of the user, the host or the database once more."""
    try:
        parts = urlsplit(url)
        public = {"postgres", parts.username, parts.hostname, parts.path.strip("/")}
    except ValueError:
        return set()
    before_host = parts.netloc.rpartition("@")[0]
    password = before_host.partition(":")[2]
    forms = {password, unquote(password), quote(unquote(password), safe="")}
    return {form for form in forms if len(form) >= _SHORTEST_SECRET} - public
