"""Keyframes are described once each, whatever fails meanwhile; a model's words are stored with what
made them, and are gone when they are dropped."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from database.check import find_faults
from database.models import MomentKind, SpaceState
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.descriptions import DescriptionStore, Still, description_of
from database.videos.read import Library
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from embeddings import describing
from embeddings.describing import OllamaDescriber
from embeddings.errors import OllamaBusy, OllamaFailed, OllamaModelMissing, OllamaUnreachable
from embeddings.loaded import Encoders
from embeddings.ollama.descriptions import PROMPT, PROMPT_OF_TEXT
from embeddings.registry.families import descriptions
from embeddings.registry.spaces import SPACES
from ingest.describing import DescribedLibrary
from ingest.errors import Interrupted
from ingest.files.fetched import Fetched
from ingest.library.backfilling import Filler
from ingest.library.describing import Told
from ingest.media.child import Isolation
from ingest.settings import IngestSettings
from tests.helpers import records
from tests.helpers.ollama import Ollama, serving_ollama
from tests.helpers.sql import rows

COLOURS = {
    "red": (200, 20, 20),
    "green": (20, 200, 20),
    "blue": (20, 20, 200),
    "black": (0, 0, 0),
    "nearly black": (3, 3, 3),
    "night": (8, 10, 20),
    "nearly red": (200, 24, 20),
}
SPACE = "descriptions-minilm-l6"


@pytest.fixture
def ollama() -> Iterator[Ollama]:
    """A server with llava."""
    with serving_ollama() as serving:
        yield serving


@pytest.fixture
def library(database: Database, settings: IngestSettings, encoders: Encoders) -> DescribedLibrary:
    """An empty one."""
    filler = Filler(
        Library(database),
        Spaces(database),
        encoders,
        Isolation.of(settings),
        settings.keyframes_dir,
        settings.ingest_max_pixels,
        Fetched.of(settings),
    )
    return DescribedLibrary.of(database, filler)


Describe = Callable[..., Told]


@pytest.fixture
def describe(
    library: DescribedLibrary,
    ollama: Ollama,
    settings: IngestSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> Describe:
    """Describes what has no description, as one run of the command does."""
    monkeypatch.setattr(describing, "WAITS_S", (0.0,))

    def run(report: Callable[[int], None] = lambda _num: None, **more: object) -> Told:
        own = settings.model_copy(update={"ollama_base_url": ollama.url})
        return library.describe(OllamaDescriber(own), report, **more)  # type: ignore[arg-type]

    return run


@pytest.fixture
def add(store: Store, settings: IngestSettings) -> Callable[..., int]:
    """Stores a film of one keyframe a second, each of a colour, and returns its id."""

    def stored(
        name: str, *colours: str, looks: tuple[int | None, ...] = (), written: float = 0.0
    ) -> int:
        made = _film(name, colours, looks, written)
        for moment, colour in zip(made.moments, colours, strict=False):
            path = settings.keyframes_dir / (moment.image_path or "")
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = np.full((48, 64, 3), COLOURS[colour][::-1], np.uint8)
            cv2.imwrite(str(path), picture)
        return store.save_video(made, records.file(f"/v/{name}.mp4"))

    return stored


def _film(
    name: str, colours: tuple[str, ...], looks: tuple[int | None, ...], written: float
) -> VideoRecord:
    folder = Path(records.image_path(name)).parent
    keyframes = [
        MomentRecord(
            scene=n,
            kind=MomentKind.KEYFRAME,
            start_s=n + 0.5,
            end_s=n + 0.5,
            image_path=f"{folder}/{n:09}.jpg",
            look=looks[n] if looks else 0x0F0F << (12 * n),
            vectors={"imagenet-concepts": records.unit_vector(n)},
        )
        for n in range(len(colours))
    ]
    text = MomentRecord(
        0,
        MomentKind.OCR,
        0.0,
        1.0,
        "EXIT",
        boxes=[[0.0, 0.0, 1.0, written]],
        vectors={"minilm-l6": records.unit_vector(99)},
    )
    return replace(
        records.video(name),
        duration_s=float(len(colours)),
        scenes=tuple((float(n), n + 1.0) for n in range(len(colours))),
        moments=(*keyframes, *([text] if written else [])),
    )


def described(database: Database) -> list[tuple[object, ...]]:
    """(time, text) of each description, in the order of time."""
    return rows(
        database,
        "SELECT start_s, text FROM moment WHERE kind = 'description' ORDER BY video_id, start_s",
    )


def test_each_keyframe_is_described_at_its_time_with_the_model_and_searched(
    describe: Describe, add: Callable[..., int], library: DescribedLibrary, database: Database
) -> None:
    add("a", "red", "green", "blue")
    told = describe()
    assert (told.num_described, told.faults) == (3, {})
    assert described(database) == [
        (0.5, "A red picture."),
        (1.5, "A green picture."),
        (2.5, "A blue picture."),
    ]
    made_by = (
        "SELECT DISTINCT made_by, language, scene_id IS NULL FROM moment WHERE kind = 'description'"
    )
    ((model, language, _),) = rows(database, made_by)
    assert str(model).startswith("llava:latest@")
    assert language == "en"
    assert library.spaces.all()[SPACE].state is SpaceState.ACTIVE
    assert library.spaces.coverage(SPACE).embedded == 3


def test_descriptions_leave_a_library_without_faults(
    describe: Describe, add: Callable[..., int], database: Database, settings: IngestSettings
) -> None:
    add("a", "red", "green")
    describe()
    kinds = {fault.kind for fault in find_faults(database, settings.keyframes_dir)}
    library_kinds = {kind.value for kind in kinds}
    assert not any("vector" in kind or "count" in kind for kind in library_kinds)


def test_pictures_that_look_alike_are_described_once_and_those_of_other_colours_are_not(
    describe: Describe, add: Callable[..., int], ollama: Ollama, database: Database
) -> None:
    add("a", "red", "red", "blue", "red", looks=(5, 7, 5, 1 << 40 | 0xFFFFF))
    describe()
    assert [text for _, text in described(database)] == [
        "A red picture.",
        "A red picture.",
        "A blue picture.",
        "A red picture.",
    ]
    # By its difference hash, the last one is another picture.
    assert len(ollama.asked("/api/chat")) == 3


def test_a_dark_scene_is_not_described_as_the_black_picture_before_it(
    describe: Describe, add: Callable[..., int], ollama: Ollama
) -> None:
    add("a", "black", "night", "black", looks=(0, 0, 0))
    describe()
    assert len(ollama.asked("/api/chat")) == 2


def test_black_pictures_are_described_once_and_other_flat_ones_each_by_itself(
    describe: Describe, add: Callable[..., int], ollama: Ollama
) -> None:
    add("a", "black", "nearly black", "night", "red", "nearly red", looks=(None,) * 5)
    describe()
    assert len(ollama.asked("/api/chat")) == 4


def test_a_look_that_was_described_in_a_run_before_is_not_asked_about_again(
    describe: Describe, add: Callable[..., int], ollama: Ollama, database: Database
) -> None:
    add("a", "red", "red", looks=(5, 5))
    describe(limit=1)
    assert len(described(database)) == 1
    describe()
    assert len(described(database)) == 2
    assert len(ollama.asked("/api/chat")) == 1


def test_pictures_full_of_text_are_asked_about_in_other_words(
    describe: Describe, add: Callable[..., int], ollama: Ollama
) -> None:
    add("slide", "red", written=0.3)
    add("film", "blue", written=0.05)
    describe()
    prompts = [body["messages"][0]["content"] for body in ollama.asked("/api/chat")]
    assert sorted(prompts) == sorted([PROMPT, PROMPT_OF_TEXT])


def test_a_run_that_is_cut_off_goes_on_where_it_was(
    describe: Describe, add: Callable[..., int], ollama: Ollama, database: Database
) -> None:
    for name in "abc":
        add(name, "red")

    def stop(_num: int) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        describe(stop)
    assert len(described(database)) == 1
    assert describe().num_described == 2
    assert len(described(database)) == 3


def test_nothing_is_described_twice(
    describe: Describe, add: Callable[..., int], ollama: Ollama, database: Database
) -> None:
    add("a", "red", "green")
    describe()
    before = len(ollama.requests)
    assert describe().num_described == 0
    assert [path for path, _ in ollama.requests[before:]].count("/api/chat") == 0
    assert len(described(database)) == 2


def test_only_the_named_videos_are_described_and_as_many_keyframes_as_asked(
    describe: Describe, add: Callable[..., int], library: DescribedLibrary
) -> None:
    first, second = add("a", "red", "green"), add("b", "blue")
    describe(video_ids=[second])
    assert [library.descriptions.count(each).missing for each in (first, second)] == [2, 0]
    describe(limit=1)
    assert library.descriptions.count().missing == 1


@pytest.mark.parametrize("nothing", [" \n", "...", "\u200b"], ids=["blank", "dots", "no width"])
def test_a_picture_that_the_model_says_nothing_of_is_a_fault_and_tried_again(
    nothing: str,
    describe: Describe,
    add: Callable[..., int],
    ollama: Ollama,
    database: Database,
) -> None:
    def silent(colour: str) -> str:
        return nothing if colour == "green" else f"A {colour} picture."

    ollama.models[0].says = silent
    video_id = add("a", "red", "green", "blue")
    told = describe()
    assert told.num_described == 2
    assert "said nothing" in told.faults[video_id]
    ollama.models[0].says = "A {} picture.".format
    assert describe().num_described == 1
    assert len(described(database)) == 3


def test_a_keyframe_that_is_gone_is_a_fault_of_its_video_alone(
    describe: Describe, add: Callable[..., int], settings: IngestSettings
) -> None:
    broken = add("a", "red")
    add("b", "blue")
    (settings.keyframes_dir / Path(records.image_path("a")).parent / "000000000.jpg").unlink()
    told = describe()
    assert told.num_described == 1
    assert list(told.faults) == [broken]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (lambda ollama: ollama.busy("/api/chat"), OllamaBusy),
        (lambda ollama: ollama.breaks.add("/api/chat"), OllamaUnreachable),
        (lambda ollama: ollama.models.clear(), OllamaModelMissing),
    ],
    ids=["busy", "breaks off", "no model"],
)
def test_an_ollama_that_serves_nobody_ends_the_run_and_the_next_one_goes_on(
    failure: Callable[[Ollama], object],
    error: type[Exception],
    describe: Describe,
    add: Callable[..., int],
    ollama: Ollama,
    database: Database,
) -> None:
    add("a", "red")
    models = list(ollama.models)
    failure(ollama)
    with pytest.raises(error):
        describe()
    assert described(database) == []
    ollama.raw.clear()
    ollama.breaks.clear()
    ollama.models[:] = models
    assert describe().num_described == 1


def test_a_busy_ollama_is_asked_again(
    describe: Describe, add: Callable[..., int], ollama: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("a", "red")
    answer = ollama.answer
    refused: list[str] = []

    def busy_at_first(path: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
        if path == "/api/chat" and not refused:
            refused.append(path)
            return 503, {"error": "server busy, please try again"}
        return answer(path, body)

    monkeypatch.setattr(ollama, "answer", busy_at_first)
    assert describe().num_described == 1
    assert refused == ["/api/chat"]


def test_where_no_picture_can_be_described_the_fault_is_none_of_theirs(
    describe: Describe, add: Callable[..., int], ollama: Ollama
) -> None:
    for number in range(9):
        add(f"film {number}", "red")
    ollama.fail("/api/chat", 500, "llama runner process has terminated")
    with pytest.raises(OllamaFailed, match="terminated"):
        describe()


def test_pictures_that_are_never_described_do_not_keep_those_after_them_from_it(
    describe: Describe, add: Callable[..., int], ollama: Ollama, database: Database
) -> None:
    ollama.models[0].says = lambda colour: "" if colour == "green" else f"A {colour} picture."
    for number in range(9):
        add(f"film {number}", "green")
    add("the last", "blue")
    told = describe()
    assert (told.num_described, len(told.faults)) == (1, 9)


def test_a_long_film_of_which_nothing_is_described_is_given_up_where_the_model_fails(
    describe: Describe, add: Callable[..., int], ollama: Ollama
) -> None:
    add("long", *["red", "green", "blue"] * 10, looks=(None,) * 30)
    ollama.fail("/api/chat", 500, "llama runner process has terminated")
    with pytest.raises(OllamaFailed, match="terminated"):
        describe()
    assert len(ollama.asked("/api/chat")) < 12


def test_what_a_model_says_is_one_line_without_control_characters(
    describe: Describe, add: Callable[..., int], ollama: Ollama, database: Database
) -> None:
    ollama.models[0].says = "A {}\n\n\x1b[31m<script>picture</script>\x00.".format
    add("a", "red")
    describe()
    ((_, text),) = described(database)
    assert text == "A red [31m<script>picture</script> ."


def test_whoever_describes_a_keyframe_second_adds_nothing(
    describe: Describe, add: Callable[..., int], library: DescribedLibrary, database: Database
) -> None:
    video_id = add("a", "red")
    (still,) = library.descriptions.missing(limit=10)
    describe()
    vector = {SPACE: records.unit_vector(3)}
    moment = replace(description_of(still, "Another word.", "other@1"), vectors=vector)
    assert library.descriptions.save(video_id, [still], [moment], [SPACE]) == 0
    assert described(database) == [(0.5, "A red picture.")]


def test_descriptions_of_keyframes_that_went_meanwhile_are_left_out(
    describe: Describe, add: Callable[..., int], library: DescribedLibrary, database: Database
) -> None:
    video_id = add("a", "red")
    gone = Still(10**9, video_id, 0.5, 0.5, "gone.jpg", None)
    describe()
    moment = description_of(gone, "Gone.", "other@1")
    assert library.descriptions.save(video_id, [gone], [moment], [SPACE]) == 0
    assert len(described(database)) == 1


def test_after_a_change_of_the_text_model_what_was_described_is_searched_by_the_new_one(
    describe: Describe,
    add: Callable[..., int],
    library: DescribedLibrary,
    ollama: Ollama,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add("a", "red", "green", written=0.05)
    describe()
    texts = replace(SPACES["minilm-l6"], key="other-texts")
    own = {space.key: space for space in (texts, descriptions(texts))}
    monkeypatch.setattr(library.filler.encoders, "spaces", SPACES | own)
    library.spaces.add([texts])
    library.filler.fill([texts], lambda _space, _num: None)
    library.spaces.activate(texts.key)
    num_asked = len(ollama.asked("/api/chat"))
    assert describe().num_described == 0
    assert len(ollama.asked("/api/chat")) == num_asked
    states = {key: info.state for key, info in library.spaces.all().items()}
    assert states["descriptions-other-texts"] is SpaceState.ACTIVE
    assert states[SPACE] is SpaceState.RETIRED
    assert library.spaces.coverage("descriptions-other-texts").embedded == 2


def test_dropped_descriptions_take_their_space_along_and_can_be_made_again(
    describe: Describe, add: Callable[..., int], library: DescribedLibrary, database: Database
) -> None:
    first, _ = add("a", "red"), add("b", "blue")
    describe()
    assert library.drop([first]) == 1
    assert library.drop([]) == 1
    assert described(database) == []
    assert SPACE not in library.spaces.all()
    assert describe().num_described == 2
    assert DescriptionStore(database).count().missing == 0


def test_a_new_description_changes_what_searches_may_answer(
    describe: Describe, add: Callable[..., int], library: DescribedLibrary
) -> None:
    add("a", "red")
    before = library.filler.library.version()
    describe()
    assert library.filler.library.version() > before
