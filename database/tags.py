"""Words that people give to videos, to filter by."""

from collections.abc import Iterable

import sqlalchemy as sa

from database.errors import InvalidTag, NotFound
from database.models import Tag, Video
from database.server.connection import Database

MAX_TAGS = 16
MAX_TAG_CHARACTERS = 60
_JOINERS = "\u200c\u200d"
_WITHOUT_JOINERS = dict.fromkeys(map(ord, _JOINERS))


def normal_tag(name: str) -> str:
    """A tag without white space at its ends, and one space wherever there is more."""
    return " ".join(name.split())


def _can_be_shown(name: str) -> bool:
    """Joiners stand inside words of Persian and inside 👩‍🚀; alone they are nothing to see."""
    return name.strip(_JOINERS) == name and name.translate(_WITHOUT_JOINERS).isprintable()


class Tags:
    """The table `tag`; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, video_id: int, names: Iterable[str]) -> list[str]:
        """The tags of a video, instead of those it has; returns them as they are kept, sorted and
        each once. Raises NotFound, InvalidTag."""
        wanted = sorted({normal_tag(name) for name in names} - {""})
        if len(wanted) > MAX_TAGS or any(len(name) > MAX_TAG_CHARACTERS for name in wanted):
            raise InvalidTag(
                f"a video has at most {MAX_TAGS} tags, of at most {MAX_TAG_CHARACTERS} characters"
            )
        if not all(_can_be_shown(name) for name in wanted):
            raise InvalidTag("a tag has characters that cannot be shown")
        with self._database.session() as session:
            if session.get(Video, video_id, with_for_update=True) is None:
                raise NotFound(f"there is no video {video_id}")
            session.execute(sa.delete(Tag).where(Tag.video_id == video_id))
            session.add_all(Tag(video_id=video_id, name=name) for name in wanted)
        return wanted
