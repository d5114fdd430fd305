"""All that a query finds in one video, in order of time."""

from search.query.query import MAX_LIMIT, Shape, Sort
from search.results.hits import SearchAnswer, SearchHit


def whole(shape: Shape) -> Shape:
    """A shape that leaves out no hit of a video, and looks as deep as a search can."""
    changes = {
        "limit": MAX_LIMIT,
        "cursor": None,
        "sort": Sort.RELEVANCE,
        "by_video": False,
        "fold": False,
    }
    return shape.model_copy(update=changes)


def moments_of(answer: SearchAnswer, video_id: int) -> list[SearchHit]:
    """The hits of an answer that lie in a video, in order of time."""
    # A search by a scene has no filters; the evidence of a hit may have gone with its scene.
    hits = [hit for hit in answer.hits if hit.video.id == video_id and hit.evidence]
    return sorted(hits, key=by_time)


def by_time(hit: SearchHit) -> tuple[float, float, int]:
    """The sort key of a hit in its video."""
    return hit.start_s, hit.end_s, hit.scene.scene_id
