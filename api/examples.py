"""Examples for the OpenAPI document: parameters by their names, answers by their operations."""

from typing import Any

_STARTED = "2026-11-21T10:05:19+00:00"
_VIDEO = {
    "id": 1,
    "path": "/videos/tour.mp4",
    "title": "tour",
    "duration_s": 42.0,
    "recorded_at": _STARTED,
}
_WHOLE_VIDEO = {
    **_VIDEO,
    "uri": "file://studio-8aecfd/videos/tour.mp4",
    "missing_since": None,
    "again": False,
    "status": "done",
    "reason": None,
    "notes": [],
    "clock": None,
    "width_px": 960,
    "height_px": 540,
    "frame_rate": 25.0,
    "container": "mov",
    "video_codec": "h264",
    "audio_codec": "aac",
    "language": "en",
    "num_scenes": 6,
    "tags": ["field trip"],
    "ingested_at": "2026-11-27T06:12:23.450916+00:00",
    "stream_url": "/videos/1/stream",
}
_SPAN = {"start_s": 0.376, "end_s": 4.696}
_SAID = "The crew is drilling through granite."
_HIT = {
    "rank": 1,
    "score": 0.94,
    "weak": False,
    "scores": {"text": 0.81, "vision": 0.02},
    "video": _VIDEO,
    "scene": {"id": 1, "start_s": 0.0, "end_s": 7.0},
    "start_s": 0.976,
    "end_s": 4.696,
    "keyframe_url": "/scenes/1/keyframe.jpg",
    "stream_url": "/videos/1/stream#t=0.976,4.696",
    "alike": [],
    "others_in_video": 0,
    "evidence": [
        {
            "kind": "speech",
            "leg": "minilm-l6",
            "rank": 1,
            "raw": 0.52,
            "score": 0.69,
            **_SPAN,
            "text": _SAID,
            "word_s": 1.176,
            "track": None,
            "made_by": None,
        }
    ],
}
_SEARCH = {
    "query": "drilling",
    "mode": "balanced",
    "weights": {"text": 0.5, "vision": 0.5},
    "degraded": False,
    "reasons": [],
    "confident": True,
    "total": 1,
    "next": None,
    "took_ms": 11.2,
    "results": [_HIT],
}
_COFFEE = {
    **_HIT,
    "scores": {"text": 0.0, "vision": 0.88},
    "scene": {"id": 3, "start_s": 14.0, "end_s": 21.0},
    "start_s": 14.0,
    "end_s": 21.0,
    "keyframe_url": "/scenes/3/keyframe.jpg",
    "stream_url": "/videos/1/stream#t=14,21",
    "evidence": [],
}
_SEQUENCE = {
    "steps": [
        {"query": "drilling", "mode": "balanced"},
        {"query": "a cup of coffee", "mode": "balanced"},
    ],
    "within_s": 30.0,
    "degraded": False,
    "reasons": [],
    "confident": True,
    "total": 1,
    "took_ms": 20.7,
    "results": [
        {
            "rank": 1,
            "score": 0.88,
            "weak": False,
            "video": _VIDEO,
            "start_s": 0.976,
            "end_s": 21.0,
            "stream_url": "/videos/1/stream#t=0.976,21",
            "steps": [_HIT, _COFFEE],
        }
    ],
}
_SCENE = {
    "id": 1,
    "start_s": 0.0,
    "end_s": 7.0,
    "keyframes": [{"time_s": 3.52, "url": "/scenes/1/keyframe.jpg?at_s=3.52"}],
    "on_screen_text": ["SITE 4"],
    "descriptions": [
        {
            "time_s": 3.52,
            "text": "A drill stands in front of a wall of rock.",
            "made_by": "llava:7b@8dd30f6b0cb1",
        }
    ],
}
_LINE = {**_SPAN, "text": _SAID, "language": "en", "track": None}
_TIMED = {
    **_LINE,
    "words": [
        {"first": 0, "text": "The", "start_s": 0.376, "end_s": 0.6},
        {"first": 4, "text": "crew", "start_s": 0.6, "end_s": 0.976},
        {"first": 9, "text": "is", "start_s": 0.976, "end_s": 1.176},
        {"first": 12, "text": "drilling", "start_s": 1.176, "end_s": 1.9},
        {"first": 21, "text": "through", "start_s": 1.9, "end_s": 2.5},
        {"first": 29, "text": "granite.", "start_s": 2.5, "end_s": 4.696},
    ],
}
_DETAIL = {
    **_WHOLE_VIDEO,
    "sources": [
        {
            "kind": "original",
            "url": "/videos/1/stream",
            "type": "video/mp4",
            "codecs": "avc1.64001F,mp4a.40.2",
            "reason": None,
            "sound": 0,
        },
        {
            "kind": "converted",
            "url": "/videos/1/hls/converted/0/index.m3u8",
            "type": "application/vnd.apple.mpegurl",
            "codecs": "avc1.640020,mp4a.40.2",
            "reason": None,
            "sound": 0,
        },
    ],
    "sources_reason": None,
    "sounds": [
        {
            "codec": "aac",
            "codec_string": "mp4a.40.2",
            "language": None,
            "title": None,
            "num_channels": 1,
        }
    ],
    "rate": [25, 1],
    "timecode": None,
    "scenes": [_SCENE],
    "scenes_next": None,
    "tracks": [],
    "transcript": [_LINE],
    "transcript_next": None,
}
_MOMENTS = {
    "query": "drilling",
    "mode": "balanced",
    "degraded": False,
    "reasons": [],
    "confident": True,
    "moments": [
        {
            "scene_id": 1,
            "start_s": 0.976,
            "end_s": 4.696,
            "score": 0.94,
            "weak": False,
            "kind": "speech",
            "text": _SAID,
            "track": None,
            "made_by": None,
            "keyframe_url": "/scenes/1/keyframe.jpg?at_s=0.376",
        }
    ],
}
_FILE = {
    "uri": "file://studio-8aecfd/videos/empty.mp4",
    "path": "/videos/empty.mp4",
    "status": "failed",
    "reason": "the file is empty",
    "seen_at": "2026-11-27T06:12:58.308864+00:00",
    "missing_since": None,
    "video_id": None,
}
_SPACE = {
    "space": "minilm-l6",
    "slot": "text",
    "state": "active",
    "modality": "text",
    "input": "text",
    "dim": 384,
    "model": "sentence-transformers/all-MiniLM-L6-v2",
    "revision": "0.1.0",
    "weights_here": True,
    "embedded": 12,
    "wanted": 12,
}
_SUBTITLES = {
    "name": "German",
    "language": "de",
    "file": None,
    "num_lines": 412,
    "url": "/videos/1/subtitles/0.vtt",
}
_AGAIN = {
    "id": 1,
    "again": True,
    "uri": "file://studio-8aecfd/videos/tour.mp4",
    "command": "python -m ingest /videos/tour.mp4",
    "missing_since": None,
}
_JOB = {
    "id": 12,
    "kind": "ingest",
    "state": "working",
    "priority": 0,
    "origin": "file://studio-8aecfd",
    "request": {"paths": ["/videos"], "retry": False, "again": False},
    "num_asked": 1,
    "reason": None,
    "created_at": "2026-11-27T12:40:01.123456+00:00",
    "started_at": "2026-11-27T12:40:02.004711+00:00",
    "scanned_at": "2026-11-27T12:40:02.310221+00:00",
    "ended_at": None,
    "files": {
        "known": 120,
        "waiting": 3,
        "working": 1,
        "done": 8,
        "unchanged": 0,
        "partial": 0,
        "failed": 2,
        "skipped": 0,
        "cancelled": 0,
    },
    "num_files": 134,
    "num_ended": 130,
    "at_work": [{"path": "/videos/tour.mp4", "stage": "speech", "part": 0.41}],
    "files_per_minute": 2.1,
    "left_s": 114.3,
}
_FILE_OF_JOB = {
    "path": "/videos/empty.mp4",
    "state": "failed",
    "reason": "the file is empty",
    "stage": None,
    "part": None,
    "attempts": 1,
    "scenes": 0,
    "moments": 0,
    "started_at": "2026-11-27T12:40:03.118390+00:00",
    "ended_at": "2026-11-27T12:40:03.120188+00:00",
}
_WORKER = {
    "origin": "file://studio-8aecfd",
    "machine": "studio",
    "pid": 4711,
    "started_at": "2026-11-27T08:00:11.650012+00:00",
}
_KEY = "0f" * 16
_UPLOAD = {
    "id": "kPz3b0uJt5mWq8yR2nXvC7dLsE4hGf1A",
    "name": "tour.mp4",
    "size_bytes": 209715200,
    "offset": 209715200,
    "state": "stored",
    "job": 17,
    "video": None,
    "expires_at": "2026-11-28T06:12:23.450916+00:00",
}
ANSWERS: dict[str, Any] = {
    "search_quick": _SEARCH | {"mode": None, "weights": {"text": 1.0, "vision": 0.0}},
    "search_multimodal_quick": _SEARCH,
    "search_multimodal": _SEARCH,
    "search_feedback": _SEARCH,
    "search_image": _SEARCH | {"query": "", "mode": None, "weights": {"text": 0.0, "vision": 1.0}},
    "similar_scenes": _SEARCH | {"query": "", "mode": "auto"},
    "search_sequence": _SEQUENCE,
    "keep_picture": {"image": _KEY, "url": f"/?image={_KEY}"},
    "list_videos": {"videos": [_WHOLE_VIDEO], "next": None},
    "get_video": _DETAIL,
    "list_scenes": {"scenes": [_SCENE], "next": None},
    "list_spoken": {"transcript": [_TIMED], "next": None},
    "get_transcript": [_TIMED],
    "get_moments": _MOMENTS,
    "list_subtitle_tracks": [_SUBTITLES],
    "get_subtitle_lines": [{**_LINE, "text": "Die Mannschaft bohrt.", "language": "de"}],
    "put_tags": {"tags": ["field trip"]},
    "make_anew": _AGAIN,
    "leave_as_it_is": _AGAIN | {"again": False},
    "list_files": {"files": [_FILE], "next": None},
    "forget_missing": {
        "forgotten": ["/videos/a/cat.mp4"],
        "kept": [{"path": "/videos/b/class.mp4", "reason": "its disk is away"}],
    },
    "find_known": {
        "same_size": True,
        "video": {"id": 1, "title": "tour", "path": "/videos/tour.mp4", "url": "/watch/1"},
    },
    "create_upload": _UPLOAD | {"offset": 0, "state": "receiving", "job": None},
    "get_upload": _UPLOAD,
    "upload_video": _UPLOAD,
    "list_spaces": {"spaces": [_SPACE]},
    "submit_job": _JOB,
    "list_jobs": {"jobs": [_JOB], "next": None},
    "get_job": _JOB,
    "list_job_files": {"files": [_FILE_OF_JOB], "next": None},
    "pause_job": _JOB | {"state": "paused"},
    "resume_job": _JOB,
    "cancel_job": _JOB | {"state": "cancelled"},
    "retry_job": _JOB,
    "put_job_priority": _JOB | {"priority": 5},
    "list_workers": {"workers": [_WORKER]},
    "health": {"status": "ok"},
    "ready": {"status": "ready"},
}
PARAMETERS: dict[str, Any] = {
    "q": "a red car at night",
    "query": "drilling",
    "mode": "balanced",
    "limit": 10,
    "upload-length": 209715200,
    "upload-metadata": "filename dG91ci5tcDQ=",
    "upload-offset": 0,
    "upload_id": _UPLOAD["id"],
    "video_id": 1,
    "scene_id": 1,
    "scene": 1,
    "job_id": 12,
    "relevant": True,
    "at_s": 12.5,
    "track": "Commentary (en)",
    "crop": "0,0,0.5,1",
    "min_score": 0.4,
    "kind": "vtt",
    "position": 0,
    "number": 0,
    "key": _KEY,
    "name": "minilm-l6",
    "by": "look",
    "space": "clip-b32",
    "from_s": 60,
    "to_s": 120,
    "min_duration_s": 2,
}
