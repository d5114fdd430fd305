"""The story of a file: found, decoded, heard, read, embedded, stored.

Speech and pictures of a file are worked on side by side. Every stage's result is kept on disk until
the video is stored in one transaction: a run that is cut off, at any point, resumes where it was
and leaves nothing half-written.
"""

import contextlib
import dataclasses
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from database.errors import ClaimLost, ObjectRefused, SpacesChanged, ValueRefused
from database.forms import is_storable
from database.objects.address import Address
from database.server.connection import Database
from database.server.locks import Holding
from database.spaces.spaces import Spaces
from database.videos.descriptions import DescriptionStore
from database.videos.forgetting import keyframe_folder
from database.videos.names import Names
from database.videos.records import MomentRecord
from database.videos.removal import Removal
from database.videos.stored import Store, StoredVideo
from database.videos.streams import Streams
from database.videos.subtitles import SubtitleStore
from embeddings.encoder import Clip, Image
from embeddings.errors import ModelFailed
from embeddings.failures import named
from embeddings.loaded import Encoders
from embeddings.registry.pins import RECOGNISERS
from embeddings.registry.spaces import Profile
from embeddings.runtime import num_cores
from embeddings.space import Space
from embeddings.weights.files import get_file
from ingest.checkpoint import Checkpoint
from ingest.describing import DescribedLibrary, describer_of
from ingest.errors import FileChanged, NotFetched, VideoUnreadable
from ingest.files.fetched import Fetched
from ingest.files.found import FoundFile
from ingest.files.identity import (
    content_of,
    is_as_before,
    known_outcomes,
    link_to_known,
    require_unchanged,
)
from ingest.files.outcome import (
    Outcome,
    OutcomeStatus,
    printable,
    record_of_refusal,
    refused,
)
from ingest.library.backfilling import Filler
from ingest.library.brought import brought_moments
from ingest.library.converting import Converting
from ingest.library.describing import kept_descriptions
from ingest.library.embed import Embeddable, Lists, Source, embed_moments, prove, read_image
from ingest.library.keyframes import make_missing
from ingest.library.moments import build_moments, build_scenes, main_language
from ingest.library.retaking import Retaking
from ingest.library.sidecars import with_sidecars
from ingest.library.spaces import spaces_to_fill
from ingest.library.storing import NewVideo, save_video
from ingest.media.child import Isolation
from ingest.media.clips import Footage, read_clips
from ingest.media.decode import Decoded, DecodeOptions, decode_file
from ingest.perception.hearing.sentences import Sentence
from ingest.perception.hearing.speech import Transcriber
from ingest.perception.hearing.voices import hear
from ingest.perception.ocr.engine import TextEngine
from ingest.perception.writing.screen_text import Written, read_screen
from ingest.playing.facts import read_streams
from ingest.scenes.scene import Span
from ingest.settings import IngestSettings

_log = logging.getLogger(__name__)
Report = Callable[[Path | Address, str, float | None], None]
"""Told the file or object, its stage, and the part of the stage that is done in [0, 1], if it is
known. What it raises ends the file's work."""
StageReport = Callable[[str, float | None], None]
"""A Report of one file."""


@dataclass(frozen=True)
class Work:
    """A file whose content is claimed and new, and where the results of its stages are kept."""

    file: FoundFile
    digest: str
    """The SHA-256 of the file, in hex."""
    checkpoint: Checkpoint
    report: StageReport
    claim: Holding
    video_id: int | None
    """Of the video of this content that is made anew; None if the library has none."""

    @property
    def media(self) -> Path:
        """The folder that the decode pass writes keyframes and sound into."""
        return self.checkpoint.folder / "media"


@dataclass(frozen=True)
class Ingest:
    """The models, the store, the folders and the limits of a run; it may be shared by threads."""

    database: Database
    profile: Profile
    """Where the speech model comes from; which spaces are filled is the library's to say."""
    store: Store
    removal: Removal
    names: Names
    subtitles: SubtitleStore
    descriptions: DescriptionStore
    spaces: Spaces
    encoders: Encoders
    transcriber: Transcriber
    text_engine: TextEngine
    decode_options: DecodeOptions
    keyframes_dir: Path
    work_dir: Path
    fetched: Fetched
    isolation: Isolation
    retry: bool
    """Whether files that failed before are tried again."""
    again: bool
    """Whether files that are in the library are made anew, and those that failed tried again."""
    converting: Converting | None = None
    """What makes videos play that browsers do not; None if that waits until they are watched."""
    describe: Callable[[int, Callable[[float], None]], list[str]] | None = None
    """Describes a stored video, by its id, and says why not; None if that is not asked for."""
    made: set[str] = dataclasses.field(default_factory=set)
    """The contents that this run makes, each the SHA-256 of a file in hex."""

    def known_outcomes(self, files: Sequence[FoundFile]) -> list[Outcome | None]:
        """The outcome of each file for which nothing is to be done; None for all others. Videos
        that are to be made anew are marked: a run that is cut off leaves them to the next."""
        if any(file.stored is not None for file in files):
            return self._known_of_each_origin(files)
        return self._known_outcomes(files)

    def _known_outcomes(self, files: Sequence[FoundFile]) -> list[Outcome | None]:
        if self.again:
            self._mark_again(files)
        known = known_outcomes(files, self.store, retry=self.retry, again=self.again)
        due = self.converting.unfinished(files) if self.converting else ()
        return [
            None if str(file.path) in due else outcome
            for file, outcome in zip(files, known, strict=True)
        ]

    def _known_of_each_origin(self, files: Sequence[FoundFile]) -> list[Outcome | None]:
        known: list[Outcome | None] = [None] * len(files)
        numbers: dict[str | None, list[int]] = defaultdict(list)
        for number, file in enumerate(files):
            numbers[file.bucket].append(number)
        for origin, own in numbers.items():
            outcomes = self.at(origin)._known_outcomes([files[number] for number in own])
            for number, outcome in zip(own, outcomes, strict=True):
                known[number] = outcome
        return known

    def at(self, origin: str | None) -> Self:
        """The same for the objects of a bucket, by its origin; for None, the files of this host."""
        if origin is None:
            return self
        database = self.database.of_origin(origin)
        return dataclasses.replace(
            self,
            database=database,
            store=Store(database),
            removal=Removal(database),
            subtitles=SubtitleStore(database),
            converting=self.converting and self.converting.at(database),
        )

    def load_models(self) -> None:
        """Loads the models of vectors. What that raises need not be looked at: a video that needs
        them loads them again, and raises it."""
        prove(self.encoders, self.spaces_to_fill())

    def ingest_file(self, file: FoundFile, report: Report) -> Outcome:
        """One file of which no outcome is known, from its name to its rows; a fault of the file is
        its outcome.

        Raises what concerns the whole run: DatabaseError, EmbeddingError, Interrupted. A model
        that fails at this file alone is its outcome, too.
        """
        started = time.monotonic()
        own = self.at(file.bucket)
        try:
            if file.refusal is not None:
                raise VideoUnreadable(file.refusal)
            outcome = own._fetch_and_ingest(file, partial(report, file.place))
        except (VideoUnreadable, ValueRefused) as error:
            outcome = own._refuse(file, error)
        except ObjectRefused as error:
            outcome = own._refuse(file, NotFetched(str(error)))
        except ModelFailed as error:
            outcome = self._try_later(file, error)
        return dataclasses.replace(outcome, seconds=round(time.monotonic() - started, 2))

    def _try_later(self, file: FoundFile, error: ModelFailed) -> Outcome:
        """The outcome of a file that a model failed at. Nothing of it is stored: the next run goes
        on where this one stopped. Raises ModelFailed if a model computes nothing at all."""
        place = printable(file.place)
        kept = "what was made of it so far is kept, and the next run goes on there"
        try:
            prove(self.encoders, self.spaces_to_fill())
        except ModelFailed as broken:
            raise ModelFailed(f"{place}: {broken}; {kept}") from error
        return Outcome(place, OutcomeStatus.FAILED, f"{error}; {kept}")

    def _fetch_and_ingest(self, file: FoundFile, report: StageReport) -> Outcome:
        if file.stored is None:
            return self._ingest(file, report)
        report("fetch", 0.0)
        with self.fetched.held(file.stored, partial(report, "fetch")) as path:
            return self._ingest(dataclasses.replace(file, fetched=path), report)

    def _ingest(self, file: FoundFile, report: StageReport) -> Outcome:
        """Once more if another process may have had the content in the middle of it, as happens
        when the database was away: what that one has made of it is then known."""
        while True:
            report("hash", None)
            digest = content_of(file, self.store, partial(report, "hash"))
            try:
                with self.store.claim(digest, lambda: report("hash", None)) as claim:
                    return self._ingest_claimed(file, digest, claim, report)
            except ClaimLost:
                self.made.discard(digest)

    def _ingest_claimed(
        self, file: FoundFile, digest: str, claim: Holding, report: StageReport
    ) -> Outcome:
        mode = "iframes" if self.decode_options.keyframes_only else "full"
        checkpoint = Checkpoint(self.work_dir, f"{digest}-{self.profile.name}-{mode}")
        video = self.store.find_video_by_content(digest)
        try:
            if video is not None and not self._is_due(video):
                report("store", None)
                return self._convert(self._take_up(file, video), file, digest, report)
            self.made.add(digest)
            if self.converting:
                self.converting.begin(digest)
            work = Work(
                file, digest, checkpoint, report, claim, None if video is None else video.id
            )
            outcome = self._ingest_content(work)
        except (VideoUnreadable, ValueRefused) as error:
            if claim.was_cut():
                raise
            checkpoint.clear()
            if video is None or isinstance(error, FileChanged):
                raise
            return self._keep(file, video, error)
        checkpoint.clear()
        outcome = self._describe(outcome, digest, report)
        return self._convert(outcome, file, digest, report)

    def _describe(self, outcome: Outcome, digest: str, report: StageReport) -> Outcome:
        """The outcome, with a note where a video that is stored could not be described."""
        if self.describe is None or (video := self.store.find_video_by_content(digest)) is None:
            return outcome
        report("describe", 0.0)
        notes = self.describe(video.id, partial(report, "describe"))
        return dataclasses.replace(outcome, notes=[*outcome.notes, *notes])

    def _convert(
        self, outcome: Outcome, file: FoundFile, digest: str, report: StageReport
    ) -> Outcome:
        """The outcome, with a note where a video cannot be made to play in browsers."""
        if self.converting is None:
            return outcome
        notes = self.converting.finish(file, digest, partial(report, "convert"))
        return dataclasses.replace(outcome, notes=[*outcome.notes, *notes])

    def _mark_again(self, files: Sequence[FoundFile]) -> None:
        found = {str(file.path): file for file in files if is_storable(str(file.path))}
        known = self.store.find_files(list(found))
        videos = [
            each.video
            for path, each in known.items()
            if each.video and is_as_before(found[path], each)
        ]
        due = [video.id for video in videos if video.content_hash not in self.made]
        self.store.set_again(due, again=True)

    def _is_due(self, video: StoredVideo) -> bool:
        """Whether a video that is in the library is made anew; of its files, by the first."""
        if video.content_hash in self.made:
            return False
        return self.again or video.again or self.store.lacks_vectors(video.id)

    def _take_up(self, file: FoundFile, video: StoredVideo) -> Outcome:
        """One more place of a content that is in the library."""
        footage = Footage(file.content, video.clock, self.decode_options.max_pixels)
        keyframes = self.store.keyframes_of(video.id)
        shared = self.database.shared
        make_missing(keyframes, footage, self.keyframes_dir, self.isolation, shared)
        if video.again:  # by another of its files, in this run
            self.store.set_again([video.id], again=False)
        known = link_to_known(file, video, self.store)
        retaking = Retaking(self.subtitles, self.encoders, self.spaces_to_fill)
        return retaking.take_up(file, video, known)

    def _keep(
        self, file: FoundFile, video: StoredVideo, error: VideoUnreadable | ValueRefused
    ) -> Outcome:
        """A file that could not be read anew; the library keeps what it has of its content."""
        self.store.set_again([video.id], again=False)
        known = link_to_known(file, video, self.store)
        reason = f"{printable(error)}; what the library has of it stays as it was"
        return dataclasses.replace(known, status=OutcomeStatus.FAILED, reason=reason)

    def _ingest_content(self, work: Work) -> Outcome:
        stage = work.checkpoint.stage
        decoded = stage(
            "decoded",
            Decoded,
            lambda: self._decode(work),
            inputs=(self.decode_options, self.isolation),
            files=work.media,
        )
        with ThreadPoolExecutor(1, "speech") as beside:
            heard = beside.submit(
                stage,
                "speech",
                list[Sentence],
                lambda: self._hear(work, decoded),
                inputs=self.profile.speech,
            )
            written = stage(
                "written",
                Written,
                lambda: self._read(work, decoded),
                inputs=self.text_engine.further,
            )
            sentences = heard.result()
        decoded = dataclasses.replace(decoded, notes=[*decoded.notes, *written.notes])
        file, decoded = with_sidecars(work.file, decoded)
        work = dataclasses.replace(work, file=file)
        video = self._put_together(work, decoded, sentences, written)
        self._embed_and_store(work, video)
        reason = decoded.partial_reason
        status = OutcomeStatus.PARTIAL if reason else OutcomeStatus.DONE
        num_scenes, num_moments = len(video.scenes), len(video.moments)
        return Outcome(
            printable(work.file.place), status, reason, num_scenes, num_moments, notes=decoded.notes
        )

    def _decode(self, work: Work) -> Decoded:
        work.claim.confirm()
        work.checkpoint.clear()  # results of another decode pass would not fit this one
        work.report("decode", 0.0)
        return self.isolation.run(
            decode_file,
            work.file.content,
            work.media,
            self.decode_options,
            on_progress=partial(work.report, "decode"),
        )

    def _hear(self, work: Work, decoded: Decoded) -> list[Sentence]:
        with named("speech"):
            return hear(
                work.media,
                decoded.voices,
                self.transcriber,
                lambda time_s: work.report("speech", min(1.0, time_s / decoded.duration_s)),
            )

    def _read(self, work: Work, decoded: Decoded) -> Written:
        work.report("text", 0.0)
        with named("text on screen"):
            return read_screen(
                decoded.pages,
                decoded.keyframes,
                decoded.duration_s,
                self.text_engine,
                lambda name: read_image(work.media / name),
                partial(work.report, "text"),
            )

    def _put_together(
        self,
        work: Work,
        decoded: Decoded,
        sentences: Sequence[Sentence],
        written: Written,
    ) -> NewVideo:
        scenes = build_scenes(decoded, sentences)
        folder = keyframe_folder(work.digest)
        return NewVideo(
            file=work.file,
            digest=work.digest,
            media=work.media,
            decoded=decoded,
            scenes=scenes,
            moments=self._with_descriptions(
                [
                    *build_moments(decoded, scenes, sentences, written, folder),
                    *brought_moments(decoded, scenes, sentences, work.file.path.name),
                ],
                work.video_id,
            ),
            language=main_language(sentences),
            profile=self.profile.name,
            is_new=work.video_id is None,
            streams=self._read_streams(work, decoded),
        )

    def _with_descriptions(
        self, moments: list[MomentRecord], video_id: int | None
    ) -> list[MomentRecord]:
        """Moments, and what models said of their keyframes before: that took long, too."""
        if video_id is None:
            return moments
        return [*moments, *kept_descriptions(moments, self.descriptions.described(video_id))]

    def _read_streams(self, work: Work, decoded: Decoded) -> Streams | None:
        """What players and editors want to know of it, without which it is found all the same: it
        is read again when it is played."""
        footage = Footage(work.file.content, decoded.clock, self.decode_options.max_pixels)
        try:
            return self.isolation.run(
                read_streams, footage, on_progress=lambda _part: work.report("embed", None)
            )
        except VideoUnreadable as error:
            _log.warning("%s: its streams were not read: %s", printable(work.file.place), error)
            return None

    def _embed_and_store(self, work: Work, video: NewVideo) -> None:
        """Embeds and stores a video; once more where a space becomes active in between."""
        stored = False
        while not stored:
            work.report("embed", None)
            embedded = self._embed(work, video, self.spaces_to_fill())
            work.report("store", None)
            work.claim.confirm()
            require_unchanged(work.file)
            with contextlib.suppress(SpacesChanged):
                save_video(embedded, self.keyframes_dir, self.store, self.database.shared)
                stored = True

    def _embed(self, work: Work, video: NewVideo, spaces: Sequence[Space]) -> NewVideo:
        moments = embed_moments(
            video.moments,
            spaces,
            self.encoders,
            Source(
                partial(_read_keyframe, work),
                partial(self._read_clips, work, video.decoded.clock),
            ),
            lambda name, inputs, compute: work.checkpoint.stage(
                name, Lists, compute, inputs=inputs
            ),
        )
        return dataclasses.replace(video, moments=moments, spaces=spaces)

    def _read_clips(
        self, work: Work, clock: tuple[tuple[float, float], ...] | None, spans: Sequence[Span]
    ) -> Iterator[Clip]:
        return self.isolation.stream(
            read_clips,
            Footage(work.file.content, clock, self.decode_options.max_pixels),
            spans,
            on_progress=lambda _part: work.report("embed", None),
        )

    def _refuse(self, file: FoundFile, error: VideoUnreadable | ValueRefused) -> Outcome:
        """The outcome of a file with a fault, kept for later runs as far as it can be."""
        outcome = refused(file, error)
        record = record_of_refusal(file, error, outcome)
        if record is not None:
            with contextlib.suppress(ValueRefused):  # of the path itself
                self.store.save_file(record)
        return outcome

    def spaces_to_fill(self) -> tuple[Space, ...]:
        """The spaces that a video is embedded in now.

        Raises WeightsMissing, UnknownSpace, SpaceMismatch.
        """
        return spaces_to_fill(self.spaces, self.encoders)


def _describing(
    database: Database, settings: IngestSettings, encoders: Encoders
) -> Callable[[int, Callable[[float], None]], list[str]] | None:
    """What describes videos; None unless the settings ask for it. Raises InvalidSettings."""
    if not settings.ingest_descriptions:
        return None
    filler = Filler.of(database, settings, encoders)
    describer = describer_of(settings, encoders)
    return partial(DescribedLibrary.of(database, filler).describe_video, describer)


def _read_keyframe(work: Work, moment: Embeddable) -> Image:
    return read_image(work.media / Path(moment.image_path or "").name)


def make_ingest(
    database: Database,
    settings: IngestSettings,
    profile: Profile,
    *,
    keyframes_only: bool = False,
    retry: bool = False,
    again: bool = False,
    encoders: Encoders | None = None,
) -> Ingest:
    """What a run works with. Speech and pictures are worked on side by side, so each model gets
    half of the processors, or as many threads as `encoders` have. Raises WeightsMissing,
    WeightsCorrupt for a script of the settings.
    """
    if encoders is None:
        encoders = Encoders(settings.runtime(max(1, num_cores() // 2)))
    runtime = encoders.runtime
    return Ingest(
        database=database,
        profile=profile,
        store=Store(database),
        removal=Removal(database),
        names=Names(database),
        subtitles=SubtitleStore(database),
        descriptions=DescriptionStore(database),
        spaces=Spaces(database),
        encoders=encoders,
        transcriber=Transcriber(profile.speech, runtime),
        text_engine=TextEngine(
            runtime.num_threads,
            [get_file(RECOGNISERS[script], runtime) for script in settings.scripts],
        ),
        decode_options=DecodeOptions(
            max_pixels=settings.ingest_max_pixels,
            max_duration_s=settings.ingest_max_duration_s,
            keyframes_only=keyframes_only,
        ),
        keyframes_dir=settings.keyframes_dir,
        work_dir=settings.work_dir,
        fetched=Fetched.of(settings),
        isolation=Isolation.of(settings),
        converting=Converting.of(database, settings),
        describe=_describing(database, settings, encoders),
        retry=retry,
        again=again,
    )
