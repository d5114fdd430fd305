"""What a person may call a space, and what every profile holds."""

import pytest

from embeddings.errors import UnknownSpace
from embeddings.registry.spaces import PROFILES, choose_spaces, get_profile


def test_an_unknown_space_or_profile_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownSpace, match=r"'clip'.*minilm-l6"):
        choose_spaces(["clip"])
    with pytest.raises(UnknownSpace, match=r"'best'.*bundled"):
        get_profile("best")


def test_every_profile_has_one_space_a_slot_and_one_for_text_and_one_for_pictures() -> None:
    for profile in PROFILES.values():
        slots = [space.slot for space in profile.spaces]
        assert slots[:2] == ["text", "vision"]
        assert len(set(slots)) == len(slots)


@pytest.mark.parametrize(
    ("name", "key"),
    [("fast", "minilm-l6"), ("balanced", "mpnet-base"), ("quality", "bge-m3"), ("e5-large",) * 2],
)
def test_text_models_are_known_by_what_they_are_good_for(name: str, key: str) -> None:
    assert [space.key for space in choose_spaces([name])] == [key]


def test_a_model_of_the_hub_stands_for_all_its_spaces() -> None:
    found = choose_spaces(["MCG-NJU/videomae-base-finetuned-kinetics"])
    assert [space.key for space in found] == ["videomae-b-labels", "videomae-b"]
