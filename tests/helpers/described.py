"""A library some of whose pictures a model has described."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from database.models import MomentKind
from database.opening import open_database
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from ingest.library.null_statistics import refresh_null_statistics
from ingest.settings import IngestSettings
from tests.helpers import records

SPACE = "descriptions-minilm-l6"
MADE_BY = "llava:7b@8dd30f6b0cb1"
MARKUP = '<script>alert("a model wrote this")</script>'

Scene = tuple[str | None, str | None]
"""What is said in it, and what a model says of its picture."""

FILMS: dict[str, tuple[Scene, ...]] = {
    "harbour": (
        ("The morning shift begins at six.", "A red crane lifts a container onto a ship."),
        (None, "Two tugboats pull a ferry past a lighthouse in the fog."),
    ),
    "kitchen": (
        ("Let us talk about taxes.", "A chef slices ripe tomatoes on a wooden board."),
        (None, f"A sign above a stove reads {MARKUP}."),
    ),
    "auction": (
        ("The red crane was sold to a museum last year.", None),
        ("Nobody knows who bought the lighthouse.", "A man in a grey suit stands at a lectern."),
    ),
    "meadow": (
        ("Bees need flowers all summer.", "A wooden hive stands among poppies."),
        ("Winter feed is sugar and water.", None),
    ),
}
"""By title; each scene lasts ten seconds and has a keyframe in its middle."""


def film(title: str, scenes: Sequence[Scene], encoders: Encoders | None = None) -> VideoRecord:
    """A film of such scenes; without encoders, without vectors of texts."""
    moments: list[MomentRecord] = []
    for number, (said, described) in enumerate(scenes):
        start_s, middle_s = 10.0 * number, 10.0 * number + 5
        shown = {"imagenet-concepts": records.unit_vector(len(title) * 100 + number)}
        path = records.image_path(f"{title} {number}")
        still = MomentRecord(number, MomentKind.KEYFRAME, middle_s, middle_s, image_path=path)
        moments.append(replace(still, vectors=shown))
        if said is not None:
            spoken = MomentRecord(number, MomentKind.SPEECH, start_s + 1, start_s + 4, said, "en")
            moments.append(replace(spoken, vectors=_vectors(encoders, records.TEXT, said)))
        if described is not None:
            moments.append(
                replace(
                    still,
                    kind=MomentKind.DESCRIPTION,
                    text=described,
                    language="en",
                    made_by=MADE_BY,
                    vectors=_vectors(encoders, SPACE, described),
                )
            )
    spans = tuple((10.0 * n, 10.0 * n + 10) for n in range(len(scenes)))
    made = replace(records.video(title), scenes=spans, duration_s=10.0 * len(spans))
    return replace(made, moments=tuple(moments))


def without_descriptions(record: VideoRecord) -> VideoRecord:
    """The same film, undescribed."""
    kept = [each for each in record.moments if each.kind is not MomentKind.DESCRIPTION]
    return replace(record, moments=tuple(kept))


def fill(database: Database, encoders: Encoders, *, described: bool = True) -> None:
    """FILMS, by their meaning and words, into an empty library; or without what a model says."""
    spaces, store = Spaces(database), Store(database)
    if described:
        spaces.add([SPACES[SPACE]])
    for title, scenes in FILMS.items():
        record = film(title, scenes, encoders)
        store.save_video(
            record if described else without_descriptions(record),
            records.file(f"/films/{title}.mp4"),
        )
    if described:
        spaces.activate(SPACE)
    filled = [SPACES[key] for key in spaces.all()]
    refresh_null_statistics(spaces, filled, encoders)


def fill_settings(settings: IngestSettings, encoders: Encoders) -> None:
    """The same into the library of settings, with a still for each scene."""
    with contextlib.closing(open_database(settings)) as database:
        fill(database, encoders)
    for title, scenes in FILMS.items():
        for number in range(len(scenes)):
            _put_still(settings.home / "keyframes", f"{title} {number}")


def _put_still(keyframes_dir: Path, name: str) -> None:
    records.put_keyframe(keyframes_dir, name)


def _vectors(encoders: Encoders | None, key: str, text: str) -> dict[str, records.Vector]:
    return {} if encoders is None else {key: encoders.encode_items(SPACES[key], [text])[0]}
