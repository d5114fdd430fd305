"""An answer as text for a terminal: one hit in two lines, where it is and why."""

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from database.models import MomentKind
from search.query.query import SearchQuery, Sort
from search.results.excerpt import excerpt_of
from search.results.hits import Evidence, SearchAnswer, SearchHit, SequenceAnswer, SequenceHit

_VERBS = {
    MomentKind.SPEECH: "said",
    MomentKind.OCR: "on screen",
    MomentKind.SUBTITLE: "in subtitles",
    MomentKind.CHAPTER: "chapter",
    MomentKind.TITLE: "named",
    MomentKind.DESCRIPTION: "described",
}
_MAX_CHARACTERS = 80
"""Of a text, so many are shown."""


def answer_text(answer: SearchAnswer) -> str:
    """All hits, and where the weak ones begin."""
    if not answer.hits:
        return _nothing_found(answer.query)
    lines = list(_marked(answer.hits, confident=answer.confident))
    total = answer.total if answer.next else len(answer.hits)
    lines.append(f"{_count(len(answer.hits), total)} in {answer.took_ms:.0f} ms")
    if answer.next:
        lines.append(f"more: --cursor {answer.next}")
    return "\n".join(lines)


def sequence_text(answer: SequenceAnswer) -> str:
    """All hits, each with its steps."""
    if not answer.hits:
        return _nothing_found(answer.steps[0])
    lines = list(_marked(answer.hits, confident=answer.confident))
    lines.append(f"{_count(len(answer.hits), answer.total)} in {answer.took_ms:.0f} ms")
    return "\n".join(lines)


def _nothing_found(query: SearchQuery) -> str:
    """That there is no hit, and the options that may be in the way of some."""
    asked = query.filters.model_dump(mode="json", exclude_defaults=True)
    if query.shape.min_score:
        asked["min_score"] = query.shape.min_score
    if query.shape.sort is not Sort.RELEVANCE:
        asked["sort"] = query.shape.sort.value  # which leaves weak hits out
    options = [
        f"--{name.replace('_', '-')} {_plain(shlex.quote(str(value)))}"
        for name, values in asked.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    if not options:
        return "nothing found"
    rest = "it" if len(options) == 1 else "one of them"
    return f"nothing found with {', '.join(options)}; try without {rest}"


def _marked(hits: Sequence[SearchHit | SequenceHit], *, confident: bool) -> Iterator[str]:
    """The lines of all hits, and where the weak ones begin."""
    if not confident:
        yield "no confident match; the nearest are:"
    for number, hit in enumerate(hits):
        if confident and hit.weak and (number == 0 or not hits[number - 1].weak):
            yield "--- weak matches ---"
        yield from _hit_lines(hit) if isinstance(hit, SearchHit) else _sequence_lines(hit)


def _count(num_shown: int, total: int) -> str:
    noun = "hit" if total == 1 else "hits"
    return f"{num_shown} {noun}" if num_shown == total else f"{num_shown} of {total} {noun}"


def _sequence_lines(hit: SequenceHit) -> Iterator[str]:
    video = hit.steps[0].video
    yield (
        f"{hit.rank:>2}. {hit.score:.2f}  {_clock(hit.start_s)}–{_clock(hit.end_s)}  "
        f"{_plain(video.title)}  ({_plain(_near(video.path))})"
    )
    for step in hit.steps:
        place = f"{_clock(step.start_s)}–{_clock(step.end_s)}"
        yield f"          {place}  {step.score:.2f}  {_why(step)}"


def _hit_lines(hit: SearchHit) -> Iterator[str]:
    scores = "  ".join(f"{name} {score:.2f}" for name, score in hit.scores.items())
    folded = f"  +{len(hit.scene.alike)} alike" if hit.scene.alike else ""
    others = f"  +{hit.scene.others} in this video" if hit.scene.others else ""
    yield (
        f"{hit.rank:>2}. {hit.score:.2f}  {_clock(hit.start_s)}–{_clock(hit.end_s)}  "
        f"{_plain(hit.video.title)}  ({_plain(_near(hit.video.path))})  "
        f"scene {hit.scene.scene_id}{folded}{others}"
    )
    yield f"          {scores}  |  {_why(hit)}"


def _why(hit: SearchHit) -> str:
    parts: list[str] = []
    for evidence in hit.evidence:
        moment = evidence.moment
        if moment.kind == "keyframe":
            part = f"shown at {_clock(moment.start_s)}"
        elif moment.kind == "span":
            part = f"done at {_clock(moment.start_s)}–{_clock(moment.end_s)}"
        else:
            part = _words(evidence)
        if part not in parts:
            parts.append(part)
    return "; ".join(parts)


def _words(evidence: Evidence) -> str:
    """said at 0:12.3 (Commentary): “The crew is drilling”; described (by llava:7b): …"""
    moment = evidence.moment
    at = "" if evidence.word_s is None else f" at {_clock(evidence.word_s)}"
    track = f" ({_plain(moment.track)})" if moment.track else ""
    author = f" (by {_plain(moment.made_by)})" if moment.made_by else ""
    excerpt = excerpt_of(moment, _MAX_CHARACTERS)
    text = _plain(" ".join(excerpt.text.split()))
    before, after = "" if excerpt.begins else "…", "" if excerpt.ends else "…"
    return f"{_VERBS[moment.kind]}{at}{track}{author}: “{before}{text}{after}”"


def _near(path: str) -> str:
    """A path under the working directory as it is typed there."""
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return path


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def _plain(text: str) -> str:
    """Text from media, without what could steer a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
