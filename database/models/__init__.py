"""The schema. `migrations/` builds it; a test proves that both agree."""

from database.models.access import ApiKey, ApiScope, ApiSession
from database.models.base import Base
from database.models.jobs import Job, JobFile, JobFileState, JobKind, JobState, Worker
from database.models.library import LIBRARY_CHANGE, Judgement, Shard
from database.models.moments import Moment, MomentKind, Scene
from database.models.spaces import Embedding, SpaceState, StoredCoverage, StoredSpace
from database.models.videos import File, FileStatus, SubtitleTrack, Tag, Video, VideoStatus

__all__ = [
    "LIBRARY_CHANGE",
    "ApiKey",
    "ApiScope",
    "ApiSession",
    "Base",
    "Embedding",
    "File",
    "FileStatus",
    "Job",
    "JobFile",
    "JobFileState",
    "JobKind",
    "JobState",
    "Judgement",
    "Moment",
    "MomentKind",
    "Scene",
    "Shard",
    "SpaceState",
    "StoredCoverage",
    "StoredSpace",
    "SubtitleTrack",
    "Tag",
    "Video",
    "VideoStatus",
    "Worker",
]
