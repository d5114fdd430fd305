"""What an ingest works with, made once by the command and shared by all files."""

import os
from dataclasses import dataclass
from pathlib import Path

from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import Profile
from embeddings.space import Space
from ingest.library.spaces import spaces_to_fill
from ingest.media.child import Isolation
from ingest.media.decode import DecodeOptions
from ingest.perception.screen_text import TextReader
from ingest.perception.speech import Transcriber
from ingest.settings import IngestSettings


@dataclass(frozen=True)
class Tools:
    """Models, the store, folders and limits of a run."""

    profile: Profile
    """Where the speech model comes from; which spaces are filled is the library's to say."""
    store: Store
    library_spaces: Spaces
    encoders: Encoders
    transcriber: Transcriber
    reader: TextReader
    decode_options: DecodeOptions
    keyframes_dir: Path
    work_dir: Path
    isolation: Isolation
    retry: bool

    def spaces(self) -> tuple[Space, ...]:
        """The spaces that a video is embedded in now."""
        return spaces_to_fill(self.library_spaces, self.encoders)


def make_tools(
    database: Database,
    settings: IngestSettings,
    profile: Profile,
    *,
    keyframes_only: bool = False,
    retry: bool = False,
) -> Tools:
    """The tools of a run. Speech and pictures are worked on side by side, so each model gets
    half of the processors."""
    num_threads = max(1, (os.cpu_count() or 2) // 2)
    runtime = settings.runtime(num_threads)
    return Tools(
        profile=profile,
        store=Store(database),
        library_spaces=Spaces(database),
        encoders=Encoders(runtime),
        transcriber=Transcriber(profile.speech, runtime),
        reader=TextReader(num_threads),
        decode_options=DecodeOptions(
            max_pixels=settings.ingest_max_pixels,
            max_duration_s=settings.ingest_max_duration_s,
            keyframes_only=keyframes_only,
        ),
        keyframes_dir=settings.keyframes_dir,
        work_dir=settings.work_dir,
        isolation=make_isolation(settings),
        retry=retry,
    )


def make_isolation(settings: IngestSettings) -> Isolation:
    """The limits of children that read media."""
    return Isolation(settings.ingest_decode_memory_mb, settings.ingest_decode_stall_s)
