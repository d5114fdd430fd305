"""Words that people give to videos, to filter by."""

import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa

from database.errors import InvalidTag, NotFound
from database.models import Tag, Video
from database.server.connection import Database

MAX_TAGS = 16
MAX_TAG_CHARACTERS = 60
HAS_TAGS = """NOT EXISTS (SELECT FROM unnest(CAST(:tags AS text[])) AS wanted WHERE NOT EXISTS (
    SELECT FROM tag WHERE tag.video_id = video.id
        AND lower(normalize(tag.name)) = lower(normalize(wanted))))"""
"""Whether a row of `video` has each of the tags, in capitals or not; older ones may be in NFD."""
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"))
"""Marks of direction, and places to break or not to break a line, which come with pasted text."""
_JOINERS = "\u200c\u200d"
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHOWN = ("L", "N", "P", "S", "Cn")
"""Letters, numbers, signs; and what is newer than the table of characters of this Python."""


def normal_tag(name: str) -> str:
    """A tag in NFC, without white space at its ends, with one space wherever there is more, and
    without characters that change nothing to see."""
    return " ".join(unicodedata.normalize("NFC", name).translate(_UNSEEN).split())


def _can_be_shown(name: str) -> bool:
    """Joiners stand inside words of Persian and inside 👩‍🚀; alone they are nothing to see."""
    kinds = [unicodedata.category(character) for character in name]
    return (
        name.strip(_JOINERS) == name
        and any(kind.startswith(_SHOWN) for kind in kinds)
        and not any(kind in ("Cc", "Cs", "Co") for kind in kinds)
        and not any(ch in _BIDI_CONTROLS or ord(ch) & 0xFFFE == 0xFFFE for ch in name)
    )


class Tags:
    """The table `tag`; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, video_id: int, names: Iterable[str]) -> list[str]:
        """The tags of a video, instead of those it has; returns them as they are kept, sorted and
        each once, as it comes first if they differ in capitals. Raises NotFound, InvalidTag."""
        by_key: dict[str, str] = {}
        for name in map(normal_tag, names):
            by_key.setdefault(name.casefold(), name)
        wanted = sorted(name for name in by_key.values() if name)
        if len(wanted) > MAX_TAGS or any(len(name) > MAX_TAG_CHARACTERS for name in wanted):
            raise InvalidTag(
                f"a video has at most {MAX_TAGS} tags, of at most {MAX_TAG_CHARACTERS} characters"
            )
        if not all(_can_be_shown(name) for name in wanted):
            raise InvalidTag("a tag has characters that cannot be shown")
        with self._database.holding("video", video_id).session() as session:
            if session.get(Video, video_id, with_for_update=True) is None:
                raise NotFound(f"there is no video {video_id}")
            session.execute(sa.delete(Tag).where(Tag.video_id == video_id))
            session.add_all(Tag(video_id=video_id, name=name) for name in wanted)
        return wanted
