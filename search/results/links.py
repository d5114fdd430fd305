"""Where the API serves what hits show."""


def keyframe_url(scene_id: int, at_s: float | None = None) -> str:
    """The picture of a scene: the one nearest to a time, or else to its middle."""
    at = "" if at_s is None else f"?at_s={round(at_s, 3)}"
    return f"/scenes/{scene_id}/keyframe.jpg{at}"
