"""What an ingest works with, made once by the command and shared by all files."""

import os
from dataclasses import dataclass
from pathlib import Path

from database.session import Database
from database.settings import Settings
from database.store import Store
from embeddings.service import EmbeddingService
from embeddings.spaces import Profile
from ingest.decode import DecodeOptions
from ingest.ocr import TextReader
from ingest.transcript import Transcriber


@dataclass(frozen=True)
class Tools:
    """Models, the store, folders and limits of a run."""

    profile: Profile
    store: Store
    service: EmbeddingService
    transcriber: Transcriber
    reader: TextReader
    decode_options: DecodeOptions
    keyframes_dir: Path
    work_dir: Path
    decode_memory_mb: int
    decode_stall_s: float
    retry: bool


def make_tools(
    database: Database,
    settings: Settings,
    profile: Profile,
    *,
    keyframes_only: bool = False,
    retry: bool = False,
) -> Tools:
    """The tools of a run. Speech and pictures are worked on side by side, so each model gets
    half of the processors."""
    num_threads = max(1, (os.cpu_count() or 2) // 2)
    return Tools(
        profile=profile,
        store=Store(database),
        service=EmbeddingService(settings.runtime(num_threads)),
        transcriber=Transcriber(profile.speech, settings.models_dir, num_threads),
        reader=TextReader(num_threads),
        decode_options=DecodeOptions(
            max_pixels=settings.ingest_max_pixels,
            max_duration_s=settings.ingest_max_duration_s,
            keyframes_only=keyframes_only,
        ),
        keyframes_dir=settings.keyframes_dir,
        work_dir=settings.work_dir,
        decode_memory_mb=settings.ingest_decode_memory_mb,
        decode_stall_s=settings.ingest_decode_stall_s,
        retry=retry,
    )
