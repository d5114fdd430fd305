"""Pictures, scenes and sequences as queries over HTTP, on the sample film."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from embeddings.pictures import MAX_PICTURE_BYTES
from tests.helpers.commands import TOUR
from tests.helpers.fixtures import Ingested
from tests.helpers.http import answered, assert_problem, search, serving, starts
from tests.helpers.media import frames_at
from tests.helpers.pictures import png_of

CAT, COFFEE, SLIDE, CAMERA, HELMET, ROCKET = SCENES = (0, 7, 14, 21, 28, 34)
IMAGE = "/search/image"
FIELD = b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\ntext\r\n--b--\r\n'


@pytest.fixture(scope="module")
def client(ingested: Ingested) -> Iterator[httpx.Client]:
    with serving(ingested.settings) as server:
        yield server.client


@pytest.fixture(scope="module")
def frames() -> dict[int, Pillow.Image]:
    """A frame of each scene, by where the scene begins."""
    pictures = frames_at(TOUR, [start + 3.0 for start in SCENES])
    return {start: Pillow.fromarray(p) for start, p in zip(SCENES, pictures, strict=True)}


@pytest.fixture(scope="module")
def ids(client: httpx.Client) -> dict[int, int]:
    """The ids of the scenes, by where they begin."""
    return {round(s["start_s"]): s["id"] for s in client.get("/videos/1").json()["scenes"]}


def as_file(picture: Pillow.Image, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def by_picture(client: httpx.Client, data: bytes, **params: str | int) -> list[int]:
    return starts(answered(client.post(IMAGE, content=data, params=params)))


@pytest.mark.parametrize("start", SCENES)
def test_a_frame_finds_its_scene_first(
    client: httpx.Client, frames: dict[int, Pillow.Image], start: int
) -> None:
    answer = answered(client.post(IMAGE, content=as_file(frames[start])))
    assert starts(answer)[0] == start
    assert answer["confident"] is True
    assert answer["weights"] == {"text": 0, "vision": 1}
    kinds = {e["kind"] for hit in answer["results"] for e in hit["evidence"]}
    assert kinds == {"keyframe"}, "what is said is not compared with a picture"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_every_format_and_a_form_find_the_same(
    client: httpx.Client, frames: dict[int, Pillow.Image], kind: str
) -> None:
    data = as_file(frames[COFFEE], kind)
    raw = answered(client.post(IMAGE, content=data))
    form = answered(client.post(IMAGE, files={"image": ("any.bin", data)}, data={"note": "x"}))
    assert starts(raw)[0] == COFFEE
    assert form["results"] == raw["results"]


def test_a_smaller_turned_and_greyed_frame_still_finds_its_scene(
    client: httpx.Client, frames: dict[int, Pillow.Image]
) -> None:
    for start in (CAT, COFFEE, ROCKET):
        assert by_picture(client, as_file(frames[start].resize((240, 135))))[0] == start
        lying, exif = frames[start].transpose(Pillow.Transpose.ROTATE_90), Pillow.Exif()
        exif[0x0112] = 6
        out = io.BytesIO()
        lying.save(out, "JPEG", exif=exif)
        assert by_picture(client, out.getvalue())[0] == start


def test_a_crop_finds_what_only_that_part_shows(
    client: httpx.Client, frames: dict[int, Pillow.Image]
) -> None:
    both = Pillow.new("RGB", (1920, 540))
    both.paste(frames[COFFEE], (0, 0))
    both.paste(frames[ROCKET], (960, 0))
    data = as_file(both)
    assert by_picture(client, data, crop="0,0,0.5,1")[0] == COFFEE
    assert by_picture(client, data, crop="0.5,0,0.5,1")[0] == ROCKET


def test_a_text_beside_a_picture_refines_it(
    client: httpx.Client, frames: dict[int, Pillow.Image]
) -> None:
    data = as_file(frames[CAMERA])
    assert by_picture(client, data)[0] == CAMERA
    alone = by_picture(client, data).index(ROCKET)
    refined = by_picture(client, data, query="a rocket on its launch pad")
    assert refined.index(ROCKET) < max(alone, 1)
    assert CAMERA not in by_picture(client, data, query="-symphony")
    assert by_picture(client, data, query='"stock prices"') == [COFFEE]


def test_a_page_of_one_picture_is_not_continued_with_another(
    client: httpx.Client, frames: dict[int, Pillow.Image]
) -> None:
    cursor = answered(client.post(IMAGE, content=framed(frames[CAT]), params={"limit": 2}))["next"]
    rest = {"limit": 100, "cursor": cursor}
    assert len(by_picture(client, framed(frames[CAT]), **rest)) == 4
    answer = client.post(IMAGE, content=framed(frames[ROCKET]), params=rest)
    assert "cursor" in assert_problem(answer, 422)


def framed(picture: Pillow.Image) -> bytes:
    """A picture with a black border, as scans and films have."""
    out = Pillow.new("RGB", (980, 560))
    out.paste(picture, (10, 10))
    return as_file(out, "PNG")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"GIF89a" + bytes(100),
        b"\xff\xd8\xff\xe0" + bytes(100),
        png_of(40_000, 40_000),
        png_of(2**31 - 1, 2**31 - 1),
        png_of(10, 10),
        bytes(MAX_PICTURE_BYTES + 1),
    ],
    ids=["empty", "text", "gif", "broken jpeg", "huge", "enormous", "no data", "too large"],
)
def test_what_is_no_picture_is_422(client: httpx.Client, data: bytes) -> None:
    assert "picture" in assert_problem(client.post(IMAGE, content=data), 422)
    if data:
        assert "picture" in assert_problem(client.post(IMAGE, files={"image": data}), 422)


def test_a_body_over_the_limit_is_413(client: httpx.Client) -> None:
    assert_problem(client.post(IMAGE, content=bytes(MAX_PICTURE_BYTES + 65 * 1024)), 413)
    chunks = (bytes(2**20) for _ in range(18))
    assert_problem(client.post(IMAGE, content=chunks), 413)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nbroken"),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", FIELD),
    ],
)
def test_a_form_without_a_picture_is_422(
    client: httpx.Client, content_type: str, body: bytes
) -> None:
    answer = client.post(IMAGE, content=body, headers={"Content-Type": content_type})
    assert "form" in assert_problem(answer, 422)


@pytest.mark.parametrize(
    "params",
    [{"crop": "0,0,2,1"}, {"crop": "x"}, {"crop": "nan,0,1,1"}, {"crop": ""}, {"limit": "0"},
     {"limit": "101"}, {"min_score": "1"}, {"min_score": "nan"}, {"cursor": "AAAA"},
     {"query": "x" * 1001}, {"query": "a\x00b"}, {"query": '"?!"'}],
)  # fmt: skip
def test_a_picture_with_bad_parameters_is_422(
    client: httpx.Client, frames: dict[int, Pillow.Image], params: dict[str, str]
) -> None:
    assert_problem(client.post(IMAGE, content=as_file(frames[CAT]), params=params), 422)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2)])
def test_a_picture_of_any_proportions_is_answered(
    client: httpx.Client, size: tuple[int, int]
) -> None:
    assert len(by_picture(client, as_file(Pillow.new("RGB", size, "red"), "PNG"))) == 6


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@example(1.0, 0.0, 5e-7, 1.0)
def test_any_crop_is_answered_or_refused(
    client: httpx.Client, left: float, top: float, width: float, height: float
) -> None:
    data = as_file(Pillow.new("RGB", (64, 48), "blue"), "PNG")
    answer = client.post(IMAGE, content=data, params={"crop": f"{left},{top},{width},{height}"})
    assert answer.status_code == 200 or assert_problem(answer, 422)


def test_scenes_are_alike_in_look_or_in_words(client: httpx.Client, ids: dict[int, int]) -> None:
    look = answered(client.get(f"/scenes/{ids[CAMERA]}/similar", params={"by": "look"}))
    assert look["results"] == answered(client.get(f"/scenes/{ids[CAMERA]}/similar"))["results"]
    assert len(starts(look)) == 5
    assert CAMERA not in starts(look)
    params: dict[str, Any] = {"by": "words", "explain": True}
    words = answered(client.get(f"/scenes/{ids[CAMERA]}/similar", params=params))
    assert CAMERA not in starts(words)
    assert HELMET not in starts(words), "nothing is said there"
    legs = {leg["leg"] for hit in words["results"] for leg in hit["explain"]["legs"]}
    assert legs == {"minilm-l6"}


def test_filters_narrow_what_is_like_a_scene(client: httpx.Client, ids: dict[int, int]) -> None:
    def alike(**filters: Any) -> list[int]:
        return starts(answered(client.get(f"/scenes/{ids[CAT]}/similar", params=filters)))

    assert sorted(alike(from_s=20, to_s=30)) == [SLIDE, CAMERA, HELMET]
    assert sorted(alike(kinds="speech", video_ids=1)) == [COFFEE, SLIDE, CAMERA, ROCKET]
    assert alike(tags="nobody gave it") == []
    gone = client.get(f"/scenes/{ids[CAT]}/similar", params={"video_ids": 999})
    assert "999" in assert_problem(gone, 404)


def test_a_likeness_that_the_library_has_no_space_for_says_what_to_do(
    client: httpx.Client, ids: dict[int, int]
) -> None:
    answer = client.get(f"/scenes/{ids[CAT]}/similar", params={"by": "action"})
    assert "python -m ingest.backfill" in assert_problem(answer, 422)


@pytest.mark.parametrize(
    ("scene", "params", "status"),
    [
        (CAT, {"by": "sound"}, 422),
        (CAT, {"space": "no-such-space"}, 422),
        (CAT, {"space": "Not a key"}, 422),
        (CAT, {"by": "look", "space": "imagenet-concepts"}, 422),
        (CAT, {"limit": "0"}, 422),
        (CAT, {"cursor": "AAAA"}, 422),
        (HELMET, {"by": "words"}, 404),
    ],
)
def test_a_likeness_that_cannot_be_had_is_refused(
    client: httpx.Client, ids: dict[int, int], scene: int, params: dict[str, str], status: int
) -> None:
    assert_problem(client.get(f"/scenes/{ids[scene]}/similar", params=params), status)


def sequence(client: httpx.Client, *steps: str, **body: object) -> list[list[int]]:
    """Where the scenes of each hit begin, best first."""
    asked = {"steps": [{"query": step} for step in steps], **body}
    answer = answered(client.post("/search/sequence", json=asked))
    return [[round(s["scene"]["start_s"]) for s in hit["steps"]] for hit in answer["results"]]


def test_steps_are_found_in_their_order_and_only_in_it(client: httpx.Client) -> None:
    right = ("a cup of coffee", "a rocket on its pad")
    assert sequence(client, *right)[0] == [COFFEE, ROCKET]
    assert [ROCKET, COFFEE] not in sequence(client, *right[::-1], within_s=3600, limit=100)
    found = sequence(client, "a cat", "stock prices", "torque limit", within_s=0)
    assert found[0] == [CAT, COFFEE, SLIDE]
    assert all(chain == sorted(set(chain)) for chain in found)


def test_no_step_begins_later_than_within_after_the_one_before(client: httpx.Client) -> None:
    steps = ("a cup of coffee", "a rocket on its pad")
    for within_s, reached in ((0, False), (19.5, False), (20.5, True)):
        chains = sequence(client, *steps, within_s=within_s, limit=100)
        assert ([COFFEE, ROCKET] in chains) is reached
        ends = dict(zip(SCENES, [*SCENES[1:], 42], strict=True))
        assert all(second <= ends[first] + within_s + 0.2 for first, second in chains)


def test_a_sequence_says_its_span_its_steps_and_how_sure_it_is(client: httpx.Client) -> None:
    steps = [{"query": "drilling", "mode": "text_heavy"}, {"query": "a cup of coffee"}]
    asked = {"steps": steps, "within_s": 5, "filters": {"to_s": 13}, "limit": 1}
    answer = answered(client.post("/search/sequence", json=asked))
    assert [step["mode"] for step in answer["steps"]] == ["text_heavy", "balanced"]
    (hit,) = answer["results"]
    first, second = hit["steps"]
    assert (hit["start_s"], hit["end_s"]) == (first["start_s"], second["end_s"])
    assert hit["score"] == pytest.approx(first["score"] * second["score"], abs=1e-3)
    assert hit["stream_url"] == f"/videos/1/stream#t={hit['start_s']},{hit['end_s']}"
    heavy = search(client, "drilling", mode="text_heavy", filters={"to_s": 13}, limit=1)
    assert first["score"] == heavy["results"][0]["score"], "each step in its own mode"


def test_a_sequence_may_have_to_be_sure_of_each_step(client: httpx.Client) -> None:
    asked = {"steps": [{"query": "a cup of coffee"}, {"query": "a checklist"}], "limit": 100}
    whole = answered(client.post("/search/sequence", json=asked))
    sure = answered(client.post("/search/sequence", json={**asked, "min_score": 0.4}))
    spans = [(hit["start_s"], hit["end_s"]) for hit in whole["results"] if not hit["weak"]]
    assert [(hit["start_s"], hit["end_s"]) for hit in sure["results"]] == spans
    assert 0 < sure["total"] < whole["total"]


STEP = '{"query": "cat"}'


@pytest.mark.parametrize(
    "body",
    [
        f'{{"steps": [{STEP}]}}',
        f'{{"steps": [{", ".join([STEP] * 6)}]}}',
        '{"steps": []}',
        "{}",
        *(f'{{"steps": [{STEP}, {STEP}], {more}}}' for more in (
            '"within_s": NaN', '"within_s": -1', '"within_s": Infinity', '"within_s": 3601',
            '"limit": 0', '"limit": 101', '"min_score": 1', '"colour": 1',
            '"filters": {"from_s": 5, "to_s": 5}',
        )),
        *(f'{{"steps": [{STEP}, {step}]}}' for step in (
            '{"query": ""}', '{"query": "  "}', '{"query": "-cat"}', '{"query": "a\\u0000"}',
            '{"query": "cat", "mode": "fast"}', '{"mode": "auto"}', '"cat"',
        )),
    ],
)  # fmt: skip
def test_a_sequence_that_cannot_be_asked_is_422(client: httpx.Client, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(client.post("/search/sequence", content=body, headers=headers), 422)
