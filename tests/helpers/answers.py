"""Answers and candidates made by hand."""

from database.models import MomentKind
from database.queries.filters import Scan
from database.queries.hits import MomentInfo, VideoRef
from database.queries.statement import FULL_TEXT
from embeddings.space import Modality
from search.query.query import MODES, FusionName, Shape, make_query
from search.ranking.confidence import Confidence
from search.ranking.fusion import FUSIONS
from search.ranking.rank import Ranking
from search.results.hits import Evidence, SearchAnswer, SearchHit
from search.retrieval.candidates import Candidate, LegScore
from search.retrieval.query_vectors import EncodedQuery

TEXT, VISION, ACTION = "minilm-l6", "imagenet-concepts", "videomae-b-labels"


def found(leg: str, nats: float = 1.0, *, raw: float = 0.5, rank: int = 1) -> LegScore:
    """What a leg says of a scene."""
    modality = Modality.VISION if leg in (VISION, ACTION) else Modality.TEXT
    return LegScore(leg, modality, rank, raw, nats, moment_id=1)


def scene(number: int, *scores: LegScore, video_id: int = 1) -> Candidate:
    """A scene of ten seconds, in the order of its number."""
    start_s = 10.0 * number
    return Candidate(number, video_id, start_s, start_s + 10, {s.leg: s for s in scores})


def said(
    text: str,
    start_s: float = 12.0,
    end_s: float = 18.2,
    track: str | None = None,
    words: tuple[tuple[int, float, float], ...] = (),
    marks: tuple[tuple[int, int], ...] = (),
) -> Evidence:
    """A sentence."""
    moment = MomentInfo(
        1, MomentKind.SPEECH, start_s, end_s, text, None, (), marks, track=track, words=words
    )
    return Evidence(found(TEXT, 9.0), moment)


def written(text: str, marks: tuple[tuple[int, int], ...] = ()) -> Evidence:
    """Text on the screen."""
    moment = MomentInfo(3, MomentKind.OCR, 12.0, 18.2, text, None, (), marks)
    return Evidence(found(TEXT, 9.0), moment)


def shown(time_s: float) -> Evidence:
    """A keyframe."""
    moment = MomentInfo(2, MomentKind.KEYFRAME, time_s, time_s, None, None, ())
    return Evidence(found(VISION, 21.0, raw=0.76), moment)


def answer(
    *evidence: Evidence,
    path: str = "/videos/tour.mp4",
    title: str = "tour",
    start_s: float = 12.0,
    end_s: float = 18.2,
    reasons: tuple[str, ...] = (),
    has_pictures: bool = True,
    sure: float = 0.83,
    empty: bool = False,
    shape: Shape | None = None,
) -> SearchAnswer:
    """An answer of one hit, from this evidence."""
    video = VideoRef(1, path, title, 61.0, has_pictures, None)
    candidate = Candidate(5, 1, 12.0, 18.2, {e.found.leg: e.found for e in evidence})
    (fused,) = FUSIONS[FusionName.EVIDENCE].rank([candidate], MODES["balanced"])
    best = fused._replace(score=sure)
    hit = SearchHit(1, best, sure < 0.4, video, start_s, end_s, evidence)
    encoded = EncodedQuery((), "drilling", 100, reasons)
    ranking = Ranking([best], 1, MODES["balanced"], encoded, Scan.INDEX, 60, ())
    return SearchAnswer(
        query=make_query("drilling", shape=shape),
        hits=() if empty else (hit,),
        confidence=Confidence(
            50.0, 8.0 if sure >= 0.4 else -2.2, -2.2, 0.0, 5.0, whole=False, luck=4.0
        ),
        ranking=ranking,
        next=None,
        total=0 if empty else 1,
        num_weak=0 if empty or sure >= 0.4 else 1,
        took_ms=11.23,
    )


__all__ = ["FULL_TEXT", "TEXT", "VISION", "answer", "found", "said", "scene", "shown", "written"]
