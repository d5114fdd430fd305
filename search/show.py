"""An answer as text for a terminal: one hit in two lines, where it is and why."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from search.hit import SearchAnswer, SearchHit
from search.steps import SequenceAnswer


def answer_text(answer: SearchAnswer) -> str:
    """All hits, and where the weak ones begin."""
    if not answer.hits:
        return "nothing found"
    lines = []
    if not answer.confident:
        lines.append("no confident match; the nearest are:")
    for number, hit in enumerate(answer.hits):
        first_weak = hit.weak and (number == 0 or not answer.hits[number - 1].weak)
        if first_weak and answer.confident:
            lines.append("--- weak matches ---")
        lines += _hit_lines(hit)
    count = f"{len(answer.hits)} of {answer.total}" if answer.next else f"{len(answer.hits)}"
    lines.append(f"{count} hits in {answer.took_ms:.0f} ms")
    if answer.next:
        lines.append(f"more: --cursor {answer.next}")
    return "\n".join(lines)


def sequence_text(answer: SequenceAnswer) -> str:
    """All hits, each with its steps."""
    if not answer.hits:
        return "nothing found"
    lines = []
    for hit in answer.hits:
        video = hit.steps[0].video
        lines.append(
            f"{hit.rank:>2}. {hit.score:.2f}  {_clock(hit.start_s)}–{_clock(hit.end_s)}  "
            f"{_plain(video.title)}  ({_plain(_near(video.path))})"
        )
        lines += [
            f"          {_clock(step.start_s)}–{_clock(step.end_s)}  {step.score:.2f}  {_why(step)}"
            for step in hit.steps
        ]
    lines.append(f"{len(answer.hits)} hits in {answer.took_ms:.0f} ms")
    return "\n".join(lines)


def _hit_lines(hit: SearchHit) -> Iterator[str]:
    scores = "  ".join(f"{name} {score:.2f}" for name, score in hit.scores.items())
    folded = f"  +{len(hit.ranked.alike)} alike" if hit.ranked.alike else ""
    others = f"  +{hit.ranked.others} in this video" if hit.ranked.others else ""
    yield (
        f"{hit.rank:>2}. {hit.score:.2f}  {_clock(hit.start_s)}–{_clock(hit.end_s)}  "
        f"{_plain(hit.video.title)}  ({_plain(_near(hit.video.path))})  "
        f"scene {hit.scene_id}{folded}{others}"
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
            verb = "said" if moment.kind == "speech" else "on screen"
            text = _plain(" ".join((moment.text or "").split()))
            part = f"{verb}: “{text[:80]}{'…' if len(text) > 80 else ''}”"
        if part not in parts:
            parts.append(part)
    return "; ".join(parts)


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
