"""Exports to ONNX are made once, by a child process, under names that stay."""

import subprocess
import sys
from pathlib import Path

import pytest

from embeddings.backends.onnx import exported_graph
from embeddings.errors import EmbeddingError
from embeddings.loaded import Encoders
from embeddings.registry.pins import EFFICIENTNET_LITE2, MINILM_L6
from embeddings.registry.spaces import SPACES
from tests.helpers.commands import ROOT
from tests.helpers.media import drawn

ENCODE_A_QUERY = """
import sys
from pathlib import Path
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from embeddings.runtime import Runtime
encoders = Encoders(Runtime(Path(sys.argv[1])))
for space in PROFILES["bundled"].spaces:
    encoders.encode_query(space, "a red car")
print(*sorted({"torch", "transformers", "cv2", "huggingface_hub"} & sys.modules.keys()))
"""


def test_graphs_have_the_names_under_which_libraries_already_hold_them(
    encoders: Encoders, models: Path
) -> None:
    encoders.encode_query(SPACES["minilm-l6"], "a red car")
    encoders.encode_items(SPACES["imagenet-labels"], [drawn(1)])
    assert (models / f"sentence-{MINILM_L6.sha256[:12]}-v1.onnx").is_file()
    assert (models / f"image-{EFFICIENTNET_LITE2.sha256[:12]}-v1.onnx").is_file()


def test_an_export_that_fails_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"model\.safetensors to ONNX: .*no_such_module"):
        exported_graph("sentence", "no_such_module", MINILM_L6, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_query_in_the_bundled_spaces_imports_nothing_slow(
    encoders: Encoders, models: Path
) -> None:
    encoders.encode_query(SPACES["minilm-l6"], "a red car")
    done = subprocess.run(
        [sys.executable, "-c", ENCODE_A_QUERY, models],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
