"""Every form of a query as a person types it."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from database.judgements import Judgements
from database.opening import open_database
from database.server.connection import Database
from database.settings import DatabaseSettings
from embeddings.loaded import Encoders
from tests.helpers.commands import TOUR, run_command
from tests.helpers.drilling import fill
from tests.helpers.fixtures import Ingested, NewSettings
from tests.helpers.media import frames_at
from tests.helpers.pictures import png_of

CAT, COFFEE, SLIDE, CAMERA, HELMET, ROCKET = (0, 7, 14, 21, 28, 34)
LONG = "W1tb" * 25_000


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame with the cup of coffee in its left half, and with the rocket in its right."""
    both = Pillow.new("RGB", (1920, 540))
    for place, frame in enumerate(frames_at(TOUR, [10.0, 37.0])):
        both.paste(Pillow.fromarray(frame), (960 * place, 0))
    path = tmp_path_factory.mktemp("pictures") / "both.png"
    both.save(path)
    return path


@pytest.fixture(scope="module")
def library(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[tuple[DatabaseSettings, Database]]:
    """Made videos that speak of drilling; tests may judge their scenes."""
    with new_settings(tmp_path_factory.mktemp("judged") / "home") as settings:
        database = open_database(settings)
        fill(database, encoders)
        yield settings, database
        database.close()


def done(library: DatabaseSettings, command: str, *arguments: object) -> str:
    """What a command that goes well prints."""
    ended = run_command(command, *arguments, settings=library)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def document(library: DatabaseSettings, command: str, *arguments: object) -> dict[str, Any]:
    return dict(json.loads(done(library, command, *arguments, "--json")))


def starts(answer: dict[str, Any]) -> list[int]:
    """Where the scenes of the hits begin, best first."""
    return [round(hit["scene"]["start_s"]) for hit in answer["results"]]


def assert_refused(ended: subprocess.CompletedProcess[str], status: int = 2) -> str:
    """Asserts that a command has refused in one sentence, and returns it."""
    assert "Traceback" not in ended.stderr, ended.stderr[-2000:]
    assert ended.returncode == status, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("error: ")
    return ended.stderr


def test_words_are_read_as_they_are_typed(ingested: Ingested) -> None:
    assert starts(document(ingested.settings, "search", '"stock prices" -train')) == [COFFEE]
    excluded = document(ingested.settings, "search", 'drilling -"solid granite"', "--mode", "auto")
    assert CAT not in starts(excluded)
    assert excluded["weights"] == {"text": 0.85, "vision": 0.15}


def test_an_unanswerable_query_says_that_nothing_is_a_confident_match(ingested: Ingested) -> None:
    lines = done(ingested.settings, "search", "quantum chromodynamics").splitlines()
    assert lines[0] == "no confident match; the nearest are:"
    assert "--- weak matches ---" not in lines
    sure = ("search", "quantum chromodynamics", "--min-score", 0.4)
    text = done(ingested.settings, *sure)
    assert text == "nothing found with --min-score 0.4; try without it\n"


def test_a_query_that_begins_with_a_hyphen_is_told_where_it_goes(ingested: Ingested) -> None:
    refused = assert_refused(run_command("search", "-train", settings=ingested.settings))
    assert "an argument that begins with a hyphen goes after --" in refused
    assert done(ingested.settings, "search", "--limit", 1, "--", "-train drilling")


def test_the_filters_that_left_nothing_are_named(ingested: Ingested) -> None:
    filters = ("--tags", "night shift", "--recorded-from", "2030-01-01T00:00:00+00:00")
    named = "nothing found with --recorded-from 2030-01-01T00:00:00Z, --tags 'night shift'"
    for search in (("search", "drilling"), ("search.sequence", "drilling", "a cup of coffee")):
        text = done(ingested.settings, *search, *filters)
        assert text == f"{named}; try without one of them\n"


def test_weak_hits_stand_below_a_line(ingested: Ingested) -> None:
    lines = done(ingested.settings, "search", "drilling").splitlines()
    assert lines.index("--- weak matches ---") == 2
    assert lines[0].startswith(" 1. 0.9")
    assert sum("--- weak" in line for line in lines) == 1


def test_a_cursor_goes_on_where_the_page_before_ended(ingested: Ingested) -> None:
    text = done(ingested.settings, "search", "drilling", "--limit", 4)
    assert re.search(r"^4 of 6 hits in \d+ ms$", text, re.MULTILINE)
    cursor = text.splitlines()[-1].removeprefix("more: --cursor ")
    rest = done(ingested.settings, "search", "drilling", "--limit", 4, "--cursor", cursor)
    shown = [re.findall(r"scene (\d+)", page) for page in (text, rest)]
    assert [len(page) for page in shown] == [4, 2]
    assert len({*shown[0], *shown[1]}) == 6
    assert "more: --cursor" not in rest


def test_options_shape_the_answer_and_explain_it(
    library: tuple[DatabaseSettings, Database],
) -> None:
    settings, _database = library
    shape = ("--by-video", "--fold", "--sort", "date", "--fusion", "sum", "--kinds", "speech")
    answer = json.loads(done(settings, "search", "drilling", *shape, "--explain"))
    assert answer["explain"]["fusion"] == "sum"
    titles = [hit["video"]["title"] for hit in answer["results"]]
    assert titles == ["evening", "morning", "deutsch"]
    text = done(settings, "search", "drilling", "--by-video", "--kinds", "speech")
    assert "+5 in this video" in text
    assert re.search(r"\+\d alike", done(settings, "search", "x", "--fold", "--kinds", "keyframe"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--recorded-from", "2024-05-18"), {"evening"}),
        (("--recorded-to", "2022-01-01", "--kinds", "keyframe"), {"clips"}),
        (("--clock-from", "22:00", "--clock-to", "06:00"), {"evening", "more"}),
        (("--min-duration-s", 31, "--max-duration-s", 59), {"evening"}),
        (("--language", "de"), {"deutsch"}),
        (("--tags", "nobody gave it"), set()),
    ],
)
def test_filters_leave_the_videos_that_satisfy_them(
    library: tuple[DatabaseSettings, Database], options: tuple[object, ...], expected: set[str]
) -> None:
    answer = document(library[0], "search", "drilling", *options)
    assert {hit["video"]["title"] for hit in answer["results"]} == expected


def test_a_picture_finds_the_scenes_that_show_it(ingested: Ingested, picture: Path) -> None:
    left = document(ingested.settings, "search.image", picture, "--crop", "0,0,0.5,1")
    right = document(ingested.settings, "search.image", picture, "--crop", "0.5,0,0.5,1")
    assert (starts(left)[0], starts(right)[0]) == (COFFEE, ROCKET)
    refined = ("search.image", picture, '"two hours late"', "--limit", 3)
    assert starts(document(ingested.settings, *refined)) == [SLIDE]
    text = done(ingested.settings, "search.image", picture, "--crop", "0,0,0.5,1", "--limit", 1)
    assert text.startswith(" 1. ")
    assert "shown at 0:" in text


def test_scenes_are_like_a_scene(ingested: Ingested) -> None:
    camera = 4
    look = document(ingested.settings, "search.similar", camera)
    assert CAMERA not in starts(look)
    assert len(starts(look)) == 5
    words = document(ingested.settings, "search.similar", camera, "--by", "words", "--limit", 9)
    assert set(starts(words)) == {CAT, COFFEE, SLIDE, ROCKET}
    late = document(ingested.settings, "search.similar", camera, "--from-s", 30)
    assert set(starts(late)) == {HELMET, ROCKET}


def test_steps_are_found_in_their_order_each_in_its_mode(ingested: Ingested) -> None:
    steps = ("vision_heavy:a cup of coffee", "a rocket on its pad", "--within-s", 21)
    answer = document(ingested.settings, "search.sequence", *steps)
    assert [step["mode"] for step in answer["steps"]] == ["vision_heavy", "balanced"]
    assert answer["steps"][0]["query"] == "a cup of coffee"
    assert [round(s["scene"]["start_s"]) for s in answer["results"][0]["steps"]] == [COFFEE, ROCKET]
    text = done(ingested.settings, "search.sequence", *steps, "--limit", 1)
    assert re.fullmatch(r" 1\. 0\.\d\d  0:07\.0–0:42\.\d  tour  \(.*\)", text.splitlines()[0])
    assert len(text.splitlines()) == 4
    turned = ("a rocket on its pad", "a cup of coffee", "--video-ids", 1, "--limit", 100)
    chains = document(ingested.settings, "search.sequence", *turned)["results"]
    assert all(chain["steps"][0]["scene"]["start_s"] < chain["steps"][1]["scene"]["start_s"]
               for chain in chains)  # fmt: skip


def test_a_sequence_of_what_is_not_there_says_so(ingested: Ingested) -> None:
    sure = ("a cup of coffee", "a checklist")
    unsure = ("quantum chromodynamics", "a zebra in a bathtub")
    for steps, is_sure in ((sure, True), (unsure, False)):
        answer = document(ingested.settings, "search.sequence", *steps, "--limit", 2)
        assert answer["confident"] is is_sure
        assert [hit["weak"] for hit in answer["results"]] == [not is_sure, True]
    text = done(ingested.settings, "search.sequence", *unsure, "--limit", 2)
    assert text.startswith("no confident match; the nearest are:\n")
    assert re.search(rf"^2 of {answer['total']} hits in \d+ ms$", text, re.MULTILINE)
    text = done(ingested.settings, "search.sequence", *sure, "--limit", 2)
    assert text.splitlines()[3] == "--- weak matches ---"
    text = done(ingested.settings, "search.sequence", *unsure, "--min-score", 0.4)
    assert text == "nothing found with --min-score 0.4; try without it\n"


def test_a_step_with_a_colon_that_is_no_mode_is_all_text(ingested: Ingested) -> None:
    steps = ("torque limit: 42 Nm", "auto:a rocket", "--mode", "text_heavy")
    answer = document(ingested.settings, "search.sequence", *steps)
    assert answer["steps"] == [
        {"query": "torque limit: 42 Nm", "mode": "text_heavy"},
        {"query": "a rocket", "mode": "auto"},
    ]


def test_what_is_said_of_hits_is_kept_and_measured(
    library: tuple[DatabaseSettings, Database],
) -> None:
    settings, database = library
    nothing = run_command("search.evaluate", "--judgements", settings=settings)
    assert "nobody has said yet" in assert_refused(nothing, 1)
    best = document(settings, "search", "drilling", "--limit", 5)["results"]
    right, wrong = best[0]["scene"], best[4]["scene"]
    bent = document(settings, "search", " drilling", "--like", right["id"], "--unlike", wrong["id"])
    shown = {hit["scene"]["id"] for hit in bent["results"]}
    assert not shown & {right["id"], wrong["id"]}
    kept = {(j.query, j.start_s, j.relevant) for j in Judgements(database).all()}
    assert kept == {("drilling", right["start_s"], True), ("drilling", wrong["start_s"], False)}
    measured = json.loads(done(settings, "search.evaluate", "--judgements", "--json"))
    assert set(measured["methods"]["balanced"]) == {"all", "judged"}
    assert measured["methods"]["balanced"]["judged"]["Success@1"] == 1
    assert measured["misled"]["balanced"] == []


@pytest.mark.parametrize("arguments", [
    ("search", "", "--like", 1),
    ("search", "--like", 1, "--", "-drilling"),
    ("search", "drilling", "--mode", "fast", "--like", 1),
    ("search", "drilling", "--like", 2, "--unlike", 2),
    ("search", "drilling", "--cursor", "AAAA", "--unlike", 1),
])  # fmt: skip
def test_what_is_said_with_a_query_that_is_refused_is_not_kept(
    library: tuple[DatabaseSettings, Database], arguments: tuple[object, ...]
) -> None:
    settings, database = library
    before = Judgements(database).all()
    command, *rest = arguments
    assert_refused(run_command(str(command), *rest, settings=settings))
    assert Judgements(database).all() == before


def test_a_judgement_of_an_unknown_scene_keeps_nothing_and_exits_1(
    library: tuple[DatabaseSettings, Database],
) -> None:
    settings, database = library
    before = Judgements(database).all()
    for scene in (998, 999):
        ended = run_command("search", "x", "--like", 1, "--unlike", scene, settings=settings)
        assert f"no scene {scene}" in assert_refused(ended, 1)
    assert Judgements(database).all() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "--", "-drilling"), "only excludes"),
        (("search", '"?!"'), "no words"),
        (("search", ""), "empty"),
        (("search", '""'), "empty"),
        (("search", "fire", "drill", "--limit", 1), "put the query in quotes: 'fire drill'"),
        (("search", "x", "--cursor", "AAAA"), "cursor"),
        (("search", "x", "--cursor", LONG), "cursor"),
        (("search", "x", "--limit", 0), "limit"),
        (("search", "x", "--min-score", "nan"), "--min-score"),
        (("search", "x", "--recorded-from", "yesterday"), "2026-11-21"),
        (("search", "x", "--clock-from", "25:00"), "18:30"),
        (("search", "x", "--clock-from", "18:30+02:00"), "time of day"),
        (("search", "x", "--min-duration-s", 9, "--max-duration-s", 5), "duration"),
        (("search", "x", "--min-duration-s", "nan"), "duration"),
        (("search", "x", "--from-s", "nan"), "--from-s: Input should be a finite number"),
        (("search", "x", "--language", "english"), "language"),
        (("search", "x", *["--tags", "t"] * 17), "tags"),
        (("search", "x", "--spaces", "none"), "no space"),
        (("search.similar", 1, "--by", "action"), "python -m ingest.backfill"),
        (("search.sequence", "one step"), "between 2 and 5"),
        (("search.sequence", *"abcdef"), "between 2 and 5"),
        (("search.sequence", "a", "b", "--within-s", "nan"), "within"),
        (("search.sequence", "a", "b", "--within-s", 3601), "within"),
        (("search.sequence", "a", "auto:"), "empty"),
        (("search.sequence", "picture_heavy:a", "b"), "mode must be one of"),
        (("search.image", "/no/such.png"), "cannot be read"),
        (("search.image", TOUR, "--crop", "2,2,2,2"), "crop"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_asked_is_one_sentence_and_exit_2(
    ingested: Ingested, arguments: tuple[object, ...], said: str
) -> None:
    command, *rest = arguments
    assert said in assert_refused(run_command(str(command), *rest, settings=ingested.settings))


@pytest.mark.parametrize(
    ("zone", "date"), [("Asia/Tokyo", "0001-01-01"), ("America/New_York", "9999-12-31T23:59")]
)
def test_the_first_and_the_last_date_are_dates_or_refused(
    ingested: Ingested, zone: str, date: str
) -> None:
    ended = run_command("search", "x", "--recorded-from", date, settings=ingested.settings, TZ=zone)
    assert ended.returncode == 0 or assert_refused(ended)


def test_a_query_of_bytes_that_are_no_text_is_refused(
    library: tuple[DatabaseSettings, Database],
) -> None:
    for more in ((), ("--like", "1")):
        assert_refused(run_command("search", "drill\udcff", *more, settings=library[0]))


@pytest.mark.parametrize("data", [b"", b"x", png_of(40_000, 40_000)], ids=["empty", "text", "huge"])
def test_a_file_that_is_no_picture_is_one_sentence(
    ingested: Ingested, tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    ended = run_command("search.image", path, settings=ingested.settings)
    assert "picture" in assert_refused(ended)


def test_a_likeness_that_nothing_is_known_of_is_exit_1(ingested: Ingested) -> None:
    for arguments in ((999,), (5, "--by", "words")):
        ended = run_command("search.similar", *arguments, settings=ingested.settings)
        assert "no scene" in assert_refused(ended, 1)
