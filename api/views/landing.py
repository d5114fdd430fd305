"""The page before anything is asked: the newest videos, and what to ask for instance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.deps import State
from api.views.form import PageForm
from database.models import MomentKind
from database.videos.facets import first_stills, first_texts
from database.videos.read import VideoInfo

_RECENT = 12
_EXAMPLES = 3
_EXAMPLE_WORDS = 5


@dataclass(frozen=True)
class NewVideo:
    """A video with a still; None where it has no pictures."""

    video: VideoInfo
    still_url: str | None


@dataclass(frozen=True)
class Example:
    """Something that this library would find."""

    verb: str
    text: str
    url: str


@dataclass(frozen=True)
class Landing:
    """What there is to see before a search."""

    videos: tuple[NewVideo, ...]
    examples: tuple[Example, ...]

    @classmethod
    def of(cls, state: State) -> "Landing":
        """The landing of a library as it is now."""
        videos = state.library.recent_videos(_RECENT)
        ids = [video.id for video in videos]
        stills = {
            video_id: f"/scenes/{scene_id}/keyframe.jpg?at_s={round(time_s, 3)}"
            for video_id, (scene_id, time_s) in first_stills(state.database, ids).items()
        }
        examples = _examples(first_texts(state.database, ids))
        return cls(
            tuple(NewVideo(video, stills.get(video.id)) for video in videos),
            tuple(examples)[:_EXAMPLES],
        )


def _examples(texts: Sequence[tuple[MomentKind, str]]) -> Iterator[Example]:
    """The beginnings of texts, each once."""
    known: set[str] = set()
    for kind, text in texts:
        words = " ".join(text.split()[:_EXAMPLE_WORDS]).strip(' ,.;:!?"-')
        if words and words.casefold() not in known:
            known.add(words.casefold())
            verb = "said" if kind is MomentKind.SPEECH else "on screen"
            yield Example(verb, words, PageForm(q=words).url())
