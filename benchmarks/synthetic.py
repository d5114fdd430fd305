"""Libraries of any size with known answers, loaded by COPY.

Vectors lie as real ones do, near each other on several scales: a video is about a few subjects,
and its scenes lie around their subject. What is said lies around the vectors of sentences; what is
shown is what a classifier would say of pictures, labels near the right one included, projected as
an ingest does it. Some scenes are planted: one says, and another shows, what a query of the bank
asks, so that the right answer is known without a search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psycopg
import sqlalchemy as sa

from benchmarks.texts import sentences
from database.server.connection import Database
from database.spaces.partitions import HNSW, copy_vectors, partition_name
from embeddings.encoder import Vectors, normalise
from embeddings.encoders.efficientnet import image_labels
from embeddings.encoders.label_space import project
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from embeddings.space import BROAD
from ingest.library.null_statistics import background_queries

SCENES_PER_VIDEO = 100
SCENE_S = 6.0
SPOKEN = 0.6
"""The part of the scenes in which somebody speaks."""
_CENTRES = 5000
_SUBJECTS = 4
"""Of a video."""
_SUBJECT_SPREAD, _SCENE_SPREAD = 0.7, 0.35
"""Noise around a sentence and a subject, of unit length: scenes of one subject score 0.9 with each
other, those around one sentence 0.6."""
_LIKENESS, _DOUBT, _FLICKER = 12.0, 1.0, 0.5
"""Of logits: how much of a label its neighbours get, what else a subject looks like, and how much
its scenes differ."""
_AT_ONCE = 4000
_PLANTED_SPREAD = 0.3
_BATCH = 20_000
TEXT, VISION = PROFILES["bundled"].spaces


@dataclass(frozen=True)
class SyntheticLibrary:
    """What was loaded. The queries ask for the planted scenes, by their ids."""

    num_scenes: int
    planted: dict[str, set[int]]


def load(
    database: Database, encoders: Encoders, num_scenes: int, seed: int = 1
) -> SyntheticLibrary:
    """Fills an empty library. Ids are from 1 and dense; scene n has keyframe moment 2n-1 and, if
    somebody speaks, speech moment 2n."""
    rng = np.random.default_rng(seed)
    made = Maker(encoders, num_scenes, rng)
    with database.connection() as connection:
        for space in (TEXT, VISION):
            connection.execute(f"DROP INDEX {partition_name(space.key)}_hnsw")
        copy_videos(connection, num_scenes)
        for start in range(0, num_scenes, _BATCH):
            _copy_batch(connection, made, start, min(start + _BATCH, num_scenes))
        connection.execute("SET LOCAL maintenance_work_mem = '4GB'")
        for space in (TEXT, VISION):
            table = partition_name(space.key)
            connection.execute(
                f"CREATE INDEX {table}_hnsw ON {table} "
                f"USING hnsw ((vector::halfvec({space.dim})) halfvec_ip_ops) WITH ({HNSW})"
            )
        connection.execute("UPDATE space SET state = 'active'")
        connection.execute(
            "INSERT INTO coverage (video_id, space, wanted, embedded) "
            "SELECT video_id, space, count(*), count(*) FROM embedding GROUP BY video_id, space"
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as analysing:
        analysing.execute(sa.text("SET statement_timeout = 0"))
        analysing.execute(sa.text("VACUUM ANALYZE"))
    return SyntheticLibrary(num_scenes, made.planted)


class Maker:
    """Texts and vectors of scenes, the same for the same seed."""

    def __init__(self, encoders: Encoders, num_scenes: int, rng: np.random.Generator) -> None:
        self._rng = rng
        words = sorted({word for query in background_queries() for word in query.split()})
        self._words = np.array(words + [f"term{number}" for number in range(20_000)])
        ranks = np.arange(1, len(self._words) + 1)
        self._chances = (1 / ranks) / (1 / ranks).sum()  # Zipf's law
        self._topics = encoders.encode_items(TEXT, sentences(_CENTRES))
        self._labels = encoders.encode_items(TEXT, image_labels())
        queries = background_queries()
        vectors = encoders.encode_queries(TEXT, queries)
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
        own, num_subjects = self._subjects(scenes)
        topics = self._topics[self._rng.integers(0, len(self._topics), num_subjects)]
        subjects = normalise(topics + _SUBJECT_SPREAD * self._noise(topics.shape))
        chosen = subjects[own]
        vectors = normalise(chosen + _SCENE_SPREAD * self._noise(chosen.shape))
        return self._with_planted(vectors, scenes, self._said)

    def picture_vectors(self, scenes: Sequence[int]) -> Vectors:
        """Of what is shown in these scenes: float32 [n, dim]."""
        own, num_subjects = self._subjects(scenes)
        right = self._labels[self._rng.integers(0, len(self._labels), num_subjects)]
        subjects = _LIKENESS * (right @ self._labels.T)
        subjects += _DOUBT * self._rng.standard_normal(subjects.shape, np.float32)
        parts = []
        for start in range(0, len(scenes), _AT_ONCE):
            logits = subjects[own[start : start + _AT_ONCE]]
            logits = logits + _FLICKER * self._rng.standard_normal(logits.shape, np.float32)
            chances = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            parts.append(project(chances, self._labels, BROAD))
        return self._with_planted(np.concatenate(parts), scenes, self._shown)

    def _subjects(self, scenes: Sequence[int]) -> tuple[npt.NDArray[np.int64], int]:
        """The subject of each of these scenes, from 0, and how many there are."""
        videos = np.array(scenes) // SCENES_PER_VIDEO
        first, last = int(videos.min()), int(videos.max())
        own = (videos - first) * _SUBJECTS + self._rng.integers(0, _SUBJECTS, len(scenes))
        return own, (last - first + 1) * _SUBJECTS

    def _with_planted(
        self, vectors: Vectors, scenes: Sequence[int], planted: dict[int, int]
    ) -> Vectors:
        for row, scene in enumerate(scenes):
            if scene in planted:
                query = self._query_vectors[planted[scene]]
                vectors[row] = normalise(query + _PLANTED_SPREAD * self._noise(query.shape))
        return vectors

    def _noise(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        return normalise(self._rng.standard_normal(shape, np.float32))


def copy_rows(
    connection: psycopg.Connection, target: str, rows: Iterator[tuple[object, ...]]
) -> None:
    with connection.cursor().copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def copy_videos(connection: psycopg.Connection, num_scenes: int) -> None:
    copy_rows(
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


def _copy_batch(connection: psycopg.Connection, made: Maker, start: int, end: int) -> None:
    scenes = range(start, end)
    spoken = made.spoken(start, end)

    def starts(scene: int) -> float:
        return scene % SCENES_PER_VIDEO * SCENE_S

    copy_rows(
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
    videos = {s: s // SCENES_PER_VIDEO + 1 for s in scenes}
    keyframes = (
        (videos[s], 2 * s + 1, s + 1, "keyframe", starts(s) + 3, starts(s) + 3, None, None)
        for s in scenes
    )
    speech = (
        (videos[s], 2 * s + 2, s + 1, "speech", starts(s) + 1, starts(s) + 5, text, "en")
        for s, text in spoken.items()
    )
    target = "moment (video_id, id, scene_id, kind, start_s, end_s, text, language)"
    copy_rows(connection, target, keyframes)
    copy_rows(connection, target, speech)
    copy_vectors(
        connection,
        VISION.key,
        list(videos.values()),
        [2 * s + 1 for s in scenes],
        made.picture_vectors(scenes),
    )
    copy_vectors(
        connection,
        TEXT.key,
        [videos[s] for s in spoken],
        [2 * s + 2 for s in spoken],
        made.text_vectors(list(spoken)),
    )
