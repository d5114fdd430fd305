"""The subtitles of stored videos: read as they are shown, and replaced when files beside a video
have changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from database.server.connection import Database
from database.spaces.coverage import count_video
from database.videos.placed import read_places
from database.videos.records import FileRecord, MomentRecord, Subtitles
from database.videos.rows import copy_moments, insert_subtitles, spaces_gone, upsert_file

_OF_VIDEO = "FROM moment WHERE video_id = :video"
_SCENES = sa.text("SELECT start_s, end_s FROM scene WHERE video_id = :video ORDER BY position")
_SPOKEN = sa.text(
    f"SELECT moment.start_s, moment.end_s, text {_OF_VIDEO} AND kind = 'speech' "
    "ORDER BY moment.start_s, moment.id"
)
_TRACKS = sa.text(
    "SELECT name, language, path, origin, lines FROM subtitle_track WHERE video_id = :video "
    "ORDER BY position"
)
_HEADERS = sa.text(
    "SELECT name, language, path, jsonb_array_length(lines) AS num_lines FROM subtitle_track "
    "WHERE video_id = :video ORDER BY position"
)
_LINES = sa.text(
    "SELECT lines FROM subtitle_track WHERE video_id = :video ORDER BY position "
    "LIMIT 1 OFFSET :number"
)
_SOME_LINES = sa.text(
    "SELECT jsonb_path_query_array(lines, '$[$first to $last]', "
    "jsonb_build_object('first', CAST(:first AS int), 'last', CAST(:last AS int))) AS lines "
    "FROM subtitle_track WHERE video_id = :video ORDER BY position LIMIT 1 OFFSET :number"
)
_NUM_BEFORE = sa.text(
    "SELECT count(*) FROM (SELECT lines FROM subtitle_track WHERE video_id = :video "
    "ORDER BY position LIMIT 1 OFFSET :number) AS track, jsonb_array_elements(lines) AS line "
    "WHERE CAST(line -> 0 AS float8) < :at_s"
)
_DELETE_MOMENTS = "DELETE FROM moment WHERE video_id = %s AND kind = 'subtitle'"
_NUM_MOMENTS = "SELECT count(*) FROM moment WHERE video_id = %s"


@dataclass(frozen=True)
class Surroundings:
    """What moments of subtitles are put together with: the scenes, in order, and the speech."""

    scenes: tuple[tuple[float, float], ...]
    """[start_s, end_s) of each."""
    spoken: tuple[tuple[float, float, str], ...]
    """(start_s, end_s, text) of each sentence, in the order in which they begin."""


@dataclass(frozen=True)
class SubtitleHeader:
    """A track of subtitles without its lines."""

    name: str | None
    language: str | None
    path: str | None
    num_lines: int


class SubtitleStore:
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tracks(self, video_id: int) -> list[Subtitles]:
        """All tracks of a video, those within the recording first; none of one that is not
        there."""
        with self._database.holding("video", video_id).reading() as connection:
            return [
                Subtitles(
                    row.name,
                    row.language,
                    row.path,
                    tuple((s, e, text) for s, e, text in row.lines),
                    row.origin,
                )
                for row in connection.execute(_TRACKS, {"video": video_id})
            ]

    def is_own(self, track: Subtitles) -> bool:
        """Whether a track was read from a file of this host."""
        return track.origin == self._database.origin

    def headers(self, video_id: int) -> list[SubtitleHeader]:
        """The same without their lines, of which there may be many."""
        with self._database.holding("video", video_id).reading() as connection:
            rows = connection.execute(_HEADERS, {"video": video_id})
            return [SubtitleHeader(*row) for row in rows]

    def lines(self, video_id: int, number: int) -> list[tuple[float, float, str]]:
        """(start_s, end_s, text) of each line of one track, counted from 0; none of one that is
        not there."""
        with self._database.holding("video", video_id).reading() as connection:
            rows = connection.execute(_LINES, {"video": video_id, "number": number})
            return [(start_s, end_s, text) for row in rows for start_s, end_s, text in row.lines]

    def some_lines(
        self, video_id: int, number: int, first: int, limit: int
    ) -> list[tuple[float, float, str]]:
        """`limit` of these lines, from the one at `first`, counted from 0."""
        values = {"video": video_id, "number": number, "first": first, "last": first + limit - 1}
        with self._database.holding("video", video_id).reading() as connection:
            rows = connection.execute(_SOME_LINES, values)
            return [(start_s, end_s, text) for row in rows for start_s, end_s, text in row.lines]

    def num_before(self, video_id: int, number: int, at_s: float) -> int:
        """How many lines of one track begin before a time."""
        values = {"video": video_id, "number": number, "at_s": at_s}
        with self._database.holding("video", video_id).reading() as connection:
            return connection.scalar(_NUM_BEFORE, values) or 0

    def places(self, video_id: int, limit: int) -> list[FileRecord]:
        """Files of this host in which an ingest has seen the content of a video, with what lay
        beside each."""
        with self._database.holding("video", video_id).reading() as connection:
            return read_places(connection, self._database.origin, video_id, limit)

    def surroundings(self, video_id: int) -> Surroundings:
        """The scenes and the speech of a video."""
        with self._database.holding("video", video_id).reading() as connection:
            scenes = connection.execute(_SCENES, {"video": video_id})
            spoken = connection.execute(_SPOKEN, {"video": video_id})
            return Surroundings(
                tuple((row.start_s, row.end_s) for row in scenes),
                tuple((row.start_s, row.end_s, row.text) for row in spoken),
            )

    def replace(
        self,
        video_id: int,
        tracks: Sequence[Subtitles],
        moments: Sequence[MomentRecord],
        notes: Sequence[str],
        file: FileRecord,
        spaces: Collection[str],
    ) -> int:
        """The tracks of a video instead of those before, their moments with the vectors of
        `spaces`, its notes, and the outcome of the file beside which they lie; how many moments
        of any kind the video has then.

        Raises SpacesChanged if an active space is not among `spaces`, ValueRefused.
        """
        with self._database.holding("video", video_id).connection() as connection:
            gone = spaces_gone(connection, spaces)
            connection.execute(_DELETE_MOMENTS, (video_id,))
            scenes = connection.execute(
                "SELECT id FROM scene WHERE video_id = %s ORDER BY position", (video_id,)
            )
            copy_moments(connection, video_id, moments, [row[0] for row in scenes], gone)
            connection.execute("DELETE FROM subtitle_track WHERE video_id = %s", (video_id,))
            insert_subtitles(connection, video_id, tracks, self._database.origin)
            connection.execute(
                "UPDATE video SET notes = %s WHERE id = %s", (Jsonb(list(notes)), video_id)
            )
            upsert_file(connection, self._database.origin, file)
            count_video(connection, video_id)
            ((num_moments,),) = connection.execute(_NUM_MOMENTS, (video_id,)).fetchall()
            return int(num_moments)
