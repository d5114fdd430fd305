"""The page after a video was forgotten."""

from fastapi.responses import HTMLResponse

from api.deps import State
from api.shrinking import forget_video
from api.views.form import PageForm
from api.web.rendering import page


def forgotten_page(state: State, video_id: int) -> HTMLResponse:
    """Forgets a video, and says so. Raises NotFound."""
    video = state.library.get_video(video_id)
    forget_video(state, video_id)
    return page("forgotten.html", form=PageForm(), video=video, own_origin=state.database.origin)
