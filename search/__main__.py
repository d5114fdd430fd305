"""python -m search QUERY."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from database.errors import DatabaseError
from database.legs import Filters
from database.session import open_database
from database.settings import load_settings
from embeddings.errors import EmbeddingError
from embeddings.service import EmbeddingService
from search.errors import InvalidQuery
from search.hit import SearchAnswer, SearchHit, answer_document
from search.multi_modal_search import MultiModalSearchEngine

EXIT_FAILED = 1
EXIT_USAGE = 2
WEAK_SCORE = 0.3
"""Under it, one unrelated scene in eight scores as high (search/calibrate.py)."""

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    query: Annotated[str, typer.Argument(help="What to find, in words.")],
    mode: Annotated[
        str | None, typer.Option(help="text_heavy, balanced (default) or vision_heavy.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="TEXT,VISION instead of a mode, such as 0.9,0.1.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Hits to show.")] = 10,
    video: Annotated[
        list[int] | None, typer.Option(help="Only in the video with this id; may be repeated.")
    ] = None,
    from_s: Annotated[
        float | None, typer.Option("--from", help="Only scenes that end after this second.")
    ] = None,
    to_s: Annotated[
        float | None, typer.Option("--to", help="Only scenes that start before this second.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Only videos with speech in this language, such as en.")
    ] = None,
    no_vision: Annotated[
        bool, typer.Option("--no-vision", help="Search only what is said and written.")
    ] = False,
    space: Annotated[
        list[str] | None,
        typer.Option(help="Search only this space (python -m embeddings list); may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's JSON.")] = False,
) -> None:
    """Finds the moments that a description means: said, shown, or written on screen."""
    settings = load_settings()
    database = open_database(settings)
    engine = MultiModalSearchEngine(database, EmbeddingService(settings.runtime()))
    answer = engine.search(
        query,
        mode=mode,
        weights=_parse_weights(weights),
        use_vision=not no_vision,
        limit=limit,
        filters=Filters(tuple(video) if video else None, from_s, to_s, language),
        spaces=space or None,
    )
    if as_json:
        # All but ASCII is escaped: text from media may hold what steers a terminal.
        typer.echo(json.dumps(answer_document(answer)))
        return
    for reason in answer.reasons:
        typer.echo(f"degraded: {reason}", err=True)
    typer.echo(_as_text(answer))


def _parse_weights(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        text_weight, vision_weight = map(float, text.split(","))
    except ValueError:
        raise InvalidQuery("weights are two numbers, TEXT,VISION, such as 0.9,0.1") from None
    return text_weight, vision_weight


def _as_text(answer: SearchAnswer) -> str:
    """One hit in two lines: where it is, and why."""
    if not answer.hits:
        return "nothing found"
    lines = []
    for number, hit in enumerate(answer.hits):
        if hit.score < WEAK_SCORE and (number == 0 or answer.hits[number - 1].score >= WEAK_SCORE):
            lines.append("--- weak matches ---")
        scores = "  ".join(f"{name} {score:.2f}" for name, score in sorted(hit.scores.items()))
        lines.append(
            f"{hit.rank:>2}. {hit.score:.2f}  {_clock(hit.start_s)}–{_clock(hit.end_s)}  "
            f"{_plain(hit.video.title)}  ({_plain(_near(hit.video.path))})"
        )
        lines.append(f"          {scores}  |  {_why(hit)}")
    lines.append(f"{len(answer.hits)} hits in {answer.took_ms:.0f} ms")
    return "\n".join(lines)


def _why(hit: SearchHit) -> str:
    parts = []
    for evidence in hit.evidence:
        if evidence.kind == "keyframe":
            parts.append(f"shown at {_clock(evidence.start_s)}")
        elif evidence.kind == "span":
            parts.append(f"done at {_clock(evidence.start_s)}–{_clock(evidence.end_s)}")
        elif evidence.text:
            verb = "said" if evidence.kind == "speech" else "on screen"
            text = _plain(" ".join(evidence.text.split()))
            part = f"{verb}: “{text[:80]}{'…' if len(text) > 80 else ''}”"
            if part not in parts:
                parts.append(part)
    return "; ".join(parts)


def _near(path: str) -> str:
    """A path under the working directory as it is typed there."""
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return path


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def _plain(text: str) -> str:
    """Text from media, without what could steer a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)


def run() -> None:
    """The command; what a person can put right is one sentence on stderr."""
    try:
        app()
    except InvalidQuery as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except (DatabaseError, EmbeddingError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    run()
