"""python -m embeddings, against a server on loopback that speaks the hub's protocol."""

import json
from pathlib import Path

import pytest

from database.settings import DatabaseSettings
from embeddings.registry.pins import RECOGNISERS
from embeddings.registry.spaces import SPACES
from embeddings.weights.hub import pulled_folder
from tests.helpers import tiny_models
from tests.helpers.commands import run_command
from tests.helpers.hub import FILES, PULLED, Hub, sha256


def test_a_model_that_differs_from_its_pin_is_not_put_in_place(
    hub: str, settings: DatabaseSettings
) -> None:
    done = run_command("embeddings", "pull", "resnet-50", settings=settings, HF_ENDPOINT=hub)
    assert done.returncode == 1
    assert sha256(FILES["model.safetensors"]) in done.stderr
    assert str(PULLED.weights.sha256) in done.stderr
    assert "Traceback" not in done.stderr
    assert not pulled_folder(PULLED.hub_weights, settings.runtime()).exists()
    assert not any(path.endswith((".bin", "README.md")) for path in Hub.requests)


def test_an_unreachable_hub_is_one_sentence(settings: DatabaseSettings) -> None:
    done = run_command(
        "embeddings",
        "pull",
        "microsoft/resnet-50",
        settings=settings,
        HF_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.returncode == 1
    assert "could not pull microsoft/resnet-50" in done.stderr
    assert "run the command again" in done.stderr


def test_half_a_model_is_not_taken_for_the_whole_and_stays_for_the_next_try(
    settings: DatabaseSettings,
) -> None:
    folder = pulled_folder(PULLED.hub_weights, settings.runtime())
    half = folder.with_name(f"{folder.name}.part")
    half.mkdir(parents=True)
    (half / "config.json").write_text("{}")
    done = run_command(
        "embeddings", "pull", "resnet-50", settings=settings, HF_ENDPOINT="http://127.0.0.1:9"
    )
    assert done.returncode == 1
    assert "could not pull" in done.stderr
    assert (half / "config.json").is_file()
    assert not folder.exists()


def test_list_says_where_the_weights_of_every_space_are(settings: DatabaseSettings) -> None:
    done = run_command("embeddings", "list", settings=settings)
    assert done.returncode == 0
    spaces, scripts = done.stdout.rstrip().split("\n\n")
    lines = {line.split()[0]: line for line in spaces.splitlines()[1:]}
    assert lines.keys() == SPACES.keys()
    assert [line.split()[0] for line in scripts.splitlines()[1:]] == list(RECOGNISERS)
    assert "pip package" in lines["minilm-l6"]
    assert "not here" in lines["clip-b32"]
    assert " 512 " in lines["clip-b32"]


def test_a_model_in_the_persons_own_folder_is_found_and_checked(
    settings: DatabaseSettings, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "resnet-50").symlink_to(tiny_models.tiny_models() / "tiny-clip")
    variables = {"EMBEDDING_MODEL_DIR": str(own)}
    listed = run_command("embeddings", "list", settings=settings, **variables)
    assert str(own / "resnet-50") in listed.stdout
    checked = run_command("embeddings", "check", "resnet-50", settings=settings, **variables)
    assert checked.returncode == 1
    assert "SHA-256" in checked.stderr


def test_check_verifies_what_is_here(settings: DatabaseSettings) -> None:
    done = run_command("embeddings", "check", settings=settings)
    assert done.returncode == 0
    assert "minilm-l6: as pinned" in done.stdout
    assert "speech of bundled: as pinned" in done.stdout
    assert "clip-b32" not in done.stdout


def test_check_goes_on_after_a_model_that_fails(settings: DatabaseSettings) -> None:
    done = run_command("embeddings", "check", "clip-b32", "minilm-l6", "--json", settings=settings)
    assert done.returncode == 1
    failed, verified = json.loads(done.stdout)["models"]
    assert (failed["name"], failed["status"]) == ("clip-b32", "failed")
    assert "openai/clip-vit-base-patch32 is not on this machine" in failed["reason"]
    assert verified == {"name": "minilm-l6", "status": "as pinned", "reason": None}
    assert done.stderr == f"error: {failed['reason']}\n"


def test_list_prints_json(settings: DatabaseSettings) -> None:
    done = run_command("embeddings", "list", "--json", settings=settings)
    rows = {row["space"]: row for row in json.loads(done.stdout)["spaces"]}
    assert rows.keys() == SPACES.keys()
    assert rows["clip-b32"] == {
        "space": "clip-b32",
        "slot": "vision",
        "inputs": ["text", "image"],
        "dim": 512,
        "model": "openai/clip-vit-base-patch32",
        "weights": None,
    }


def test_the_recogniser_of_a_script_is_asked_for_by_its_name(
    settings: DatabaseSettings, tmp_path: Path
) -> None:
    done = run_command("embeddings", "check", "cyrillic", settings=settings)
    assert done.returncode == 1
    assert "python -m embeddings pull cyrillic" in done.stderr
    own = tmp_path / RECOGNISERS["cyrillic"].file_name
    own.write_bytes(b"other weights")
    variables = {"EMBEDDING_MODEL_DIR": str(tmp_path)}
    listed = run_command("embeddings", "list", settings=settings, **variables)
    assert str(own) in listed.stdout
    checked = run_command("embeddings", "check", settings=settings, **variables)
    assert checked.returncode == 1
    assert "cyrillic: failed" in checked.stdout
    assert f"not the pinned {RECOGNISERS['cyrillic'].sha256}" in checked.stderr


@pytest.mark.parametrize("command", ["pull", "check"])
def test_an_unknown_model_is_named_with_those_there_are(
    command: str, settings: DatabaseSettings
) -> None:
    done = run_command("embeddings", command, "clip", settings=settings)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "'clip'" in done.stderr
    assert "clip-b32" in done.stderr
    assert "cyrillic" in done.stderr
