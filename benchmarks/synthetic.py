"""Libraries of any size with known answers, loaded by COPY.

Vectors lie as real ones do: those of texts around the vectors of sentences, those of pictures
around mixtures of label vectors. Some scenes are planted: one says, and another shows, what a
query of the bank asks, so that the right answer is known without a search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psycopg
import sqlalchemy as sa

from database.session import Database
from database.vectors import copy_vectors, partition_name
from embeddings.background import background_queries
from embeddings.encoder import Vectors, normalise
from embeddings.image_classifier import image_labels
from embeddings.label_space import BROAD, project
from embeddings.service import EmbeddingService
from embeddings.spaces import PROFILES

SCENES_PER_VIDEO = 100
SCENE_S = 6.0
SPOKEN = 0.6
"""The part of the scenes in which somebody speaks."""
_CENTRES = 2000
_SPREAD = 0.5
"""Noise around a centre, of unit length: neighbours score 0.8, as paraphrases do."""
_PLANTED_SPREAD = 0.3
_BATCH = 20_000
TEXT, VISION = PROFILES["bundled"].spaces


@dataclass(frozen=True)
class SyntheticLibrary:
    """What was loaded. The queries ask for the planted scenes, by their ids."""

    num_scenes: int
    planted: dict[str, set[int]]


def load(
    database: Database, service: EmbeddingService, num_scenes: int, seed: int = 1
) -> SyntheticLibrary:
    """Fills an empty library. Ids are from 1 and dense; scene n has keyframe moment 2n-1 and, if
    somebody speaks, speech moment 2n."""
    rng = np.random.default_rng(seed)
    made = _Maker(service, num_scenes, rng)
    with database.connection() as connection:
        for space in (TEXT, VISION):
            connection.execute(f"DROP INDEX {partition_name(space.key)}_hnsw")
        _copy_videos(connection, num_scenes)
        for start in range(0, num_scenes, _BATCH):
            _copy_batch(connection, made, start, min(start + _BATCH, num_scenes))
        connection.execute("SET LOCAL maintenance_work_mem = '4GB'")
        for space in (TEXT, VISION):
            table = partition_name(space.key)
            connection.execute(
                f"CREATE INDEX {table}_hnsw ON {table} "
                f"USING hnsw ((vector::halfvec({space.dim})) halfvec_ip_ops)"
            )
        connection.execute("UPDATE space SET state = 'active'")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as analysing:
        analysing.execute(sa.text("SET statement_timeout = 0"))
        analysing.execute(sa.text("VACUUM ANALYZE"))
    return SyntheticLibrary(num_scenes, made.planted)


class _Maker:
    """Texts and vectors of scenes, the same for the same seed."""

    def __init__(
        self, service: EmbeddingService, num_scenes: int, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        words = sorted({word for query in background_queries() for word in query.split()})
        self._words = np.array(words + [f"term{number}" for number in range(20_000)])
        ranks = np.arange(1, len(self._words) + 1)
        self._chances = (1 / ranks) / (1 / ranks).sum()  # Zipf's law
        sentences = [self.sentence() for _ in range(_CENTRES)]
        self._sentences = service.encode_items(TEXT, sentences)
        labels = service.encode_items(TEXT, image_labels())
        chances = rng.dirichlet(np.full(len(labels), 0.005), _CENTRES).astype(np.float32)
        self._pictures = project(chances, labels, BROAD)
        queries = background_queries()
        vectors = service.encode_queries(TEXT, queries)
        scenes = rng.choice(num_scenes, 2 * len(queries), replace=False)
        self.planted = {
            query: {int(scenes[2 * n]) + 1, int(scenes[2 * n + 1]) + 1}
            for n, query in enumerate(queries)
        }
        self._said = {int(scenes[2 * n]): n for n in range(len(queries))}
        self._shown = {int(scenes[2 * n + 1]): n for n in range(len(queries))}
        self._queries, self._query_vectors = queries, vectors

    def sentence(self) -> str:
        """Five to twenty words."""
        count = int(self._rng.integers(5, 21))
        return " ".join(self._rng.choice(self._words, count, p=self._chances))

    def spoken(self, start: int, end: int) -> dict[int, str]:
        """By scene, from 0: what is said in [start, end)."""
        chosen = np.flatnonzero(self._rng.random(end - start) < SPOKEN) + start
        texts = {int(scene): self.sentence() for scene in chosen}
        said = {s: self._queries[n] for s, n in self._said.items() if start <= s < end}
        return dict(sorted((texts | said).items()))

    def text_vectors(self, scenes: Sequence[int]) -> Vectors:
        """Of what is said in these scenes: float32 [n, dim]."""
        return self._vectors(scenes, self._sentences, self._said)

    def picture_vectors(self, scenes: Sequence[int]) -> Vectors:
        """Of what is shown in these scenes: float32 [n, dim]."""
        return self._vectors(scenes, self._pictures, self._shown)

    def _vectors(self, scenes: Sequence[int], centres: Vectors, planted: dict[int, int]) -> Vectors:
        chosen = centres[self._rng.integers(0, len(centres), len(scenes))]
        vectors = normalise(chosen + _SPREAD * self._noise(chosen.shape))
        for row, scene in enumerate(scenes):
            if scene in planted:
                query = self._query_vectors[planted[scene]]
                vectors[row] = normalise(query + _PLANTED_SPREAD * self._noise(query.shape))
        return vectors

    def _noise(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        return normalise(self._rng.standard_normal(shape, np.float32))


def _copy(connection: psycopg.Connection, target: str, rows: Iterator[tuple[object, ...]]) -> None:
    with connection.cursor().copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _copy_videos(connection: psycopg.Connection, num_scenes: int) -> None:
    _copy(
        connection,
        "video (id, content_hash, status, title, container, video_codec, audio_codec, "
        "duration_s, language, num_scenes, profile)",
        (
            (
                *(number + 1, f"{number:064x}", "done", f"synthetic {number + 1}", "mov"),
                *("h264", "aac", SCENES_PER_VIDEO * SCENE_S, "en" if number % 10 else "de"),
                *(min(SCENES_PER_VIDEO, num_scenes - number * SCENES_PER_VIDEO), "bundled"),
            )
            for number in range(-(-num_scenes // SCENES_PER_VIDEO))
        ),
    )


def _copy_batch(connection: psycopg.Connection, made: _Maker, start: int, end: int) -> None:
    scenes = range(start, end)
    spoken = made.spoken(start, end)

    def starts(scene: int) -> float:
        return scene % SCENES_PER_VIDEO * SCENE_S

    _copy(
        connection,
        "scene (id, video_id, position, start_s, end_s)",
        (
            (
                *(s + 1, s // SCENES_PER_VIDEO + 1, s % SCENES_PER_VIDEO),
                *(starts(s), starts(s) + SCENE_S),
            )
            for s in scenes
        ),
    )
    keyframes = (
        (2 * s + 1, s + 1, "keyframe", starts(s) + 3, starts(s) + 3, None, None) for s in scenes
    )
    speech = (
        (2 * s + 2, s + 1, "speech", starts(s) + 1, starts(s) + 5, text, "en")
        for s, text in spoken.items()
    )
    target = "moment (id, scene_id, kind, start_s, end_s, text, language)"
    _copy(connection, target, keyframes)
    _copy(connection, target, speech)
    copy_vectors(connection, VISION.key, [2 * s + 1 for s in scenes], made.picture_vectors(scenes))
    copy_vectors(connection, TEXT.key, [2 * s + 2 for s in spoken], made.text_vectors(list(spoken)))
