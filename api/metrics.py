"""What Prometheus reads of a server: requests, and what the library holds."""

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.hang_up import CLIENT_GONE

REQUESTS = Counter("http_requests", "Requests by route and status", ["method", "route", "status"])
LIBRARY_ROWS = Gauge("library_rows", "Rows of the library", ["table"])
LIBRARY_UP = Gauge("library_up", "Whether the library's database answers: 1, or 0")
_NO_ROUTE = "none"
"""For all paths that there are not: a label for each would have no end."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_OTHER_METHOD = "other"
"""For the same reason: a client may make up methods."""


class CountRequests:
    """ASGI middleware: counts the answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer, and notes the status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            status = status or 500  # which is answered outside
            raise
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
            REQUESTS.labels(method, route, status or CLIENT_GONE).inc()
