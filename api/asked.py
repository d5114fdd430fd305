"""What requests ask, as the search package takes it."""

from api.requests import FiltersIn, ShapeIn
from database.queries.filters import Filters
from search.query.query import Shape


def filters_of(asked: FiltersIn) -> Filters:
    """The filters of a request."""
    return Filters(
        video_ids=tuple(asked.video_ids) if asked.video_ids is not None else None,
        from_s=asked.from_s,
        to_s=asked.to_s,
        language=asked.language,
        recorded_from=asked.recorded_from,
        recorded_to=asked.recorded_to,
        clock_from=asked.clock_from,
        clock_to=asked.clock_to,
        min_duration_s=asked.min_duration_s,
        max_duration_s=asked.max_duration_s,
        kinds=tuple(asked.kinds),
        tags=tuple(asked.tags),
    )


def shape_of(asked: ShapeIn) -> Shape:
    """The shape of the answer to a request."""
    return Shape(**{name: getattr(asked, name) for name in ShapeIn.model_fields})
