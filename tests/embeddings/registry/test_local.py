"""A space.json beside a model of one's own makes spaces of it, or says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import InvalidSettings, UnknownSpace
from embeddings.loaded import Encoders
from embeddings.pooling import Pooling
from embeddings.registry.local import local_spaces
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.space import Input


def declare(model_dir: Path, name: str, **declared: Any) -> None:
    (model_dir / name).mkdir(parents=True)
    (model_dir / name / "space.json").write_text(json.dumps(declared))


def test_every_family_can_be_declared(tmp_path: Path) -> None:
    declare(tmp_path, "words", family="sentence_transformer", key="words", dim=8, query="query: {}")
    declare(tmp_path, "looks", family="image_text", key="looks", dim=8, prompts=["a drawing: {}"])
    declare(
        tmp_path,
        "says",
        family="vision_language",
        key="says",
        dim=8,
        prompt="In a word:",
        embedding_type="multi_layer",
        layers=[-1, -2],
    )
    declare(tmp_path, "parts", family="image_features", key="parts", dim=8)
    declare(tmp_path, "acts", family="video_classifier", key="acts", dim=8, slot="temporal")
    found = local_spaces(tmp_path)
    assert {key: (space.slot, space.input) for key, space in found.items()} == {
        "words": ("text", Input.TEXT),
        "descriptions-words": ("description", Input.DESCRIPTION),
        "looks": ("vision", Input.IMAGE),
        "says": ("vision", Input.IMAGE),
        "parts": ("image-features", Input.IMAGE),
        "acts-labels": ("temporal", Input.CLIP),
        "acts": ("temporal-features", Input.CLIP),
    }
    assert found["words"].query_prompts == ("query: {}",)
    assert found["looks"].query_prompts == ("a drawing: {}",)
    assert found["says"].query_prompts == ("{}\nIn a word:",)
    assert found["says"].pooling == Pooling("multi_layer", (-1, -2))
    assert found["acts"].hub_weights.repo == "acts"


def test_without_a_folder_there_are_only_those_of_the_registry(tmp_path: Path) -> None:
    assert local_spaces(None) == {}
    assert Encoders(Runtime(tmp_path)).spaces == SPACES


@pytest.mark.parametrize(
    ("declared", "where"),
    [
        ({"family": "image_text", "key": "Bad Key", "dim": 8}, "key"),
        ({"family": "image_text", "key": "fine", "dim": 0}, "dim"),
        ({"family": "image_text", "key": "fine"}, "dim"),
        ({"family": "telepathy", "key": "fine", "dim": 8}, "telepathy"),
        ({"family": "image_text", "key": "fine", "dim": 8, "colour": "red"}, "colour"),
        ({"family": "video_classifier", "key": "fine", "dim": 8, "slot": "text"}, "slot"),
        ({"family": "image_text", "key": "fine", "dim": 8, "prompts": ["a {thing}"]}, "prompts"),
        ({"family": "image_text", "key": "balanced", "dim": 8}, "another meaning"),
        ({"family": "image_text", "key": "description-words", "dim": 8}, "another meaning"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_named_with_its_fault(
    declared: dict[str, Any], where: str, tmp_path: Path
) -> None:
    declare(tmp_path, "model", **declared)
    with pytest.raises(UnknownSpace, match=rf"space\.json.*{where}"):
        local_spaces(tmp_path)


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ({"embedding_type": "cls"}, "no space is made with cls: it is the same vector for every"),
        ({"embedding_type": "last_layer"}, "one vector for each token"),
        ({"embedding_type": "echo"}, "a picture has no text to repeat"),
        ({"layers": [1]}, "layers: they are for multi_layer alone"),
    ],
)
def test_a_pooling_that_nothing_is_found_by_is_refused_with_the_reason(
    declared: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    declare(tmp_path, "model", family="vision_language", key="mine", dim=8, **declared)
    with pytest.raises(InvalidSettings, match=rf"space\.json: .*{reason}"):
        Encoders(Runtime(tmp_path, model_dir=tmp_path))


def test_a_declaration_that_is_no_json_is_named(tmp_path: Path) -> None:
    declare(tmp_path, "model")
    (tmp_path / "model" / "space.json").write_text("{")
    with pytest.raises(UnknownSpace, match=r"space\.json"):
        local_spaces(tmp_path)


def test_a_key_that_is_taken_is_refused(tmp_path: Path) -> None:
    declare(tmp_path, "model", family="image_text", key="clip-b32", dim=512)
    with pytest.raises(UnknownSpace, match="'clip-b32', which is taken"):
        Encoders(Runtime(tmp_path, model_dir=tmp_path))
    declare(tmp_path / "two", "a", family="image_text", key="same", dim=8)
    declare(tmp_path / "two", "b", family="image_text", key="same", dim=8)
    with pytest.raises(UnknownSpace, match="'same'"):
        local_spaces(tmp_path / "two")


def test_a_model_that_was_exchanged_is_another_revision(tmp_path: Path) -> None:
    declare(tmp_path, "model", family="image_text", key="mine", dim=8)
    found = [local_spaces(tmp_path)["mine"].revision]
    for data in (b"weights", b"other weights"):
        (tmp_path / "model" / "model.safetensors").write_bytes(data)
        found.append(local_spaces(tmp_path)["mine"].revision)
    declare_again = {"family": "image_text", "key": "mine", "dim": 8, "prompts": ["{}"]}
    (tmp_path / "model" / "space.json").write_text(json.dumps(declare_again))
    found.append(local_spaces(tmp_path)["mine"].revision)
    assert len(set(found)) == 4
    assert found[-1] == local_spaces(tmp_path)["mine"].revision
