"""Who types the name of a file finds it, and names put nothing before what says or shows it."""

from dataclasses import replace

import pytest

from database.models import MomentKind
from database.server.connection import Database
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from ingest.library.titles import title_text
from search.multi_modal_search import MultiModalSearchEngine
from tests.helpers import records

NAME = "2019-05-18_site-tour_final(2).mp4"
SAID = "The crew is drilling through solid granite."


def called(film: VideoRecord, name: str) -> VideoRecord:
    """A film with the moment of its name."""
    named = MomentRecord(
        scene=0, kind=MomentKind.TITLE, start_s=0.0, end_s=2.0, text=title_text(None, name)
    )
    return replace(film, moments=(*film.moments, named))


@pytest.fixture
def engine(store: Store, database: Database, encoders: Encoders) -> MultiModalSearchEngine:
    """Of a library with a film of this name, one that is named after what another one says, and
    that one."""
    store.save_video(called(records.video("tour"), NAME), records.file(f"/v/{NAME}"))
    store.save_video(called(records.video("b"), "drilling.mp4"), records.file("/v/drilling.mp4"))
    (vector,) = encoders.encode_items(SPACES["minilm-l6"], [SAID])
    *others, speech = records.video("said").moments
    speech = replace(speech, text=SAID, vectors={"minilm-l6": vector})
    said = replace(records.video("said"), moments=(*others, speech))
    store.save_video(said, records.file("/v/said.mp4"))
    return MultiModalSearchEngine(database, encoders)


@pytest.mark.parametrize(
    "query", [NAME, "2019-05-18_site-tour_final(2)", "site tour final", "Site Tour"]
)
def test_the_name_of_a_file_finds_it_played_from_its_beginning(
    query: str, engine: MultiModalSearchEngine
) -> None:
    hit = engine.search(query).hits[0]
    assert (hit.video.path, hit.start_s) == (f"/v/{NAME}", 0.0)
    assert hit.evidence[0].moment.kind is MomentKind.TITLE


def test_what_is_said_comes_before_a_video_that_is_called_so(
    engine: MultiModalSearchEngine,
) -> None:
    first, second = engine.search("drilling", mode="text_heavy").hits[:2]
    assert [hit.video.path for hit in (first, second)] == ["/v/said.mp4", "/v/drilling.mp4"]
    assert second.score < first.score
