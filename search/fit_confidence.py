"""python -m search.fit_confidence: how well confidence tells what a library holds from
what it does not, and the constants that tell it best.

    SCENESEEK_HOME=… python -m search.fit_confidence measure QUERIES.json tour > tour.json
    python -m search.fit_confidence fit tour.json others.json

`measure` asks the library that the environment names the queries of a file: `absent`, which
nothing in any of the libraries answers, and the others under the name given. `fit` reads what was
measured of one or more libraries, fits the constants of search/ranking/confidence.py on the
queries of the half `fit`, and prints them, and what those constants that are there are worth.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from embeddings.cli import new_app
from embeddings.cli import run as run_app
from search.cli import open_engine, print_json
from search.multi_modal_search import DEPTH, ONLY_TEXT, MultiModalSearchEngine
from search.query.query import AUTO, make_query
from search.ranking.confidence import PER_FEATURE, WEAK, Confidence
from search.retrieval.spaces import EVERYTHING

HALVES = ("fit", "held_out")
CLASSES = {"1–2": 2, "3–5": 5, "6–9": 9, "10–20": 20}
"""By the most words that a query of the class has."""
MOST_ABSENT = 0.04
"""The part of the queries without an answer, of the half `fit`, that may be called confident."""
_RIDGE = 1.0
_STEPS = 50

app = new_app()


@dataclass(frozen=True)
class Judged:
    """A query, whether the library answers it, and how sure the search is that it does."""

    library: str
    half: str
    query: str
    answered: bool
    confidence: Confidence

    @property
    def length(self) -> str:
        """Its class, by its words."""
        return next(name for name, most in CLASSES.items() if len(self.query.split()) <= most)


@app.command()
def measure(
    queries: Annotated[Path, typer.Argument(help="Queries, as tests/search/evaluation has them.")],
    answered_by: Annotated[str, typer.Argument(help="Under which name the library's stand.")],
    name: Annotated[str | None, typer.Option(help="What tables call the library.")] = None,
    only_text: Annotated[bool, typer.Option("--only-text", help="Without pictures.")] = False,
) -> None:
    """Asks a library all queries, and prints how sure it is of each as JSON."""
    engine, _ = open_engine()
    document = json.loads(queries.read_text(encoding="utf-8"))
    rows = []
    for half in HALVES:
        for answered, kind in ((False, "absent"), (True, f"answered_by_{answered_by}")):
            for text in document[kind][half]:
                sure = _confidence(engine, text, only_text=only_text)
                rows.append(asdict(Judged(name or answered_by, half, text, answered, sure)))
    print_json(rows)


@app.command()
def fit(
    measured: Annotated[list[Path], typer.Argument(help="What `measure` has printed.")],
) -> None:
    """Prints the constants that tell best, and what those that are there are worth."""
    judged = [one for path in measured for one in _read(path)]
    constant, weights = fitted([one for one in judged if one.half == "fit"])
    numbers = ", ".join(f"{weight:.3f}" for weight in weights)
    typer.echo(f"fitted: CONSTANT = {constant:.2f}, PER_FEATURE = ({numbers})\n")
    for line in table(judged):
        typer.echo(line)


def _confidence(engine: MultiModalSearchEngine, text: str, *, only_text: bool) -> Confidence:
    scope = ONLY_TEXT if only_text else EVERYTHING
    return engine.ranker.rank(make_query(text, mode=AUTO), DEPTH, scope).confidence


def _read(path: Path) -> Iterator[Judged]:
    for row in json.loads(path.read_text(encoding="utf-8")):
        yield Judged(**row | {"confidence": Confidence(**row["confidence"])})


def fitted(judged: Sequence[Judged]) -> tuple[float, npt.NDArray[np.float64]]:
    """(constant, one weight a feature): a logistic regression by Newton's method, in which no
    feature counts against an answer, its constant moved so that MOST_ABSENT are over WEAK."""
    features = np.array([one.confidence.features for one in judged])
    answered = np.array([one.answered for one in judged])
    spread = np.maximum(features.std(axis=0), 0.01)  # one that never differs says nothing
    inputs = np.column_stack([features / spread, np.ones(len(judged))])
    weights = np.zeros(len(PER_FEATURE) + 1)
    ridge = np.diag([*[_RIDGE] * len(PER_FEATURE), 0.0])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (answered - chances) - ridge @ weights
        curve = (inputs * (chances * (1 - chances))[:, None]).T @ inputs + ridge
        weights += np.linalg.solve(curve, slope)
        weights[:-1] = np.maximum(weights[:-1], 0.0)
    per_feature = weights[:-1] / spread
    highest = np.quantile((features @ per_feature)[~answered], 1 - MOST_ABSENT)
    return math.log(WEAK / (1 - WEAK)) - float(highest), per_feature


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """Of every library, half and class of length: the parts called confident, and AUROC."""
    yield "| library | half | words | absent, confident | answered, confident | AUROC |"
    yield "|---|---|---|---|---|---|"
    for library in dict.fromkeys(one.library for one in judged):
        for half in HALVES:
            own = [one for one in judged if (one.library, one.half) == (library, half)]
            for length in (*CLASSES, "all"):
                those = [one for one in own if length in ("all", one.length)]
                if len({one.answered for one in those}) == 2:
                    yield _row(library, half, length, those)


def _row(library: str, half: str, length: str, judged: Sequence[Judged]) -> str:
    absent = np.array([one.confidence.answered for one in judged if not one.answered])
    present = np.array([one.confidence.answered for one in judged if one.answered])
    above = (present[:, None] > absent) + 0.5 * (present[:, None] == absent)
    said = f"{(absent >= WEAK).mean():.0%} of {len(absent)}"
    right = f"{(present >= WEAK).mean():.0%} of {len(present)}"
    return f"| {library} | {half} | {length} | {said} | {right} | {above.mean():.2f} |"


if __name__ == "__main__":
    run_app(app)
