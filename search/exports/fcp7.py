"""Final Cut Pro 7's XML (xmeml), which Premiere, Resolve and others read."""

from xml.etree import ElementTree as ET

from search.exports.edit import Cut, Edit
from search.exports.formats import FORMATS
from search.exports.timecode import Rate, write_timecode
from search.exports.words import file_url, one_line

_PICTURE, _SOUND = "video", "audio"


def write_fcp7(edit: Edit) -> str:
    """A sequence with the cuts on a track of pictures and one of sound, linked to each other."""
    root = ET.Element("xmeml", version="5")
    sequence = ET.SubElement(root, "sequence", id="sequence-1")
    _text(sequence, "name", edit.title)
    _text(sequence, "duration", edit.num_frames)
    _rate(sequence, edit.rate)
    _timecode(sequence, edit.record_start, edit.rate, is_drop=edit.is_drop)
    for note in edit.notes_for(FORMATS["fcp7"]):
        sequence.append(ET.Comment(one_line(note).replace("--", "–")))
    media = ET.SubElement(sequence, "media")
    told: set[int] = set()
    for kind in (_PICTURE, _SOUND):
        _track(ET.SubElement(media, kind), edit, kind, told)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n'


def _track(parent: ET.Element, edit: Edit, kind: str, told: set[int]) -> None:
    """The cuts that have a picture, or a sound; `told` are the videos whose files have been
    described, to which others then refer."""
    if kind == _PICTURE:
        first = next((cut for cut in edit.cuts if cut.has_picture), None)
        if first is not None:
            _size(ET.SubElement(parent, "format"), first, edit.rate)
    track = ET.SubElement(parent, "track")
    for number, cut in enumerate(edit.cuts, 1):
        if _has(cut, kind):
            track.append(_clip(cut, number, kind, told))


def _has(cut: Cut, kind: str) -> bool:
    return cut.has_picture if kind == _PICTURE else cut.num_channels > 0


def _clip(cut: Cut, number: int, kind: str, told: set[int]) -> ET.Element:
    clip = ET.Element("clipitem", id=f"{kind}-{number}")
    _text(clip, "name", cut.name)
    _text(clip, "enabled", "TRUE")
    _text(clip, "duration", cut.num_frames)
    _rate(clip, cut.count.rate)
    _text(clip, "start", cut.record)
    _text(clip, "end", cut.record + cut.record_frames)
    _text(clip, "in", cut.first)
    _text(clip, "out", cut.end)
    _file(clip, cut, told)
    if kind == _SOUND:
        source = ET.SubElement(clip, "sourcetrack")
        _text(source, "mediatype", _SOUND)
        _text(source, "trackindex", 1)
    for linked in (_PICTURE, _SOUND):
        if _has(cut, linked):
            link = ET.SubElement(clip, "link")
            _text(link, "linkclipref", f"{linked}-{number}")
            _text(link, "mediatype", linked)
    first, end = cut.hit
    marker = ET.SubElement(clip, "marker")
    _text(marker, "name", cut.name)
    _text(marker, "comment", cut.why)
    _text(marker, "in", first)
    _text(marker, "out", end)
    for caveat in cut.count.caveats:
        clip.append(ET.Comment(caveat))
    return clip


def _file(clip: ET.Element, cut: Cut, told: set[int]) -> None:
    video = cut.video
    file = ET.SubElement(clip, "file", id=f"file-{video.id}")
    if video.id in told:
        return
    told.add(video.id)
    _text(file, "name", cut.file_name)
    _text(file, "pathurl", file_url(video.path, "localhost"))
    _rate(file, cut.count.rate)
    _text(file, "duration", cut.num_frames)
    _timecode(file, cut.count.start, cut.count.rate, is_drop=cut.count.is_drop)
    media = ET.SubElement(file, "media")
    if cut.has_picture:
        _size(ET.SubElement(media, _PICTURE), cut, cut.count.rate)
    if cut.num_channels:
        _text(ET.SubElement(media, _SOUND), "channelcount", cut.num_channels)


def _size(parent: ET.Element, cut: Cut, rate: Rate) -> None:
    about = ET.SubElement(parent, "samplecharacteristics")
    _rate(about, rate)
    if cut.video.width_px and cut.video.height_px:
        _text(about, "width", cut.video.width_px)
        _text(about, "height", cut.video.height_px)


def _rate(parent: ET.Element, rate: Rate) -> None:
    element = ET.SubElement(parent, "rate")
    _text(element, "timebase", rate.nominal)
    _text(element, "ntsc", "TRUE" if rate.is_ntsc else "FALSE")


def _timecode(parent: ET.Element, frame: int, rate: Rate, *, is_drop: bool) -> None:
    element = ET.SubElement(parent, "timecode")
    _rate(element, rate)
    _text(element, "string", write_timecode(frame, rate, is_drop=is_drop))
    _text(element, "frame", frame)
    _text(element, "displayformat", "DF" if is_drop else "NDF")


def _text(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)
