"""Whatever files claim of themselves, the store takes it or refuses it; the next one is taken."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from database.errors import ValueRefused
from database.models import FileStatus
from database.server.connection import Database
from database.videos.records import FileRecord
from database.videos.removal import Removal
from database.videos.stored import Store
from tests.helpers import records

LIMITS = [0, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**70]
TOO_MANY_WORDS = " ".join(f"word{number}" for number in range(200_000))
"""More than PostgreSQL indexes of one text."""
texts = st.text(st.characters(codec=None), max_size=60)
numbers = st.sampled_from(LIMITS) | st.integers()
seconds = st.floats()
times = st.none() | st.datetimes(timezones=st.just(UTC))
outcomes = st.builds(
    FileRecord,
    path=texts,
    size_bytes=numbers,
    mtime_ns=numbers,
    status=st.sampled_from(FileStatus),
    reason=st.none() | texts,
)
claims = {
    "title": texts,
    "container": texts,
    "language": st.none() | texts,
    "width_px": st.none() | numbers,
    "frame_rate": st.none() | seconds,
    "duration_s": seconds,
    "recorded_at": times,
    "scenes": st.lists(st.tuples(seconds, seconds), min_size=2, max_size=4).map(tuple),
    "notes": st.lists(texts, max_size=2).map(tuple),
    "clock": st.none() | st.lists(st.tuples(seconds, seconds), max_size=2).map(tuple),
}
of_moments = {
    "text": texts,
    "language": st.none() | texts,
    "track": st.none() | texts,
    "start_s": seconds,
    "end_s": seconds,
    "look": st.none() | numbers,
    "boxes": st.none() | st.lists(st.lists(seconds, max_size=4), max_size=2),
}
with_one_store = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@with_one_store
@given(outcomes)
def test_any_outcome_of_a_file_is_kept_or_refused(store: Store, file: FileRecord) -> None:
    try:
        store.save_file(file)
    except ValueRefused:
        return
    assert store.find_files([file.path])[file.path].file == file


@with_one_store
@given(st.fixed_dictionaries(claims), st.fixed_dictionaries(of_moments))
@example({"title": "t" * 5_000_000}, {})
@example({}, {"text": TOO_MANY_WORDS})
@example({"recorded_at": datetime.min.replace(tzinfo=UTC)}, {})
@example({"recorded_at": datetime.max.replace(tzinfo=UTC)}, {})
def test_any_video_is_kept_as_a_whole_or_refused_as_a_whole(
    store: Store, database: Database, claimed: dict[str, Any], of_moment: dict[str, Any]
) -> None:
    video = replace(records.video("a"), **claimed)
    *others, last = video.moments
    video = replace(video, moments=(*others, replace(last, **of_moment)))
    try:
        store.save_video(video, records.file("/v/a.mp4"))
    except ValueRefused:
        assert store.find_video_by_content(video.content_hash) is None
        return
    assert store.find_video_by_content(video.content_hash) is not None
    store.forget_files(["/v/a.mp4"])
    assert Removal(database).remove_orphan(video.content_hash)
    assert store.find_video_by_content(video.content_hash) is None
