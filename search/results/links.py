"""Where the API serves what hits show."""

from database.videos.file_clock import FileClock


def keyframe_url(scene_id: int, at_s: float | None = None) -> str:
    """The picture of a scene: the one nearest to a time, or else to its middle."""
    at = "" if at_s is None else f"?at_s={round(at_s, 3)}"
    return f"/scenes/{scene_id}/keyframe.jpg{at}"


def stream_url(video_id: int, clock: FileClock, start_s: float, end_s: float | None = None) -> str:
    """The file at [start_s, end_s), as its own clock tells the times, by which players seek; as a
    whole where the clock does not tell."""
    if start_s >= clock.clear_until_s:
        return f"/videos/{video_id}/stream"
    times = [clock.stamp_of(start_s)]
    if end_s is not None:
        times.append(clock.stamp_of(end_s, is_end=True))
    return f"/videos/{video_id}/stream#t={','.join(str(round(time_s, 3)) for time_s in times)}"
