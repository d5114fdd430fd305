"""The page before anything is asked: the newest videos, and what to ask for instance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from api.deps import State
from api.views.cards import VERBS
from api.views.form import PageForm
from database.models import MomentKind
from database.queries.listing import ListedVideo, Listing, VideoLists
from database.videos.facets import first_texts

_RECENT = 12
_EXAMPLES = 3
_EXAMPLE_WORDS = 5


@dataclass(frozen=True)
class Example:
    """Something that this library would find."""

    verb: str
    text: str
    url: str


@dataclass(frozen=True)
class Landing:
    """What there is to see before a search."""

    videos: tuple[ListedVideo, ...]
    examples: tuple[Example, ...]

    @classmethod
    def of(cls, state: State) -> "Landing":
        """The landing of a library as it is now. Raises DatabaseError."""
        videos = VideoLists(state.reader).page(Listing(), limit=_RECENT).videos
        texts = first_texts(state.reader, [listed.video.id for listed in videos])
        return cls(videos, tuple(islice(_examples(texts), _EXAMPLES)))


def _examples(texts: Sequence[tuple[MomentKind, str]]) -> Iterator[Example]:
    """The beginnings of texts, each once."""
    known: set[str] = set()
    for kind, text in texts:
        words = " ".join(text.split()[:_EXAMPLE_WORDS]).strip(' ,.;:!?"-')
        if words and words.casefold() not in known:
            known.add(words.casefold())
            yield Example(VERBS[kind], words, PageForm(q=words).url())
