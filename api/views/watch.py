"""The page of a video at a moment."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.deps import State
from api.media import play_types
from api.views.form import PageForm
from api.web.rendering import page


def watch_page(
    state: State, request: Request, video_id: int, start_s: float, end_s: float | None, query: str
) -> HTMLResponse:
    """The page of a video, or, for the page's own script, what stands around its player. Raises
    NotFound."""
    video = state.library.get_video(video_id)
    template = "_video.html" if "x-fragment" in request.headers else "watch.html"
    return page(
        template,
        video=video,
        types=play_types(video),
        transcript=state.library.transcript(video_id),
        start_s=start_s,
        end_s=end_s,
        query=query,
        form=PageForm(q=query[:1000]),
    )
