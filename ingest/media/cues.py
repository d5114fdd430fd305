"""Lines of subtitles in the time of a recording, whatever their file claims."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_LINES = 20_000
"""Of one track: five hours of somebody who never pauses. More are drawings made of letters."""
LONGEST_S = 60.0
"""A line that claims to be shown for longer is taken to be shown as long as others."""
_READ_S, _SHORTEST_S = 0.08, 1.0
"""A line without a length that can be is shown for so many seconds a character, and at least for
so long: people read 12 to 15 characters a second."""
_AGAIN_S = 0.5
"""A line that is shown again within this time is still the same."""
_RECENT = 8
"""Lines that may be shown at the same time."""

Line = tuple[float, float, str]
"""(start_s, end_s, text)."""


@dataclass(frozen=True)
class Cue:
    """What a subtitle format shows at once."""

    start_s: float
    end_s: float | None
    """None where nobody says it."""
    lines: tuple[str, ...]


@dataclass
class _Shown:
    """Lines of one cue, as far as they were not shown before it."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Settled:
    """The lines of a track, and how many were left out."""

    lines: tuple[Line, ...]
    num_outside: int = 0
    """Before the beginning of the recording, or after its end."""
    num_too_many: int = 0


def settle(cues: Iterable[Cue], duration_s: float) -> Settled:
    """The lines of cues, in order of time, within a recording. What is shown in several layers, or
    moves up while more comes below it, is one line for as long as it is there.
    """
    ordered = sorted(cues, key=lambda cue: (cue.start_s, cue.end_s or cue.start_s))
    within = [cue for cue in ordered if _is_within(cue, duration_s)]
    shown: list[_Shown] = []
    for cue in within[:MAX_LINES]:
        start_s = max(cue.start_s, 0.0)
        end_s = min(_end_s(cue), duration_s)
        own = tuple(line for line in cue.lines if not _is_shown(line, start_s, end_s, shown))
        if own:
            shown.append(_Shown(start_s, end_s, own))
    return Settled(
        tuple((each.start_s, each.end_s, " ".join(each.lines)) for each in shown),
        len(ordered) - len(within),
        max(0, len(within) - MAX_LINES),
    )


def _is_within(cue: Cue, duration_s: float) -> bool:
    return cue.start_s < duration_s and _end_s(cue) > 0.0


def _end_s(cue: Cue) -> float:
    """When a cue ends, if what it says of that can be."""
    if cue.end_s is not None and cue.start_s < cue.end_s <= cue.start_s + LONGEST_S:
        return cue.end_s
    return cue.start_s + max(_SHORTEST_S, _READ_S * sum(map(len, cue.lines)))


def _is_shown(line: str, start_s: float, end_s: float, shown: list[_Shown]) -> bool:
    """Whether a line is there already; then it goes on until `end_s`."""
    for each in shown[-_RECENT:]:
        if line in each.lines and start_s <= each.end_s + _AGAIN_S:
            each.end_s = max(each.end_s, end_s)
            return True
    return False
