"""`python -m search` and `python -m search.evaluate`, as a person runs them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from database.queries.filters import Filters
from database.settings import DatabaseSettings
from embeddings.loaded import Encoders
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import Shape
from search.results.json import search_document
from tests.helpers.commands import run_command
from tests.helpers.fixtures import Ingested

MODES = ("text_heavy", "balanced", "vision_heavy", "auto")
QUERIES: dict[str, Any] = {
    "how_to_score": {"tolerance_s": {"visual": 0.5, "speech": 1.0, "ocr": 0.5}},
    "queries": [
        {
            "id": "q1",
            "query": "someone talks about drilling",
            "modality": "speech",
            "targets": [{"file": "tour.mp4", "start": 0.2, "end": 4.7}],
            "match": "any",
        },
        {
            "id": "q2",
            "query": "a cup of coffee",
            "modality": "visual",
            "targets": [{"file": "sample/tour.mp4", "start": 7, "end": 14}],
            "match": "any",
            "must_not": [{"file": "tour.mp4", "start": 0, "end": 7, "why": "drilling is said"}],
        },
        {
            "id": "q3",
            "query": "torque limit 42 Nm",
            "modality": "ocr",
            "targets": [{"file": "tour.mp4", "start": 14, "end": 21}],
            "match": "all",
        },
        {
            "id": "q4",
            "query": "drilling",
            "modality": "[/elsewhere]",
            "targets": [{"file": "our.mp4", "start": 0, "end": 7}],
            "must_not": [{"file": "tour.mp4", "start": 0, "end": 7}],
        },
    ],
    "negatives": [{"id": "n1", "query": "an elephant"}],
}


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("queries") / "queries.json"
    path.write_text(json.dumps(QUERIES))
    return path


def flat(document: object, place: str = "") -> dict[str, Any]:
    """The values of a JSON document by their places."""
    if isinstance(document, dict):
        items = [(f"{place}.{name}", value) for name, value in document.items()]
    elif isinstance(document, list):
        items = [(f"{place}[{number}]", value) for number, value in enumerate(document)]
    else:
        return {place: document}
    return {key: value for at, inner in items for key, value in flat(inner, at).items()}


def test_a_search_prints_where_each_hit_is_and_why(ingested: Ingested) -> None:
    done = run_command("search", "drilling", "--limit", 2, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        r" 1\. 0\.\d\d  0:0[01]\.\d–0:04\.\d  tour  \(/.*/sample/tour\.mp4\)  scene \d+", lines[0]
    )
    assert re.search(
        r"text 0\.8\d  vision 0\.\d\d  \|  said at 0:01\.\d: “.*drilling.*granite", lines[1]
    )
    assert re.fullmatch(r"2 of \d hits in \d+ ms", lines[-2])
    assert lines[-1].startswith("more: --cursor ")


def test_json_is_the_document_of_the_api(ingested: Ingested, encoders: Encoders) -> None:
    asked = ("a cup of coffee", "--mode", "vision_heavy", "--limit", 3, "--from-s", 5, "--json")
    done = run_command("search", *asked, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    engine = MultiModalSearchEngine(ingested.database, encoders)
    answer = engine.search(
        "a cup of coffee",
        mode="vision_heavy",
        filters=Filters(from_s=5),
        shape=Shape(limit=3),
    )
    expected = flat({**search_document(answer), "took_ms": printed["took_ms"]})
    shown = flat(printed)
    assert shown.keys() == expected.keys()
    for place, value in expected.items():
        if isinstance(value, float):
            assert shown[place] == pytest.approx(value, abs=1e-3), place
        elif place != ".next":  # it holds the last digit of a score
            assert shown[place] == value, place
    assert printed["results"][0]["scene"]["start_s"] == pytest.approx(7, abs=0.2)


def test_json_holds_nothing_that_could_steer_a_terminal(ingested: Ingested) -> None:
    query = "drilling \x1b[31m \x9b31m \x7f \u202e \u2066 é"
    done = run_command("search", query, "--json", settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert done.stdout.removesuffix("\n").isprintable()
    assert json.loads(done.stdout)["query"] == query


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("drilling", "--mode", "fast"),
            "mode must be one of text_heavy, balanced, vision_heavy, auto",
        ),
        (("drilling", "--weights", "0.5"), "weights are two numbers"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_exit_2(
    ingested: Ingested, arguments: tuple[str, ...], said: str
) -> None:
    done = run_command("search", *arguments, settings=ingested.settings)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1


def test_an_unreachable_database_is_one_sentence_without_password_and_exit_1(
    ingested: Ingested,
) -> None:
    url = "postgresql://someone:s3cret@127.0.0.1:1/library"
    done = run_command("search", "drilling", settings=ingested.settings, DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "127.0.0.1:1/library does not answer" in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert "s3cret" not in done.stderr


def test_a_search_of_an_empty_library_says_how_to_fill_it(settings: DatabaseSettings) -> None:
    done = run_command("search", "drilling", settings=settings)
    assert done.returncode == 0
    assert done.stdout == "nothing found\n"
    assert "python -m ingest" in done.stderr


def test_an_evaluation_measures_every_method_by_class(ingested: Ingested, queries: Path) -> None:
    done = run_command("search.evaluate", queries, "--json", settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    results = printed["methods"]
    nothing = dict.fromkeys(("Success@1", "R@1", "R@5", "R@10", "nDCG@10"), 0.0)
    everything = dict.fromkeys(nothing, 1.0)
    for mode in MODES:
        assert set(results[mode]) == {"all", "speech", "visual", "ocr", "[/elsewhere]"}
        assert results[mode]["speech"] == everything
        assert results[mode]["visual"] == everything
        assert results[mode]["ocr"] == everything
        assert results[mode]["[/elsewhere]"] == nothing
        assert results[mode]["all"] == dict.fromkeys(nothing, 0.75)
    assert results["only full-text"]["visual"] == nothing
    assert results["only full-text"]["ocr"] == everything
    assert results["only full-text"]["all"]["Success@1"] == 0.5
    assert results["only imagenet-concepts"]["visual"] == everything
    assert {"only minilm-l6", "fusion=rrf", "fusion=raw", "fusion=sum"} < set(results)
    assert printed["misled"] == {mode: ["q4"] for mode in MODES}
    assert printed["auroc"] == dict.fromkeys(MODES, 1.0)
    for mode in MODES:
        assert set(printed["boundaries"][mode]) == {"all", "speech", "visual", "ocr"}
        assert printed["boundaries"][mode]["all"]["num_found"] == 3


def test_an_evaluation_prints_a_table(ingested: Ingested, queries: Path) -> None:
    done = run_command("search.evaluate", queries, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    assert "4 queries" in done.stdout
    balanced = next(line for line in done.stdout.splitlines() if "balanced" in line)
    assert "0.75 0.75 0.75 0.75 0.75" in balanced
    assert "only full-text" in done.stdout
    assert "[/elsewhere]" in done.stdout
    for mode in MODES:
        assert f"\n{mode}: 1 of 2 queries misled by a must_not answer\n" in done.stdout
        assert f"\n{mode}: of 3 first right hits " in done.stdout


def test_a_query_that_cannot_be_asked_is_named_before_any_is_run(
    settings: DatabaseSettings, tmp_path: Path
) -> None:
    path = tmp_path / "queries.json"
    path.write_text(
        json.dumps(
            {"queries": [*QUERIES["queries"], {**QUERIES["queries"][0], "id": "q5", "query": "  "}]}
        )
    )
    url = "postgresql://someone@127.0.0.1:1/library"
    done = run_command("search.evaluate", path, settings=settings, DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"error: {path}: query 'q5': the query is empty\n"


def test_queries_that_are_no_json_are_one_sentence_and_exit_1(
    ingested: Ingested, tmp_path: Path
) -> None:
    path = tmp_path / "queries.json"
    path.write_text("queries: []")
    done = run_command("search.evaluate", path, settings=ingested.settings)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {path}")
    assert done.stderr.count("\n") == 1
