"""python -m search QUERY."""

from typing import Annotated

import typer

from database.judgements import Judgements
from database.queries.filters import Filters
from search import cli as options
from search.errors import InvalidQuery
from search.query.query import FusionName, Shape, Sort


def main(
    query: Annotated[
        list[str],
        typer.Argument(
            metavar='"QUERY"',
            help='What to find; "in quotes" word for word, -without this word. After -- if it '
            "begins with a hyphen.",
        ),
    ],
    mode: options.Mode = None,
    weights: Annotated[
        str | None, typer.Option(help="TEXT,VISION instead of a mode, such as 0.9,0.1.")
    ] = None,
    no_vision: Annotated[
        bool, typer.Option("--no-vision", help="Search only what is said and written.")
    ] = False,
    space: options.Space = None,
    fusion: Annotated[
        FusionName, typer.Option(help="How legs become one ranking (docs/ranking.md).")
    ] = FusionName.EVIDENCE,
    right: Annotated[
        list[int] | None,
        typer.Option(
            help="The scene with this id is meant; kept for evaluations; repeatable.",
            min=1,
            max=options.MAX_ID,
        ),
    ] = None,
    wrong: Annotated[
        list[int] | None,
        typer.Option(help="The scene with this id is not; likewise.", min=1, max=options.MAX_ID),
    ] = None,
    video: options.Video = None,
    from_s: options.From = None,
    to_s: options.To = None,
    language: options.Language = None,
    since: options.Since = None,
    before: options.Before = None,
    after_clock: options.AfterClock = None,
    before_clock: options.BeforeClock = None,
    longer: options.Longer = None,
    shorter: options.Shorter = None,
    has: options.Has = None,
    tag: options.Tag = None,
    limit: options.Limit = 10,
    cursor: options.CursorOption = None,
    sort: options.SortOption = Sort.RELEVANCE,
    by_video: options.ByVideo = False,
    fold: options.Fold = False,
    min_score: options.MinScore = 0.0,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="A cross-encoder orders the first hits again.")
    ] = False,
    explain: options.Explain = False,
    as_json: options.AsJson = False,
) -> None:
    """Finds the moments that a description means: said, shown, or written on screen."""
    if len(query) > 1:
        raise InvalidQuery(f"put the query in quotes: '{' '.join(query)}'")
    filters = Filters(
        video_ids=tuple(video) if video else None,
        from_s=from_s,
        to_s=to_s,
        language=language,
        recorded_from=options.parse_date(since),
        recorded_to=options.parse_date(before),
        clock_from=options.parse_clock(after_clock),
        clock_to=options.parse_clock(before_clock),
        min_duration_s=longer,
        max_duration_s=shorter,
        kinds=tuple(has or ()),
        tags=tuple(tag or ()),
    )
    engine, database = options.open_engine()
    answer = engine.search(
        query[0],
        mode=mode,
        weights=_parse_weights(weights),
        use_vision=not no_vision,
        filters=filters,
        spaces=space or None,
        shape=Shape(limit, cursor, sort, by_video, fold, min_score, fusion, explain, rerank),
        like=right or (),
        unlike=wrong or (),
    )
    if right or wrong:
        Judgements(database).save(answer.query.text, right or (), wrong or ())
    options.print_answer(answer, as_json=as_json or explain)


def _parse_weights(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        text_weight, vision_weight = map(float, text.split(","))
    except ValueError:
        raise InvalidQuery("weights are two numbers, TEXT,VISION, such as 0.9,0.1") from None
    return text_weight, vision_weight


if __name__ == "__main__":
    options.run(main)
