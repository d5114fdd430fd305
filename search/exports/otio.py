"""OpenTimelineIO: the cuts on a track of pictures and one of sound."""

from dataclasses import asdict
from typing import Any

import opentimelineio as otio

from search.exports.edit import Cut, Edit
from search.exports.formats import FORMATS
from search.exports.timecode import Rate
from search.exports.words import file_url

_METADATA = "sceneseek"


def write_otio(edit: Edit) -> str:
    """A timeline as JSON, with its media as files' URLs; a marker in each cut is the hit without
    its handles, and all that is known of it stands in the metadata."""
    timeline = otio.schema.Timeline(
        edit.title, global_start_time=_time(edit.record_start, edit.rate)
    )
    timeline.metadata[_METADATA] = {"notes": list(edit.notes_for(FORMATS["otio"]))}
    if any(cut.has_picture for cut in edit.cuts):
        timeline.tracks.append(_track(edit, "V", otio.schema.TrackKind.Video))
    if any(cut.num_channels for cut in edit.cuts):
        timeline.tracks.append(_track(edit, "A1", otio.schema.TrackKind.Audio))
    return str(timeline.to_json_string())


def _track(edit: Edit, name: str, kind: str) -> Any:
    track = otio.schema.Track(name, kind=kind)
    for cut in edit.cuts:
        has_it = cut.has_picture if kind == otio.schema.TrackKind.Video else cut.num_channels > 0
        track.append(_clip(cut) if has_it else _gap(edit, cut))
    return track


def _gap(edit: Edit, cut: Cut) -> Any:
    return otio.schema.Gap(source_range=_range(0, cut.record_frames, edit.rate))


def _clip(cut: Cut) -> Any:
    count = cut.count
    media = otio.schema.ExternalReference(
        file_url(cut.video.path), _range(count.start, cut.num_frames, count.rate)
    )
    media.name = cut.file_name
    first, end = cut.hit
    marker = otio.schema.Marker(
        cut.why or cut.name,
        _range(count.start + first, end - first, count.rate),
        otio.schema.MarkerColor.BLUE,
    )
    return otio.schema.Clip(
        cut.name,
        media,
        _range(count.start + cut.first, cut.end - cut.first, count.rate),
        metadata={_METADATA: _told(cut)},
        markers=[marker],
    )


def _told(cut: Cut) -> dict[str, Any]:
    selection = cut.selection
    return {
        "video_id": cut.video.id,
        "scene_id": selection.scene_id,
        "title": cut.video.title,
        "start_s": selection.start_s,
        "end_s": selection.end_s,
        "query": selection.query,
        "score": selection.score,
        "evidence": [asdict(each) | {"kind": each.kind.value} for each in selection.evidence],
        "drop_frame": cut.count.is_drop,
        "caveats": [caveat.value for caveat in cut.count.caveats],
    }


def _range(first: int, num_frames: int, rate: Rate) -> Any:
    return otio.opentime.TimeRange(_time(first, rate), _time(num_frames, rate))


def _time(frame: int, rate: Rate) -> Any:
    return otio.opentime.RationalTime(frame, float(rate.exact))
