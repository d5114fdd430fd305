"""All that a search finds in one video, in order of time, and the strip of it under the player."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import Request

from api.deps import State
from api.errors import Busy, QueueFull
from api.views.answers import find
from api.views.cards import reason_of, watch_url
from api.views.form import PageForm
from api.views.gone import without_gone
from api.web.rendering import clock
from database.errors import NotFound
from database.videos.read import VideoInfo
from search.errors import InvalidQuery, SearchUnavailable
from search.query.query import MAX_AT_ONCE
from search.results.hits import SearchHit
from search.results.moments import by_time, moments_of, whole

_MAX_NAME = 120
"""Characters of evidence in the name of a mark."""


@dataclass(frozen=True)
class Mark:
    """A moment as the strip shows it: its place and size in percent of the strip."""

    start_s: float
    end_s: float
    left: float
    width: float
    height: float
    weak: bool
    playing: bool
    url: str
    name: str
    """0:12 to 0:17, said: The crew is drilling."""


@dataclass(frozen=True)
class Strip:
    """The marks of a query over a video; `problem` says why there are none, if that is not what
    was found."""

    marks: tuple[Mark, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Found:
    """What a search finds in one video."""

    steps: tuple[tuple[str, list[SearchHit]], ...] = ()
    """The words of each step of a sequence, or of the one search, with its hits in order of
    time; no words if a picture or a scene is asked with."""
    problem: str | None = None
    """Why there are no steps, if something is asked for."""


async def find_moments(state: State, request: Request, form: PageForm, video_id: int) -> Found:
    """All hits of a form in one video. Raises ClientGone, DatabaseError."""
    if not form.asks:
        return Found()
    try:
        return await state.lanes.searches.run(request, lambda: _find_all(state, form, video_id))
    except (InvalidQuery, NotFound, SearchUnavailable) as error:
        return Found(problem=f"No moments are marked: {error}.")
    except (Busy, QueueFull):
        return Found(problem="No moments are marked: the server is busy. Reload to try again.")


def _find_all(state: State, form: PageForm, video_id: int) -> Found:
    here = {**dict(whole(form.shape)), "video_ids": (video_id,), "shown": MAX_AT_ONCE}
    form, _ = without_gone(state, form.model_copy(update=here))
    steps = []
    for asked in (form.q, *form.then):
        answer = find(state, form.model_copy(update={"q": asked}))
        steps.append((asked, moments_of(answer, video_id)))
    return Found(tuple(steps))


def strip_of(found: Found, video: VideoInfo, query: str, playing_s: float) -> Strip:
    """The strip of all that is found in a video that plays at `playing_s`; what its marks lead
    to carries the query."""
    if video.duration_s <= 0:
        return Strip(problem=found.problem)
    return Strip(tuple(_marks(found, video, query, playing_s)), found.problem)


def _marks(found: Found, video: VideoInfo, query: str, playing_s: float) -> Iterator[Mark]:
    hits = sorted((hit for _asked, hits in found.steps for hit in hits), key=by_time)
    inside = [hit for hit in hits if hit.start_s <= playing_s + 0.001 < hit.end_s]
    playing = max(inside, key=by_time, default=None)
    for hit in hits:
        start_s, end_s = round(hit.start_s, 3), round(hit.end_s, 3)
        yield Mark(
            start_s=start_s,
            end_s=end_s,
            left=_percent(start_s, video.duration_s),
            width=_percent(end_s - start_s, video.duration_s),
            height=round(15 + 85 * hit.score, 1),
            weak=hit.weak,
            playing=hit is playing,
            url=watch_url(video.id, start_s, end_s, query),
            name=_name(hit),
        )


def _name(hit: SearchHit) -> str:
    best = reason_of(hit.evidence[0])
    text = " ".join(best.text.split())
    if len(text) > _MAX_NAME:
        text = f"{text[:_MAX_NAME]}…"
    words = f": {text.rstrip('.')}" if text else ""
    when = f"{clock(hit.start_s)} to {clock(hit.end_s)}"
    return f"{when}, {best.lead}{words}{', weak match' if hit.weak else ''}"


def _percent(seconds: float, duration_s: float) -> float:
    return round(100 * min(max(seconds / duration_s, 0.0), 1.0), 3)
