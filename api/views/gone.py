"""What a form names and the library no longer has: a search goes on without it and says so."""

from api.deps import State
from api.views.form import PageForm
from database.errors import NotFound


def without_gone(state: State, form: PageForm) -> tuple[PageForm, tuple[str, ...]]:
    """The form without marked scenes and videos that are not there any more, and a sentence for
    each kind. Raises NotFound if nothing of what it is about is left."""
    reader = state.multi_modal.reader
    scene_ids = {form.similar or 0, *form.like, *form.unlike} - {0}
    scenes = reader.scenes(scene_ids) if scene_ids else {}
    videos = reader.videos(form.video_ids) if form.video_ids else {}
    if form.similar is not None and form.similar not in scenes:
        raise NotFound("This scene is no longer there. Search with words, or like another scene.")
    if form.video_ids and not videos:
        raise NotFound("What this search is narrowed to is no longer there. Remove that filter.")
    there = {
        "like": tuple(each for each in form.like if each in scenes),
        "unlike": tuple(each for each in form.unlike if each in scenes),
        "video_ids": form.video_ids and tuple(each for each in form.video_ids if each in videos),
    }
    reasons = []
    if (there["like"], there["unlike"]) != (form.like, form.unlike):
        reasons.append("A scene that was marked as right or wrong is no longer there.")
    if there["video_ids"] != form.video_ids:
        reasons.append("A video that this search is narrowed to is no longer there.")
    return form.model_copy(update=there), tuple(reasons)
