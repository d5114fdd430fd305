"""The static files of the pages, as they are sent."""

from os import PathLike, stat_result

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}


class StaticFilesForever(StaticFiles):
    """Files whose folder is named by their content: a browser need never ask for one again."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, with the headers that all have."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_HEADERS)
        return response
