"""The whole story of a file: found, decoded, heard, read, embedded, stored.

Files run in a few lanes, so that one is decoded while another is transcribed; within a file,
speech and pictures are worked on side by side. Every stage's result is kept on disk until the
video is stored in one transaction: a run that is cut off, at any point, resumes where it was and
leaves nothing half-written.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

from database.errors import SpacesChanged
from ingest.checkpoint import Checkpoint
from ingest.errors import Interrupted, VideoUnreadable
from ingest.files.discover import FoundFile
from ingest.files.identity import content_hash, known_outcome, link_to_known, require_unchanged
from ingest.files.outcome import Outcome, OutcomeStatus, printable, refused
from ingest.library.embed import Lists, Source, embed_moments, read_image
from ingest.library.moments import build_moments, build_scenes, main_language
from ingest.library.storing import image_folder, save_outcome, save_video
from ingest.media.clips import read_clips
from ingest.media.decode import Decoded, decode_file
from ingest.perception.screen_text import Writing
from ingest.perception.speech import Sentence
from ingest.tools import Tools

WAKE_S = 0.5
"""Python handles a signal in the main thread only, and one that another thread received does not
wake it; so it wakes up by itself this often, and no interrupt waits for the end of a file."""

Report = Callable[[Path, str, float | None], None]
"""Told the file, its stage, and the part of the stage that is done in [0, 1], if it is known.
What it raises ends the file's work."""


def ingest_files(
    files: Sequence[FoundFile],
    tools: Tools,
    jobs: int,
    report: Report,
    stopped: threading.Event | None = None,
) -> Iterator[Outcome]:
    """The outcome of every file, as they end; `jobs` files are worked on at a time.

    Raises what concerns the whole run: DatabaseError, EmbeddingError, and Interrupted soon after
    `stopped` is set.
    """
    stopped = stopped or threading.Event()

    def report_unless_stopped(path: Path, stage: str, part: float | None) -> None:
        if stopped.is_set():
            raise Interrupted
        report(path, stage, part)

    with ThreadPoolExecutor(jobs, "lane") as lanes:
        ended: SimpleQueue[Future[Outcome]] = SimpleQueue()
        try:
            for file in files:
                running = lanes.submit(ingest_file, file, tools, report_unless_stopped)
                running.add_done_callback(ended.put)
            for _ in files:
                yield _next(ended).result()
        except BaseException:
            stopped.set()
            lanes.shutdown(wait=False, cancel_futures=True)
            raise


def _next(ended: SimpleQueue[Future[Outcome]]) -> Future[Outcome]:
    while True:
        with contextlib.suppress(Empty):
            return ended.get(timeout=WAKE_S)


def ingest_file(file: FoundFile, tools: Tools, report: Report) -> Outcome:
    """One file, from its name to its rows. A fault of the file is its outcome."""
    started = time.monotonic()
    try:
        if file.refusal is not None:
            raise VideoUnreadable(file.refusal)
        outcome = known_outcome(file, tools.store, retry=tools.retry)
        if outcome is None:
            report(file.path, "hash", None)
            digest = content_hash(file.path)
            with tools.store.claim(digest, lambda: report(file.path, "hash", None)):
                outcome = link_to_known(file, digest, tools.keyframes_dir, tools.store)
                if outcome is None:
                    outcome = _ingest_content(file, digest, tools, report)
    except VideoUnreadable as error:
        outcome = refused(
            file, error, lambda record: save_outcome(record, tools.keyframes_dir, tools.store)
        )
    return dataclasses.replace(outcome, seconds=round(time.monotonic() - started, 2))


def _ingest_content(file: FoundFile, digest: str, tools: Tools, report: Report) -> Outcome:
    mode = "iframes" if tools.decode_options.keyframes_only else "full"
    checkpoint = Checkpoint(tools.work_dir, f"{digest}-{tools.profile.name}-{mode}")
    try:
        return _run_stages(file, digest, checkpoint, tools, report)
    except VideoUnreadable:
        checkpoint.clear()
        raise


def _run_stages(
    file: FoundFile, digest: str, checkpoint: Checkpoint, tools: Tools, report: Report
) -> Outcome:
    media = checkpoint.folder / "media"
    decoded = checkpoint.stage("decoded", Decoded, lambda: _decode(file.path, media, tools, report))
    with ThreadPoolExecutor(1, "speech") as beside:
        speech = beside.submit(
            checkpoint.stage,
            "speech",
            list[Sentence],
            lambda: _hear(file.path, decoded, media, tools, report),
        )
        writing = checkpoint.stage(
            "writing", list[Writing | None], lambda: _read(file.path, decoded, media, tools, report)
        )
        sentences = speech.result()

    report(file.path, "embed", None)
    scenes = build_scenes(decoded, sentences)
    moments = build_moments(decoded, scenes, sentences, writing, image_folder(digest))
    stored = False
    while not stored:
        spaces = tools.spaces()
        embedded = embed_moments(
            moments,
            spaces,
            tools.encoders,
            _source(file.path, media, tools, report),
            lambda name, compute: checkpoint.stage(name, Lists, compute),
        )
        report(file.path, "store", None)
        require_unchanged(file)
        with contextlib.suppress(SpacesChanged):  # then it is embedded in the new one, too
            save_video(
                file,
                digest,
                decoded,
                scenes,
                embedded,
                language=main_language(sentences),
                profile=tools.profile.name,
                spaces=spaces,
                media=media,
                keyframes_dir=tools.keyframes_dir,
                store=tools.store,
            )
            stored = True
    checkpoint.clear()
    status = OutcomeStatus.PARTIAL if decoded.partial_reason else OutcomeStatus.DONE
    return Outcome(printable(file.path), status, decoded.partial_reason, len(scenes), len(moments))


def _source(path: Path, media: Path, tools: Tools, report: Report) -> Source:
    return Source(
        lambda moment: read_image(media / Path(moment.image_path or "").name),
        lambda spans: tools.isolation.run(
            read_clips,
            path,
            spans,
            tools.decode_options.max_pixels,
            on_progress=lambda _part: report(path, "embed", None),
        ),
    )


def _decode(path: Path, media: Path, tools: Tools, report: Report) -> Decoded:
    report(path, "decode", 0.0)
    return tools.isolation.run(
        decode_file,
        path,
        media,
        tools.decode_options,
        on_progress=lambda part: report(path, "decode", part),
    )


def _hear(
    path: Path, decoded: Decoded, media: Path, tools: Tools, report: Report
) -> list[Sentence]:
    return tools.transcriber.transcribe(
        media / "audio.s16",
        decoded.stretches,
        lambda time_s: report(path, "speech", min(1.0, time_s / decoded.duration_s)),
    )


def _read(
    path: Path, decoded: Decoded, media: Path, tools: Tools, report: Report
) -> list[Writing | None]:
    report(path, "text", 0.0)
    images = (read_image(media / keyframe.name) for keyframe in decoded.keyframes)
    return tools.reader.read(
        images, lambda done: report(path, "text", done / len(decoded.keyframes))
    )
