"""A small SmolVLM of the real classes, against what transformers itself computes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoTokenizer,
    Idefics3ForConditionalGeneration,
    SmolVLMForConditionalGeneration,
)
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

from embeddings.encoder import Vectors, normalise
from embeddings.encoders import vlm
from embeddings.encoders.vlm import VisionLanguageEncoder
from embeddings.errors import (
    InputRefused,
    InvalidVector,
    TextTooLong,
    WeightsCorrupt,
)
from embeddings.plain_text import plain
from embeddings.pooling import ONE_WORD, EmbeddingType, Masks, Padding, Pooling, VlmInput
from embeddings.registry.families import vision_language
from embeddings.runtime import Runtime
from embeddings.weights.hub import HubWeights
from scripts.tiny.vlm import MAX_POSITIONS, PROCESSOR
from tests.helpers.media import drawn, solid
from tests.helpers.tiny_vlm import TILE_TOKENS, make_tiny_idefics3, make_tiny_vlm

SPACE = vision_language("tiny-vlm", 32, HubWeights("tiny-vlm", "local"))
PICTURE, OTHER = drawn(1, (64, 48)), drawn(2, (40, 90))
TEXT = VlmInput("A red square.")
SEEN = VlmInput(images=(PICTURE,))
BOTH = VlmInput("A red square.", (PICTURE,))
FRAMES = VlmInput("What happens?", (PICTURE, OTHER, drawn(3, (32, 32))))
INPUTS = [TEXT, SEEN, BOTH, FRAMES, VlmInput("word " * 60), VlmInput(""), VlmInput("Größe 列 🚂")]
KINDS: list[EmbeddingType] = ["last", "mean", "cls", "last_layer", "multi_layer"]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    folder = tmp_path_factory.mktemp("vlm")
    make_tiny_vlm(folder / "tiny-vlm")
    return Runtime(folder, num_threads=1, model_dir=folder, precision="float32")


@pytest.fixture(scope="module")
def encoder(runtime: Runtime) -> VisionLanguageEncoder:
    return VisionLanguageEncoder(SPACE, runtime)


def ids_of(
    tokenizer: Any, item: VlmInput, asked: str, rows: int = 0, columns: int = 0
) -> list[int]:
    """The chat template's message, the pictures' tokens by the processor's own function."""
    marks = ("<fake_token_around_image>", "<image>", "<global-img>")
    pictures = get_image_prompt_string(rows, columns, TILE_TOKENS, *marks) * len(item.images)
    text = "" if item.text is None else item.text if item.images else f" {item.text}"
    message = f"<|im_start|>User:{pictures}{text}{asked}<end_of_utterance>\nAssistant:"
    return list(tokenizer(message, add_special_tokens=False)["input_ids"])


class Reference:
    """transformers' own model, image processor and tokens, one input at a time."""

    def __init__(self, runtime: Runtime) -> None:
        folder = runtime.cache_dir / "tiny-vlm"
        self.model = SmolVLMForConditionalGeneration.from_pretrained(
            folder, attn_implementation="eager"
        ).eval()
        self.processor = SmolVLMImageProcessorPil.from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def ids(self, item: VlmInput, asked: str, rows: int = 0, columns: int = 0) -> list[int]:
        return ids_of(self.tokenizer, item, asked, rows, columns)

    @torch.inference_mode()
    def run(self, item: VlmInput, asked: str = "", split: bool = False) -> Any:
        """The output with the states and the attention weights of every layer."""
        pixels, rows, columns = {}, 0, 0
        if item.images:
            made = self.processor(
                [list(item.images)],
                do_image_splitting=split,
                return_row_col_info=True,
                return_tensors="pt",
            )
            rows, columns = made["rows"][0][0], made["cols"][0][0]
            pixels = {key: made[key] for key in ("pixel_values", "pixel_attention_mask")}
        ids = torch.tensor([self.ids(item, asked, rows, columns)])
        return self.model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            output_hidden_states=True,
            output_attentions=True,
            **pixels,
        )

    def states(self, item: VlmInput, asked: str = "", split: bool = False) -> Vectors:
        """Of the last layer, float32 [tokens, dim]."""
        return self.run(item, asked, split).hidden_states[-1][0].numpy()

    @torch.inference_mode()
    def written(self, item: VlmInput, max_tokens: int) -> str:
        """What transformers generates, by the likeliest token."""
        made = self.processor([list(item.images)], do_image_splitting=False, return_tensors="pt")
        ids = torch.tensor([self.ids(item, "")])
        tokens = self.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=made["pixel_values"],
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=self.tokenizer.eos_token_id,
            pad_token_id=self.tokenizer.eos_token_id,
        )
        return plain(self.tokenizer.decode(tokens[0, ids.shape[1] :], skip_special_tokens=True))


@pytest.fixture(scope="module")
def reference(runtime: Runtime) -> Reference:
    return Reference(runtime)


def one(encoder: VisionLanguageEncoder, item: VlmInput, kind: EmbeddingType) -> Vectors:
    return encoder.embed([item], Pooling(kind))[0].vector


def assert_near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("item", [TEXT, SEEN, BOTH, FRAMES], ids=["text", "seen", "both", "frames"])
def test_every_state_is_the_one_that_transformers_computes(
    item: VlmInput, encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    assert_near(one(encoder, item, "last_layer"), reference.states(item))


@pytest.mark.parametrize("item", [TEXT, SEEN, BOTH, FRAMES], ids=["text", "seen", "both", "frames"])
def test_the_last_token_is_asked_to_sum_up_in_a_word(
    item: VlmInput, encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    states = reference.states(item, f"\n{ONE_WORD}")
    assert_near(one(encoder, item, "last"), normalise(states[-1]))
    (own,) = encoder.embed([item], Pooling(prompt="In a word?"))
    assert_near(own.vector, normalise(reference.states(item, "\nIn a word?")[-1]))
    (bare,) = encoder.embed([item], Pooling(prompt=""))
    assert_near(bare.vector, normalise(reference.states(item)[-1]))


def test_the_spaces_vectors_are_those_of_the_last_token(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    asked = f"\n{ONE_WORD}"
    (item,) = encoder.encode_items([PICTURE])
    assert_near(item, normalise(reference.states(SEEN, asked)[-1]))
    (query,) = encoder.encode_queries(["A red square."])
    assert_near(query, normalise(reference.states(TEXT, asked)[-1]))


def test_mean_leaves_out_what_is_the_same_for_every_input(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    num_before = len(reference.tokenizer("<|im_start|>User:")["input_ids"])
    for item, constant in ((TEXT, num_before), (SEEN, num_before + 2), (BOTH, num_before + 2)):
        expected = normalise(reference.states(item)[constant:].mean(axis=0))
        assert_near(one(encoder, item, "mean"), expected)


def test_the_constant_prefix_is_constant_and_what_follows_is_not(
    encoder: VisionLanguageEncoder,
) -> None:
    masks: list[Masks] = []

    def keep(states: Vectors, of: Masks) -> Vectors:
        masks.append(of)
        return states[-1]

    for items in ([TEXT, VlmInput("Boats")], [SEEN, VlmInput(images=(OTHER,))]):
        a, b = (each.vector for each in encoder.embed(items, keep))
        num_constant = int(masks.pop().constant.sum())
        assert_near(a[:num_constant], b[:num_constant])
        # A text begins with a space, whatever it says.
        assert np.abs(a[num_constant + 1] - b[num_constant + 1]).max() > 1e-3


def test_means_of_pictures_and_of_texts_read_their_tokens_alone(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    states, ids = reference.states(BOTH), np.array(reference.ids(BOTH, ""))
    is_image = ids == reference.model.config.image_token_id
    assert is_image.sum() == TILE_TOKENS
    assert_near(one(encoder, BOTH, "mean_image"), normalise(states[is_image].mean(axis=0)))
    start = int(np.flatnonzero(is_image)[-1]) + 2
    words = states[start : start + len("A red square.")]
    assert_near(one(encoder, BOTH, "mean_text"), normalise(words.mean(axis=0)))


def test_a_picture_before_a_text_never_sees_it(encoder: VisionLanguageEncoder) -> None:
    assert_near(one(encoder, BOTH, "mean_image"), one(encoder, SEEN, "mean_image"))


def test_echo_reads_a_text_twice_and_pools_the_second_time(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    text = "A red square."
    twice = VlmInput(f"{text}\n{text}")
    after = len(reference.tokenizer("<end_of_utterance>\nAssistant:")["input_ids"])
    second = reference.states(twice)[-after - len(f"\n{text}") : -after]
    assert_near(one(encoder, TEXT, "echo"), normalise(second.mean(axis=0)))
    assert encoder.embed([TEXT], Pooling("echo"))[0].num_tokens == len(reference.ids(twice, ""))


@pytest.mark.parametrize("layers", [(), (1,), (2, -1), (-4, -3, -2, -1)])
def test_layers_are_normed_before_they_are_combined(
    layers: tuple[int, ...], encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    made = reference.run(BOTH, f"\n{ONE_WORD}")
    norm = reference.model.model.text_model.norm
    chosen = []
    for layer in layers or (2, 3, 4, 5):
        states = made.hidden_states[layer][0, -1]
        is_last = layer in (5, -1)  # it comes normed out of transformers
        chosen.append((states if is_last else norm(states)).detach().numpy())
    (found,) = encoder.embed([BOTH], Pooling("multi_layer", layers))
    assert_near(found.vector, normalise(np.mean(chosen, axis=0)))
    (longer,) = encoder.embed([BOTH], Pooling("multi_layer", layers, combine="concat"))
    assert_near(longer.vector, normalise(np.concatenate(chosen)))


def test_states_of_other_layers_are_not_kept(encoder: VisionLanguageEncoder) -> None:
    """Of 8,192 tokens, all 30 layers of SmolVLM2-256M are half a gigabyte."""
    kept: list[int] = []

    def count(_decoder: object, _given: object, made: Any) -> None:
        kept.append(sum(states is not None for states in made.get("hidden_states", ())))

    with encoder._model.decoder.register_forward_hook(count):
        for pooling in (Pooling("mean"), Pooling("multi_layer", (2, -1))):
            encoder.embed([TEXT], pooling)
    assert kept == [0, 1]


def test_cls_is_the_same_for_every_input_and_says_so(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    found = encoder.embed(INPUTS, Pooling("cls"))
    assert_near(found[0].vector, normalise(reference.states(TEXT)[0]))
    for each in found:
        assert_near(each.vector, found[0].vector)
        assert each.warning is not None
        assert "the same for every input" in each.warning
    assert {each.warning for each in encoder.embed(INPUTS)} == {None}


@pytest.mark.parametrize("padding", ["left", "right"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_input_among_others_of_any_length_gets_what_it_gets_alone(
    kind: EmbeddingType, padding: Padding, encoder: VisionLanguageEncoder
) -> None:
    together = encoder.embed(INPUTS * 3, Pooling(kind), padding=padding)
    for item, found in zip(INPUTS * 3, together, strict=True):
        (alone,) = encoder.embed([item], Pooling(kind))
        assert_near(found.vector, alone.vector)
        assert (found.num_tokens, found.truncated) == (alone.num_tokens, False)


def test_pictures_are_split_only_when_it_is_asked_for(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    wide = VlmInput("Where?", (drawn(4, (160, 90)),))
    (whole,) = encoder.embed([wide], Pooling("last_layer"))
    (parts,) = encoder.embed([wide], Pooling("last_layer"), split=True)
    assert_near(parts.vector, reference.states(wide, split=True))
    num_tiles = 4 * 3 + 1  # 16:9 fits into 4 × 3 tiles, and then there is the whole
    assert parts.num_tokens - whole.num_tokens > (num_tiles - 1) * TILE_TOKENS


def test_a_text_that_spells_a_mark_stands_for_no_picture(encoder: VisionLanguageEncoder) -> None:
    spelled = VlmInput("<image><end_of_utterance>", (PICTURE,))
    (found,) = encoder.embed([spelled], Pooling("last_layer"))
    (plain,) = encoder.embed([SEEN], Pooling("last_layer"))
    assert found.num_tokens - plain.num_tokens == len(spelled.text or "")


def test_a_black_picture_is_a_picture(encoder: VisionLanguageEncoder) -> None:
    """transformers takes pixels that are all 0 for padding; so are a mean's own pixels."""
    for level in (0, 127, 128, 255):
        item = VlmInput(images=(solid(level, level, level, (20, 20)),))
        assert np.isfinite(one(encoder, item, "last")).all()


def test_a_text_that_is_too_long_is_refused_or_cut_and_its_tokens_are_told(
    encoder: VisionLanguageEncoder,
) -> None:
    long = VlmInput("a" * 600)
    with pytest.raises(TextTooLong, match=r"item 1: the text has 601 tokens.*truncate"):
        encoder.embed([TEXT, long])
    cut, other = encoder.embed([long, VlmInput("a" * 700)], truncate=True)
    assert (cut.truncated, other.truncated) == (True, True)
    assert_near(cut.vector, other.vector)
    (whole,) = encoder.embed([long], Pooling(max_length=1000))
    assert (whole.truncated, whole.num_tokens) == (False, cut.num_tokens)
    assert encoder.num_tokens(["a" * 600], "query") == [cut.num_tokens]
    assert encoder.max_tokens == 512


def test_of_a_cut_input_all_pictures_and_the_prompt_are_read(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    long = VlmInput("a" * 600, (PICTURE, OTHER))
    asked = f"\n{ONE_WORD}"
    fixed = len(reference.ids(VlmInput(images=()), asked))
    (found,) = encoder.embed([long], truncate=True)
    kept = replace(long, text="a" * (512 - fixed))
    assert_near(found.vector, normalise(reference.states(kept, asked)[-1]))


def test_what_leaves_no_room_for_a_text_is_refused(encoder: VisionLanguageEncoder) -> None:
    num_pictures = MAX_POSITIONS // TILE_TOKENS
    crowd = VlmInput("Who?", (solid(9, 9, 9, (8, 8)),) * num_pictures)
    for item, pooling in ((crowd, Pooling()), (TEXT, Pooling(max_length=5))):
        with pytest.raises(InputRefused, match=r"leave no room.*fewer pictures"):
            encoder.embed([item], pooling, truncate=True)
    with pytest.raises(InputRefused, match="leave no room"):
        encoder.embed([replace(crowd, text=None)])


@pytest.mark.parametrize(
    ("item", "kind", "reason"),
    [
        (VlmInput(), "last", "neither text nor image"),
        (SEEN, "echo", "echo reads a text"),
        (SEEN, "mean_text", "mean_text reads a text"),
        (TEXT, "mean_image", "mean_image reads pictures"),
    ],
)
def test_an_input_without_what_is_pooled_is_refused(
    item: VlmInput, kind: EmbeddingType, reason: str, encoder: VisionLanguageEncoder
) -> None:
    with pytest.raises(InputRefused, match=f"^(there is )?{reason}"):
        encoder.embed([item], Pooling(kind))
    with pytest.raises(InputRefused, match=f"item 1: (there is )?{reason}"):
        encoder.embed([BOTH, item], Pooling(kind))


def test_attention_weights_are_given_when_they_are_asked_for(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    before = encoder.embed([TEXT, FRAMES], Pooling("mean"))
    assert before[0].attentions is None
    found = encoder.embed([TEXT, FRAMES], Pooling("mean"), attentions=True)
    for item, each, unweighed in zip([TEXT, FRAMES], found, before, strict=True):
        expected = torch.stack(reference.run(item).attentions)[:, 0].numpy()
        assert each.attentions is not None
        assert_near(each.attentions, expected)
        assert_near(each.attentions.sum(axis=-1), 1)
        assert_near(each.vector, unweighed.vector)


def test_attention_weights_that_would_fill_the_memory_are_refused(
    encoder: VisionLanguageEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vlm, "WEIGHED_TOKENS", 100)
    long = VlmInput("a" * 200)
    with pytest.raises(InputRefused, match="item 1: attention weights are given of 100 tokens"):
        encoder.embed([TEXT, long], attentions=True)
    with pytest.raises(InputRefused, match=r"^attention weights"):
        encoder.embed([long], attentions=True)
    assert encoder.embed([TEXT, long])[1].attentions is None


def test_a_pooling_of_ones_own_is_given_all_layers_and_what_each_token_is(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    def first_and_text(states: Vectors, masks: Masks) -> Vectors:
        assert states.shape == (6, len(masks.image), 32)
        return np.concatenate([states[0].mean(axis=0), states[-1][masks.text].mean(axis=0)])

    (found,) = encoder.embed([BOTH], first_and_text)
    made = reference.run(BOTH, "")
    assert found.vector.shape == (64,)
    assert_near(normalise(found.vector[32:]), one(encoder, BOTH, "mean_text"))
    assert made.hidden_states[0].shape[-1] == 32


def test_what_is_no_number_is_an_error(runtime: Runtime, encoder: VisionLanguageEncoder) -> None:
    with pytest.raises(InvalidVector, match="given pooling"):
        encoder.embed([TEXT], lambda states, _: states[-1, 0] * np.float32("nan"))
    broken = VisionLanguageEncoder(SPACE, runtime)
    with torch.no_grad():
        broken._model.decoder.layers[0].mlp.down_proj.weight[0, 0] = torch.nan
    for kind in KINDS:
        with pytest.raises(InvalidVector, match="not finite"):
            broken.embed([TEXT], Pooling(kind))


def test_int8_changes_vectors_little_and_not_by_the_batch(
    runtime: Runtime, encoder: VisionLanguageEncoder
) -> None:
    small = VisionLanguageEncoder(SPACE, runtime, int8=True)
    pictures = [drawn(seed, (48, 48)) for seed in range(8)]
    items = [*INPUTS, *(VlmInput(images=(picture,)) for picture in pictures)]
    ours, exact = vectors(small.embed(items)), vectors(encoder.embed(items))
    assert (ours * exact).sum(axis=1).min() >= 0.98
    assert np.abs(ours - exact).max() > 1e-5
    for item, vector in zip(items, ours, strict=True):
        assert_near(small.embed([item])[0].vector, vector)


def test_in_8_bits_attention_weights_take_no_second_copy_of_the_model(runtime: Runtime) -> None:
    small = VisionLanguageEncoder(SPACE, runtime, int8=True)
    (weighed,) = small.embed([BOTH], attentions=True)
    assert weighed.attentions is not None
    assert_near(weighed.attentions.sum(axis=-1), 1)
    assert_near(weighed.vector, small.embed([BOTH])[0].vector)
    kept, weighing = (
        {id(each) for each in (*decoder.parameters(), *decoder.buffers())}
        for decoder in (small._model.decoder, small._model._weighing_decoder)
    )
    assert kept == weighing


def test_no_token_is_named_where_states_alone_are_wanted(
    encoder: VisionLanguageEncoder,
) -> None:
    """The head would take a number for each of 49,000 tokens at each position."""
    named: list[object] = []
    head = encoder._model._writer.lm_head
    with head.register_forward_hook(lambda *called: named.append(called)):
        encoder.embed([BOTH], Pooling("multi_layer"))
        assert not named
        encoder.describe([PICTURE], "What is it?", 2)
        assert named


def test_pictures_that_are_not_of_the_models_size_are_refused(tmp_path: Path) -> None:
    folder = make_tiny_vlm(tmp_path / "tiny-vlm")
    larger = PROCESSOR | {"max_image_size": {"longest_edge": 64}}
    (folder / "preprocessor_config.json").write_text(json.dumps(larger))
    with pytest.raises(WeightsCorrupt, match="not made as large"):
        VisionLanguageEncoder(SPACE, Runtime(tmp_path, model_dir=tmp_path))


def test_a_tokenizer_without_the_models_marks_is_refused(tmp_path: Path) -> None:
    folder = make_tiny_vlm(tmp_path / "tiny-vlm")
    tokens = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(tokens.replace('"<image>"', '"<picture>"'))
    with pytest.raises(WeightsCorrupt, match="has not the model's <image>"):
        VisionLanguageEncoder(SPACE, Runtime(tmp_path, model_dir=tmp_path))


def test_a_model_of_idefics_3_is_read_by_the_same_code(tmp_path: Path) -> None:
    folder = make_tiny_idefics3(tmp_path / "tiny-vlm")
    runtime = Runtime(tmp_path, model_dir=tmp_path, precision="float32")
    encoder = VisionLanguageEncoder(SPACE, runtime)
    model = Idefics3ForConditionalGeneration.from_pretrained(folder).eval()
    processor = Idefics3ImageProcessorPil.from_pretrained(folder)
    pixels = processor([[PICTURE]], do_image_splitting=False, return_tensors="pt")
    ids = torch.tensor([ids_of(AutoTokenizer.from_pretrained(folder), BOTH, "")])
    with torch.inference_mode():
        made = model(input_ids=ids, output_hidden_states=True, pixel_values=pixels["pixel_values"])
    assert_near(one(encoder, BOTH, "last_layer"), made.hidden_states[-1][0].numpy())


def vectors(pooled: Sequence[Any]) -> Vectors:
    return np.stack([each.vector for each in pooled])


def test_what_is_written_is_what_transformers_generates_from_the_chat_template(
    encoder: VisionLanguageEncoder, reference: Reference
) -> None:
    pictures = [PICTURE, OTHER, *(drawn(seed, (48, 48)) for seed in range(3, 11))]
    for prompt, number in (("What is it?", 0), ("Describe it.", 7)):
        written = encoder.describe(pictures, prompt, 24)
        asked = VlmInput(prompt, (pictures[number],))
        expected = reference.written(asked, 24)
        assert written[number] == expected.rstrip("\N{REPLACEMENT CHARACTER} ")
        assert written == [encoder.describe([each], prompt, 24)[0] for each in pictures]
    assert len(set(written)) > 1


def test_what_is_written_is_a_line_of_bounded_length(encoder: VisionLanguageEncoder) -> None:
    for line in encoder.describe([PICTURE, OTHER], "What is it?", 40):
        assert line.isprintable()
        assert len(line) <= 40
    assert encoder.describe([], "What is it?") == []
    with pytest.raises(InputRefused, match="prompt: it is blank"):
        encoder.describe([PICTURE], " ")
    with pytest.raises(InputRefused, match="max_tokens: it is at least 1"):
        encoder.describe([PICTURE], "What is it?", 0)


def test_a_score_that_is_no_number_is_not_written(runtime: Runtime) -> None:
    broken = VisionLanguageEncoder(SPACE, runtime)
    with torch.no_grad():
        broken._model.decoder.layers[0].mlp.down_proj.weight[0, 0] = torch.nan
    with pytest.raises(InvalidVector, match="no number"):
        broken.describe([PICTURE], "What is it?")
