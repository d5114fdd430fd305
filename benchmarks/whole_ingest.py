"""Target 7: a whole ingest against the sum of its parts alone, and against the naive way."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from pgvector import HalfVector
from rapidocr import RapidOCR
from scenedetect import AdaptiveDetector, detect

from benchmarks.decode_pass import null_decode
from benchmarks.measure import Row, seconds
from benchmarks.media import looped
from database.objects.address import Address
from database.server.connection import Database
from embeddings.encoders.efficientnet import ImageClassifier
from embeddings.encoders.minilm import SentenceEncoder
from embeddings.registry.pins import EFFICIENTNET_LITE2
from embeddings.registry.spaces import PROFILES, SPACES
from ingest.files.discover import discover
from ingest.lanes import ingest_files
from ingest.library.embed import read_image
from ingest.perception.hearing.whisper import BEAM, model_folder
from ingest.pipeline import Ingest, make_ingest
from ingest.settings import IngestSettings

NUM_FILES = 2
ROUNDS = 3
_ROW = "INSERT INTO bench (id, vector) VALUES (%s, %s)"


class Parts:
    """The models, each alone with both cores."""

    def __init__(self, settings: IngestSettings) -> None:
        runtime = settings.runtime(2)
        folder = model_folder(PROFILES["bundled"].speech, runtime)
        self.whisper = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)
        self.ocr = RapidOCR(
            params={
                "EngineConfig.onnxruntime.intra_op_num_threads": 2,
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": 800,
            }
        )
        self.text = SentenceEncoder(SPACES["minilm-l6"], runtime)
        self.classifier = ImageClassifier(EFFICIENTNET_LITE2, runtime)

    def alone(self, path: Path, images: Sequence[Path], database: Database) -> None:
        """Null decode, raw speech recognition, raw forwards in batches, raw COPY."""
        null_decode(path)
        texts = self._hear(path)
        pictures = [read_image(image) for image in images]
        for picture in pictures:
            self.ocr(picture)
        self.classifier.probabilities(pictures)
        vectors = self.text.encode_items(texts or ["."])
        with database.connection() as connection:
            connection.execute("CREATE TEMP TABLE bench (id int8, vector halfvec)")
            with connection.cursor().copy("COPY bench FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int8", "halfvec"])
                for row in enumerate(vectors):
                    copy.write_row((row[0], HalfVector(row[1])))
            connection.execute("DROP TABLE bench")

    def naive(self, path: Path, folder: Path, database: Database) -> None:
        """A pass over the file per stage, one image and one row at a time, full size."""
        detect(str(path), AdaptiveDetector())
        frames = _every_second(path)
        for number, frame in enumerate(frames):
            cv2.imwrite(str(folder / f"naive-{number}.jpg"), frame)
        rows = [self.classifier.probabilities([frame[:, :, ::-1]])[0] for frame in frames]
        for frame in frames:
            self.ocr(frame)
        rows += [self.text.encode_items([text])[0] for text in self._hear(path)]
        with database.connection() as connection:
            connection.execute("CREATE TEMP TABLE bench (id int8, vector halfvec)")
            for number, row in enumerate(rows):
                connection.execute(_ROW, (number, HalfVector(np.asarray(row))))
            connection.execute("DROP TABLE bench")

    def _hear(self, path: Path) -> list[str]:
        segments, _info = self.whisper.transcribe(
            decode_audio(str(path)), beam_size=BEAM, vad_filter=True, word_timestamps=True
        )
        return [segment.text for segment in segments]


def _every_second(path: Path) -> list[npt.NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    rate = round(capture.get(cv2.CAP_PROP_FPS) or 25.0)
    frames: list[npt.NDArray[np.uint8]] = []
    number = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            capture.release()
            return frames
        if number % rate == 0:
            frames.append(np.asarray(frame, np.uint8))
        number += 1


def measure(folder: Path, settings: IngestSettings, database: Database) -> list[Row]:
    """Two rows; medians of three rounds, but for the naive way."""
    ingest = make_ingest(database, settings, PROFILES["bundled"])
    parts = Parts(settings)
    times: dict[str, list[float]] = {"ours": [], "alone": [], "naive": []}
    _ingest(folder / "warm-up", 1, ingest, "warm-up")
    for number in range(ROUNDS):
        target = folder / f"round-{number}"
        times["ours"].append(_ingest(target, NUM_FILES, ingest, f"round {number}"))
        files = sorted(target.glob("*.mp4"))
        pictures = sorted(next(settings.keyframes_dir.glob("*/*")).glob("*.jpg"))
        times["alone"].append(sum(seconds(parts.alone, path, pictures, database) for path in files))
    # Minutes long: once, over the files of the last round.
    times["naive"].append(sum(seconds(parts.naive, path, folder, database) for path in files))
    ours, alone, naive = (statistics.median(taken) for taken in times.values())
    what = f"whole ingest of {NUM_FILES} × 42 s"
    return [
        Row("7a", f"{what}, against the sum of its parts alone", ours, alone, "s", 1.08),
        Row("7b", f"the naive way, against our {what}", naive, ours, "s", 2.0, at_most=False),
    ]


def _ingest(folder: Path, count: int, ingest: Ingest, title: str) -> float:
    folder.mkdir()
    for number in range(count):
        looped(folder / f"{number}.mp4", 1, f"{title} {number}")
    files = discover([str(folder)])
    return seconds(lambda: list(ingest_files(files, ingest, 2, _silent)))


def _silent(_place: Path | Address, _stage: str, _part: float | None) -> None:
    """Reports nothing."""
