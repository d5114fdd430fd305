"""What each pooling of a vision-language model is worth, and an image-text model beside it.

`python -m benchmarks.poolings SPACE [--against SPACE] [--pictures FOLDER]` prints the table of
docs/benchmarks.md: by default of drawings, else of the pictures in FOLDER, in which each folder is
named for what its pictures show: `red circle/1.png`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from embeddings.backends.torch import torch_device
from embeddings.cli import new_app, read_settings, run
from embeddings.encoder import Image, Vectors
from embeddings.encoders.vlm import VisionLanguageEncoder
from embeddings.errors import InvalidSettings
from embeddings.loaded import Encoders
from embeddings.pictures import rgb_of
from embeddings.pooling import EmbeddingType, Pooling, VlmInput
from embeddings.registry.spaces import choose_spaces
from embeddings.settings import EmbeddingSettings
from embeddings.space import Space
from scripts.tiny.clip import THINGS
from scripts.tiny.drawing import draw_shape

NUM_EACH = 12
"""Pictures of each thing, at most."""
SIZE_PX = 224
"""The side of a drawing."""
QUERY, OTHER_QUERY = "a photo of a {}", "a picture of one {}"
PAIRS: tuple[tuple[EmbeddingType, EmbeddingType], ...] = (
    ("last", "last"),
    ("multi_layer", "multi_layer"),
    ("mean", "mean"),
    ("mean_text", "mean_image"),
    ("echo", "mean_image"),
    ("cls", "cls"),
)
"""Of texts, and of the pictures that they are compared with."""
_HEADER = (
    "| texts | pictures | text → pictures: first | all | picture → pictures: first | all "
    "| text → texts: first |\n|---|---|---|---|---|---|---|"
)
_Right = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Shown:
    """Pictures, and what each of them shows, as its number in `names`."""

    names: list[str]
    pictures: list[Image] = field(repr=False)
    own: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Worth:
    """How well vectors find what they should: 0 to 1 each."""

    first: float
    """The share of queries of which the nearest is right."""
    all: float
    """Mean average precision: 1 where all that is right comes before all else."""

    def __str__(self) -> str:
        return f"{self.first:.0%} | {self.all:.2f}"


def drawings() -> Shown:
    """Of each colour and shape that the small models are trained on, new ones."""
    rng = np.random.default_rng(2)
    own = np.repeat(np.arange(len(THINGS)), NUM_EACH)
    return Shown(
        [" ".join(thing) for thing in THINGS],
        [draw_shape(*THINGS[thing], SIZE_PX, rng) for thing in own],
        own,
    )


def pictures_in(folder: Path) -> Shown:
    """Those of a person. Raises InvalidSettings, PictureUnreadable."""
    files = {
        each.name: sorted(file for file in each.iterdir() if file.is_file())[:NUM_EACH]
        for each in sorted(folder.iterdir())
        if each.is_dir()
    }
    if len(files) < 2 or min(map(len, files.values())) < 2:
        raise InvalidSettings(
            f"{folder} needs two folders or more, named for what they show, of two pictures or more"
        )
    own = np.repeat(np.arange(len(files)), [len(paths) for paths in files.values()])
    pictures = [rgb_of(path.read_bytes()) for paths in files.values() for path in paths]
    return Shown(list(files), pictures, own)


def rows(encoders: Encoders, space: Space, beside: Sequence[Space], shown: Shown) -> Iterator[str]:
    """The lines of the table, each as soon as it is there."""
    encoder = encoders.vision_language(space)
    for texts, pictures in PAIRS:
        yield _row(texts, pictures, *_vectors(encoder, texts, pictures, shown), shown.own)
    if torch_device(encoders.runtime).type == "cpu":  # for which alone int8 is
        small = VisionLanguageEncoder(space, encoders.runtime, int8=True)
        yield _row("last, int8", "last, int8", *_vectors(small, "last", "last", shown), shown.own)
    for each in beside:
        first, second = (
            encoders.encode_queries(each, [form.format(name) for name in shown.names])
            for form in (QUERY, OTHER_QUERY)
        )
        items = encoders.encode_items(each, shown.pictures)
        yield _row(each.key, each.key, first, second, items, shown.own)


def worth(queries: Vectors, items: Vectors, right: _Right, *, themselves: bool = False) -> Worth:
    """Of vectors [n, dim] and [m, dim] of unit length; `right`, bool [n, m].

    What is equally near counts as in the middle, so that vectors which are all the same find by
    chance. `themselves`: the queries are the items, and no item is to find itself.
    """
    scores = (queries @ items.T).round(5)
    first, precision = [], []
    for number in range(len(scores)):
        others = np.arange(len(items)) != number if themselves else slice(None)
        row, is_right = scores[number, others], right[number, others]
        first.append(is_right[row == row.max()].mean())
        found = row[is_right]
        precision.append(np.mean([_rank(each, found) / _rank(each, row) for each in found]))
    return Worth(float(np.mean(first)), float(np.mean(precision)))


def _rank(score: float, among: Vectors) -> float:
    """From 1; of equal ones, that in the middle."""
    return float((among > score).sum() + ((among == score).sum() + 1) / 2)


def _vectors(
    encoder: VisionLanguageEncoder, texts: EmbeddingType, pictures: EmbeddingType, shown: Shown
) -> tuple[Vectors, Vectors, Vectors]:
    """Of the names in both wordings, and of the pictures."""

    def of(items: list[VlmInput], kind: EmbeddingType) -> Vectors:
        return np.stack([each.vector for each in encoder.embed(items, Pooling(kind))])

    first, second = (
        of([VlmInput(form.format(name)) for name in shown.names], texts)
        for form in (QUERY, OTHER_QUERY)
    )
    return first, second, of([VlmInput(images=(each,)) for each in shown.pictures], pictures)


def _row(
    name: str,
    of_pictures: str,
    texts: Vectors,
    others: Vectors,
    pictures: Vectors,
    own: npt.NDArray[np.intp],
) -> str:
    by_text = worth(texts, pictures, np.arange(len(texts))[:, None] == own)
    by_picture = worth(pictures, pictures, own[:, None] == own, themselves=True)
    by_other = worth(texts, others, np.eye(len(texts), dtype=bool))
    return f"| {name} | {of_pictures} | {by_text} | {by_picture} | {by_other.first:.0%} |"


app = new_app(__doc__)


@app.command()
def main(
    space: Annotated[str, typer.Argument(help="Of a vision-language model.")] = "smolvlm2-256m",
    against: Annotated[
        str | None, typer.Option(help="A space of an image-text model, measured beside it.")
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="A folder of folders, named for what their pictures show; drawings by default.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """The table of what each pooling is worth, on stdout."""
    encoders = Encoders(read_settings(EmbeddingSettings).runtime(1))
    shown = drawings() if pictures is None else pictures_in(pictures)
    (chosen,) = choose_spaces([space], encoders.spaces)
    encoders.require_vision_language(chosen)
    beside = choose_spaces([against] if against else [], encoders.spaces)
    for each in (chosen, *beside):
        encoders.require_weights(each)
    print(f"{len(shown.pictures)} pictures of {len(shown.names)} things\n\n{_HEADER}")
    for line in rows(encoders, chosen, beside, shown):
        print(line, flush=True)


if __name__ == "__main__":
    run(app)
