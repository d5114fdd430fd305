"""python scripts/train_tiny_models.py FOLDER: small models of the families that the hub holds.

They are trained on drawings and saved in the hub's own format, so that everything between a file
and an answer can be tried with real weights where the hub cannot be reached.
"""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
import typer  # noqa: E402
from fasteners import InterProcessLock  # noqa: E402

from embeddings.cli import new_app, run  # noqa: E402
from scripts.tiny.clip import train_clip  # noqa: E402
from scripts.tiny.video import train_timesformer, train_videomae  # noqa: E402
from scripts.tiny.vlm import train_vlm  # noqa: E402

TRAININGS: dict[str, Callable[[Path], float]] = {
    "tiny-clip": train_clip,
    "tiny-videomae": train_videomae,
    "tiny-timesformer": train_timesformer,
    "tiny-vlm": train_vlm,
}
SPACES = {
    "tiny-clip": {"family": "image_text", "key": "tiny-clip", "dim": 64},
    "tiny-videomae": {"family": "video_classifier", "key": "tiny-videomae", "dim": 96},
    "tiny-timesformer": {
        "family": "video_classifier",
        "key": "tiny-timesformer",
        "dim": 96,
        "slot": "temporal",
    },
    "tiny-vlm": {"family": "vision_language", "key": "tiny-vlm", "dim": 64},
}
"""What each model's space.json says, so that EMBEDDING_MODEL_DIR may name the folder."""
MIN_ACCURACY = 0.9
MADE_BY = "made-by.sha256"
_IMPORTED = re.compile(r"^from scripts\.tiny\.(\w+) import", re.MULTILINE)


def train_tiny_models(folder: Path, names: Iterable[str] = TRAININGS) -> None:
    """Trains those of `names` that are not there yet, or were made by other code; one process at a
    time. Raises RuntimeError if a model has not learnt its drawings."""
    folder.mkdir(parents=True, exist_ok=True)
    with InterProcessLock(folder / "training.lock"):
        _train_what_is_missing(folder, names)


def _train_what_is_missing(folder: Path, names: Iterable[str]) -> None:
    torch.set_num_threads(1)  # more only get in each other's way in models this small
    for name in names:
        target, code = folder / name, _code_hash(name)
        seal = target / MADE_BY
        if seal.is_file() and seal.read_text() == code:
            continue
        partial = folder / f"{name}.part"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        accuracy = TRAININGS[name](partial)
        if accuracy < MIN_ACCURACY:
            raise RuntimeError(f"{name} is right in {accuracy:.1%} of new drawings only")
        (partial / MADE_BY).write_text(code)
        shutil.rmtree(target, ignore_errors=True)
        (partial / "space.json").write_text(json.dumps(SPACES[name]))
        partial.rename(target)
        print(f"{name}: right in {accuracy:.1%} of new drawings")


def code_of(name: str) -> list[Path]:
    """The files of scripts/tiny by which a model is trained."""
    found: list[str] = []
    wanted = [TRAININGS[name].__module__.rpartition(".")[2]]
    while wanted:
        found.append(wanted.pop())
        wanted += set(_IMPORTED.findall(_tiny(found[-1]).read_text())) - {*found, *wanted}
    return [_tiny(module) for module in sorted(found)]


def _tiny(module: str) -> Path:
    return ROOT / "scripts" / "tiny" / f"{module}.py"


def _code_hash(name: str) -> str:
    digest = hashlib.sha256()
    for path in [Path(__file__), *code_of(name)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


app = new_app()


@app.command()
def main(
    folder: Annotated[Path, typer.Argument(help="Where each model gets a folder of its own.")],
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Of {', '.join(TRAININGS)}; all by default.")
    ] = None,
) -> None:
    """Trains a small CLIP, VideoMAE, TimeSformer and SmolVLM on drawings; minutes, once."""
    if unknown := sorted(set(names or ()) - TRAININGS.keys()):
        raise typer.BadParameter(f"no model {unknown[0]!r}; there are: {', '.join(TRAININGS)}")
    train_tiny_models(folder, names or TRAININGS)


if __name__ == "__main__":
    run(app)
