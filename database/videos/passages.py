"""What is said and written in parts of videos."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from database.models import MomentKind
from database.server.connection import Database

_PASSAGES = """
    SELECT part.number - 1, kind, moment.start_s, moment.end_s, text, track
    FROM unnest(CAST(:videos AS bigint[]), CAST(:starts AS float8[]), CAST(:ends AS float8[]))
        WITH ORDINALITY AS part (video_id, start_s, end_s, number)
    JOIN moment ON moment.video_id = part.video_id
        AND moment.start_s < part.end_s AND moment.end_s > part.start_s
    WHERE kind IN ('speech', 'subtitle', 'ocr') AND text IS NOT NULL
    ORDER BY part.number, moment.start_s, moment.id LIMIT :most"""


@dataclass(frozen=True)
class Passage:
    """A sentence that is said, a line of subtitles, or what is written on screen, [start_s,
    end_s)."""

    kind: MomentKind
    start_s: float
    end_s: float
    text: str
    track: str | None = None
    """Of speech, where a recording has several (database/models)."""


def read_passages(
    database: Database, parts: Sequence[tuple[int, float, float]], most: int
) -> list[tuple[Passage, ...]]:
    """For each (video id, start_s, end_s) what is said and written there, in order of time; of all
    together the first `most`."""
    videos, starts, ends = zip(*parts, strict=True) if parts else ((), (), ())
    values = {"videos": list(videos), "starts": list(starts), "ends": list(ends), "most": most}
    found: dict[int, list[Passage]] = defaultdict(list)
    for number, kind, start_s, end_s, text, track in database.rows(_PASSAGES, values):
        found[number].append(Passage(MomentKind(kind), start_s, end_s, text, track))
    return [tuple(found[number]) for number in range(len(parts))]
