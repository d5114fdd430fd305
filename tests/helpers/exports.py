"""Films and edits of exports, without a library."""

from collections.abc import Sequence
from datetime import UTC, datetime

from database.models import MomentKind, VideoStatus
from database.videos.passages import Passage
from database.videos.read import VideoInfo
from database.videos.streams import PictureStream, SoundStream, Streams
from search.exports.edit import Edit, lay_out
from search.exports.selections import Selection, Why

RATES = {
    "23.976": ((24000, 1001), "01:00:00:00"),
    "25": ((25, 1), "10:00:00:00"),
    "29.97 drop frame": ((30000, 1001), "00:58:59;20"),
    "29.97": ((30000, 1001), "01:00:00:00"),
    "59.94 drop frame": ((60000, 1001), "09:59:58;00"),
    "60": ((60, 1), "01:00:00:00"),
}
"""Frame rates that editors have, and a timecode of the first frame."""


def streams(
    rate: tuple[int, int] | None = (25, 1),
    timecode: str | None = None,
    *,
    num_channels: int = 2,
    has_picture: bool = True,
    first_s: float = 0.0,
) -> Streams:
    picture = PictureStream("h264", "avc1.64001F", rate, first_s, 1280, 720)
    sound = SoundStream("aac", "mp4a.40.2", None, None, num_channels)
    return Streams(
        "mov", picture if has_picture else None, (sound,) if num_channels else (), timecode
    )


def film(
    number: int = 1,
    of: Streams | None = None,
    *,
    path: str | None = None,
    title: str | None = None,
    duration_s: float = 7200.0,
    frame_rate: float | None = 25.0,
) -> VideoInfo:
    """A video; `of` None is one whose streams were not kept."""
    has_picture = of is None or of.picture is not None
    has_sound = of is None or bool(of.sounds)
    return VideoInfo(
        id=number,
        path=path or f"/films/tour {number}.mov",
        origin="file://studio",
        title=title or f"tour {number}",
        status=VideoStatus.DONE,
        reason=None,
        duration_s=duration_s,
        width_px=1280 if has_picture else None,
        height_px=720 if has_picture else None,
        frame_rate=frame_rate if has_picture else None,
        container="mov",
        video_codec="h264" if has_picture else None,
        audio_codec="aac" if has_sound else None,
        language=None,
        num_scenes=1,
        content_hash="0" * 64,
        recorded_at=None,
        tags=(),
        ingested_at=datetime(2026, 11, 27, tzinfo=UTC),
        streams=of,
    )


def hit(video_id: int, start_s: float, end_s: float, text: str = "They are drilling.") -> Selection:
    """A moment in which something is said."""
    why = (Why(MomentKind.SPEECH, 0.8, text),)
    return Selection(video_id, start_s, end_s, 5, None, "drilling", 0.95, evidence=why)


def edit_of(
    films: Sequence[VideoInfo],
    selections: Sequence[Selection],
    *,
    title: str = "drilling",
    handles_s: float = 0.0,
    said: Sequence[tuple[Passage, ...]] | None = None,
) -> Edit:
    videos = {each.id: each for each in films}
    passages = said or [()] * len(selections)
    return lay_out(selections, videos, passages, title=title, handles_s=handles_s)
