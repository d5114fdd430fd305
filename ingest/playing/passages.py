"""Pictures and sounds of a recording from a time on."""

from collections.abc import Collection, Iterator
from itertools import chain

from ingest.media.clips import Footage
from ingest.media.clock import LAG_S
from ingest.media.container import Probe
from ingest.media.frames import Picture, Sound
from ingest.media.reading import UNSTAMPED
from ingest.media.timeline import Timeline

_BEFORE_S = 1.0
"""Streams lie so far apart in a file, as a rule, and decoders of sound need so little to begin."""


def read_from(
    footage: Footage, header: Probe, start_s: float, sounds: Collection[int]
) -> tuple[Timeline, Iterator[Picture | Sound]]:
    """What reads the film and some of its sounds, and what it finds of them, from before `start_s`
    on; where the index of a file does not lead there, from its beginning.
    """
    if start_s > 0 and footage.may_be_sought_in and header.container not in UNSTAMPED:
        from_s = max(0.0, start_s - _BEFORE_S)
        timeline = Timeline(
            footage.path, header, footage.max_pixels, from_s=from_s, sounds=frozenset(sounds)
        )
        found = _wanted(timeline, sounds)
        before: list[Picture | Sound] = []
        for each in found:
            before.append(each)
            if isinstance(each, Picture) or header.video is None:
                if each.time_s > start_s:
                    break
                return timeline, chain(before, found)
            if each.time_s > start_s + LAG_S:
                break
    timeline = Timeline(footage.path, header, footage.max_pixels)
    return timeline, _wanted(timeline, sounds)


def _wanted(timeline: Timeline, sounds: Collection[int]) -> Iterator[Picture | Sound]:
    for found in timeline:
        if isinstance(found, Picture) or (isinstance(found, Sound) and found.track in sounds):
            yield found
