"""What every space promises, in one suite over the registry and over the small trained models.

The bundled spaces have their real weights. A space whose model comes from the hub has a stand-in
(tests/helpers/stand_ins.py), which the same code loads: a new entry of the registry is tested here
as it is, or fails until it has a stand-in.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, T5EncoderModel

from embeddings.encoder import Vectors, normalise
from embeddings.errors import DimensionMismatch, NoTextQuery
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import Input, Space
from embeddings.weights.hub import HubWeights, get_model_folder
from tests.helpers import tiny_models
from tests.helpers.media import Picture, drawn, solid
from tests.helpers.stand_ins import make_stand_in, unpinned

EVERY_SPACE = tuple(
    space
    for space in (*SPACES.values(), *tiny_models.SPACES)
    if space.input is not Input.DESCRIPTION  # whose encoders are those of text spaces
)
TEXTS = [
    "granite",
    "A cat sleeps on the sofa.",
    "Stock prices fell sharply today after the central bank raised interest rates.",
    "Ein Zug fährt ab. 列车晚点了。 🚂",
    "",
    *("word " * count for count in range(1, 30)),
]
QUERIES = ["a red car", "", " ", "word " * 5000, "\x00", "\u202e\U0001f3f4\U000e007f"]
SIZES = [(640, 360), (90, 160), (700, 40), (40, 700), (64, 3), (3, 64), (2, 2)]
ODD_SIZES = [(1, 1), (3, 3), (3, 1), (8, 3), (8, 1)]
PICTURES = [
    *(drawn(seed, size) for seed, size in enumerate(SIZES)),
    solid(200, 30, 30, (1, 1)),
    drawn(8)[:, :, [0, 0, 0]],  # grey
    *(drawn(seed, (48, 48)) for seed in range(9, 35)),
]
CLIPS = [
    np.stack([drawn(10 * number + frame, size) for frame in range(num_frames)])
    for number, (size, num_frames) in enumerate(zip(SIZES, (1, 2, 3, 8, 16, 19, 40), strict=True))
]
ITEMS: dict[Input, list[Any]] = {Input.TEXT: TEXTS, Input.IMAGE: PICTURES, Input.CLIP: CLIPS}


def only(spaces: Iterable[Space]) -> pytest.MarkDecorator:
    """For a test of what only some spaces have to do with."""
    chosen = list(spaces)
    ids = [space.key for space in chosen]
    return pytest.mark.parametrize("registered", chosen, indirect=True, ids=ids, scope="module")


def leaves_prompt_out(space: Space) -> bool:
    return not space.prompt_in_mean


@pytest.fixture(scope="module", params=EVERY_SPACE, ids=lambda space: space.key)
def registered(request: pytest.FixtureRequest) -> Space:
    """As the registry has it."""
    return request.param


@pytest.fixture(scope="module")
def space(registered: Space) -> Space:
    """As it is tested."""
    return unpinned(registered)


@pytest.fixture(scope="module")
def runtime(registered: Space, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    if registered in tiny_models.SPACES:
        folder = tiny_models.tiny_models()
    else:
        folder = tmp_path_factory.mktemp(registered.key)
        if isinstance(registered.weights, HubWeights):
            make_stand_in(registered, folder)
    return Runtime(models, model_dir=folder, precision="float32")


@pytest.fixture(scope="module")
def encoders(runtime: Runtime) -> Iterator[Encoders]:
    encoders = Encoders(runtime)
    yield encoders
    encoders.close()


def test_items_become_unit_vectors_of_the_spaces_dimension(
    space: Space, encoders: Encoders
) -> None:
    items = ITEMS[space.input]
    assert_unit_vectors(encoders.encode_items(space, items), (len(items), space.dim))


def test_no_items_give_no_vectors(space: Space, encoders: Encoders) -> None:
    assert_unit_vectors(encoders.encode_items(space, []), (0, space.dim))


def test_an_item_has_the_same_vector_alone_and_among_others(
    space: Space, encoders: Encoders
) -> None:
    items = ITEMS[space.input]
    together = encoders.encode_items(space, items)
    for number in (0, 1, 2, 3, 4, len(items) - 1):
        alone = encoders.encode_items(space, [items[number]])[0]
        np.testing.assert_allclose(together[number], alone, atol=1e-4)


def test_items_that_differ_have_vectors_that_differ(space: Space, encoders: Encoders) -> None:
    first, other = encoders.encode_items(space, ITEMS[space.input][:2])
    assert np.abs(first - other).max() > 1e-5


def seen(space: Space, size: tuple[int, int]) -> Picture:
    """One colour, as a picture or as a clip of one frame."""
    picture = solid(200, 90, 30, size)
    return picture if space.input is Input.IMAGE else picture[np.newaxis]


@only(space for space in EVERY_SPACE if space.input is not Input.TEXT)
def test_one_colour_has_one_vector_in_every_size(space: Space, encoders: Encoders) -> None:
    vectors = encoders.encode_items(space, [seen(space, size) for size in [(64, 64), *ODD_SIZES]])
    for size, vector in zip(ODD_SIZES, vectors[1:], strict=True):
        np.testing.assert_allclose(vector, vectors[0], atol=1e-3, err_msg=str(size))


def test_a_query_is_one_unit_vector_or_a_refusal_that_names_the_space(
    space: Space, encoders: Encoders
) -> None:
    if not space.answers_text:
        with pytest.raises(NoTextQuery, match=space.key):
            encoders.encode_query(space, "a red car")
        return
    for query in QUERIES:
        assert_unit_vectors(encoders.encode_query(space, query), (space.dim,))


@only(space for space in EVERY_SPACE if space.answers_text and not leaves_prompt_out(space))
def test_a_query_and_an_item_are_put_into_the_prompts_of_the_models_card(
    space: Space, encoders: Encoders
) -> None:
    plain = replace(space, key="plain", query_prompts=("{}",), item_prompt="{}")
    prompted = [prompt.format("a red car") for prompt in space.query_prompts]
    expected = np.mean([encoders.encode_query(plain, text) for text in prompted], axis=0)
    query = encoders.encode_query(space, "a red car")
    np.testing.assert_allclose(query, normalise(expected), atol=1e-4)
    if space.input is Input.TEXT:
        expected = encoders.encode_items(plain, [space.item_prompt.format("a red car")])
        item = encoders.encode_items(space, ["a red car"])
        np.testing.assert_allclose(item, expected, atol=1e-4)


@only(space for space in EVERY_SPACE if space.input is Input.TEXT)
def test_a_query_and_an_item_differ_only_by_their_prompts(space: Space, encoders: Encoders) -> None:
    query = encoders.encode_query(space, "a red car")
    (item,) = encoders.encode_items(space, ["a red car"])
    are_alike = bool(np.abs(query - item).max() < 1e-4)
    assert are_alike == (space.query_prompts == (space.item_prompt,))


@only(space for space in EVERY_SPACE if leaves_prompt_out(space))
def test_an_instruction_is_read_but_left_out_of_the_mean(
    space: Space, encoders: Encoders, runtime: Runtime
) -> None:
    folder = get_model_folder(space.hub_weights, runtime)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = T5EncoderModel.from_pretrained(folder)
    dense = load_file(folder / "2_Dense" / "model.safetensors")["linear.weight"]

    def expected(prompt: str) -> Vectors:
        ids = tokenizer(prompt.format("a red car"), return_tensors="pt")["input_ids"]
        num_before = len(tokenizer(prompt.format(""))["input_ids"]) - 1  # without the end
        with torch.inference_mode():
            states = model(ids).last_hidden_state[0, num_before:]
            return normalise((dense @ states.mean(dim=0)).numpy())

    query = encoders.encode_query(space, "a red car")
    np.testing.assert_allclose(query, expected(space.query_prompts[0]), atol=1e-4)
    (item,) = encoders.encode_items(space, ["a red car"])
    np.testing.assert_allclose(item, expected(space.item_prompt), atol=1e-4)


@only([SPACES["siglip2-b16"]])
def test_siglip_reads_capitals_as_small_letters(space: Space, encoders: Encoders) -> None:
    query = encoders.encode_query(space, "A Red CAR")
    np.testing.assert_array_equal(query, encoders.encode_query(space, "a red car"))


def test_several_threads_get_the_vectors_that_one_gets(space: Space, encoders: Encoders) -> None:
    items = ITEMS[space.input][1:5]
    expected = encoders.encode_items(space, items)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda item: encoders.encode_items(space, [item])[0], items * 2))
    np.testing.assert_allclose(found, np.tile(expected, (2, 1)), atol=1e-4)


def test_a_closed_service_loads_its_models_again(space: Space, encoders: Encoders) -> None:
    items = ITEMS[space.input][:2]
    before = encoders.encode_items(space, items)
    encoders.close()
    np.testing.assert_array_equal(encoders.encode_items(space, items), before)


@only([SPACES["e5-large"], SPACES["clip-b32"]])
def test_loading_a_model_draws_no_progress_bar(
    space: Space, encoders: Encoders, capfd: pytest.CaptureFixture[str]
) -> None:
    encoders.close()
    encoders.encode_query(space, "a red car")
    assert capfd.readouterr().err == ""


def test_a_model_of_another_dimension_is_refused(space: Space, encoders: Encoders) -> None:
    wider = replace(space, dim=space.dim + 1)
    with pytest.raises(DimensionMismatch, match=f"{wider.dim}, got {space.dim}"):
        encoders.encode_items(wider, ITEMS[space.input][:1])
    if space.answers_text:
        with pytest.raises(DimensionMismatch, match=f"{wider.dim}, got {space.dim}"):
            encoders.encode_query(wider, "a red car")


def test_a_space_of_an_unknown_kind_of_model_has_no_stand_in(tmp_path: Path) -> None:
    unknown = replace(SPACES["clip-b32"], weights=HubWeights("somebody/new", "main"))
    with pytest.raises(LookupError, match=r"clip-b32.*somebody/new"):
        make_stand_in(unknown, tmp_path)


def assert_unit_vectors(vectors: Vectors, shape: tuple[int, ...]) -> None:
    assert vectors.shape == shape
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-5)
