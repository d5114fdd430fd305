"""The gate before every route: which host is asked for, from which page, with which key, how
often."""

import math
from collections.abc import Hashable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import KEY_NAME
from api.doors.hosts import HostRefused, Hosts, is_loopback
from api.doors.keys import Holder, Ring
from api.doors.origins import is_own_origin
from api.doors.rates import Buckets, network_of
from api.doors.scopes import LOGIN, allows, is_open, is_static, is_write, scope_of
from api.errors import RETRY_AFTER_S, refuse
from api.web.rendering import login_page, may_write, signed_in
from database.errors import DatabaseError
from database.models import ApiScope

COOKIE = "sceneseek_session"
_MAY = {
    ApiScope.READ: "only read",
    ApiScope.WRITE: "read and write",
    ApiScope.ADMIN: "do all",
}
_CHALLENGE = 'Bearer realm="sceneseek"'
_ANOTHER_SITE = "another site's page may not write here: use this server's own"
_OF_PROXIES = ("x-forwarded-for", "forwarded")
_BY_A_PROXY = (
    "this has come through a proxy, so that others may reach the server: have "
    "API_REQUIRE_KEYS=true where it runs (EMBEDDING_API_KEYS of python -m api.embeddings), and "
    "send a key"
)
_NEEDED = "a key is needed here: send it as Authorization: Bearer KEY"
_NEEDED_OF_ALL = f"{_NEEDED}, or log in at {LOGIN}"
WRONG = "this key is not known here: it may have been removed, or mistyped"
_UNKNOWABLE = "keys cannot be looked up now; try again in a few seconds"


@dataclass(frozen=True)
class Doors:
    """Who may ask a server, and how often."""

    hosts: Hosts
    ring: Ring | None
    """The keys; None where none is needed."""
    rates: Buckets | None
    """Of requests; None where nobody is held back."""
    wrong_keys: Buckets
    """Of keys that are not known at first sight, by address."""

    async def holder_of(self, ring: Ring, key: str, scope: Scope) -> Holder | None:
        """Who holds a key; None for a wrong one. Raises Refused for an address that has sent too
        many wrong ones, and DatabaseError."""
        found = await ring.find(key)
        if found is None:
            hold_back(self.wrong_keys, scope, _address(scope))
            found = await ring.find_new(key)
        return found


class Refused(Exception):
    """A request that is not let in, with its answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Gate:
    """ASGI middleware: lets in who may come in, before anything of a body is read."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer, or refuses in the shape that belongs to what was asked for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            holder = await self._let_in(scope)
        except Refused as refused:
            await refused.response(scope, receive, send)
            return
        signed_in.set(holder is not None)
        may_write.set(holder is None or allows(holder.scope, ApiScope.WRITE))
        if holder is not None:
            scope.setdefault("state", {})[KEY_NAME] = holder.name
        await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope) -> Holder | None:
        """Who asks, if a key is needed at all. Raises Refused."""
        server = scope.get("server")
        try:
            self._doors.hosts.require(scope["headers"], server[0] if server else None)
        except HostRefused as refused:
            raise _refused(scope, refused.status, refused.detail) from None
        headers = Headers(scope=scope)
        needed = scope_of(scope["method"], scope["path"])
        key, token = _credentials(headers)
        by_cookie = key is None and token is not None
        writes = is_write(scope["method"], scope["path"])  # so are logging in and out
        if writes and not is_own_origin(headers, scope["scheme"], by_cookie=by_cookie):
            raise _refused(scope, 403, _ANOTHER_SITE)
        if is_open(scope["path"]):
            self._hold_back(scope, None)
            return None
        if self._doors.ring is None:
            if any(name in headers for name in _OF_PROXIES):
                raise _refused(scope, 403, _BY_A_PROXY)
            return None
        holder = await self._holder(self._doors.ring, scope, key, token)
        if holder is None:
            raise _unknown(scope, headers, WRONG if key else None)
        self._hold_back(scope, holder)
        if not allows(holder.scope, needed):
            raise _too_little(scope, holder, needed)
        return holder

    async def _holder(
        self, ring: Ring, scope: Scope, key: str | None, token: str | None
    ) -> Holder | None:
        """Who asks, by a key, or else by the session of a browser. Raises Refused."""
        try:
            if key is not None:
                return await self._doors.holder_of(ring, key, scope)
            return await ring.find_session(token) if token is not None else None
        except DatabaseError:
            raise _refused(scope, 503, _UNKNOWABLE, {"Retry-After": str(RETRY_AFTER_S)}) from None

    def _hold_back(self, scope: Scope, holder: Holder | None) -> None:
        """Raises Refused for who asks too often: by key, or where none is needed by address."""
        if self._doors.rates is None:
            return
        if holder is not None:
            hold_back(self._doors.rates, scope, holder.id)
        elif not is_static(scope["path"]) and not is_loopback(address := _address(scope)):
            hold_back(self._doors.rates, scope, address)


def hold_back(buckets: Buckets, scope: Scope, who: Hashable) -> None:
    """Takes a token. Raises Refused, which tells when the next one is there."""
    if wait_s := buckets.take(who):
        seconds = math.ceil(wait_s)
        detail = f"too many requests: the next one is answered in {seconds} s"
        raise _refused(scope, 429, detail, {"Retry-After": str(seconds)})


def _credentials(headers: Headers) -> tuple[str | None, str | None]:
    """A program's key, and the token of a browser's cookie; what else a proxy may have asked for in
    Authorization is not for this server."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    is_key = kind.lower() == "bearer" and key.strip() != ""
    token = cookie_parser(cookies).get(COOKIE) if (cookies := headers.get("cookie")) else None
    return key.strip() if is_key else None, token


def _address(scope: Scope) -> str:
    """Whose connection it is, as far as that can be told."""
    client = scope.get("client")
    return network_of(client[0]) if client else ""


def _refused(
    scope: Scope, status: int, detail: str, headers: dict[str, str] | None = None
) -> Refused:
    return Refused(refuse(scope, status, detail, headers))


def _unknown(scope: Scope, headers: Headers, wrong: str | None) -> Refused:
    """A browser is shown where to log in, a program told how to send a key."""
    has_pages = hasattr(scope["app"].state, "library")
    if has_pages and ("text/html" in headers.get("accept", "") or "x-fragment" in headers):
        answer: Response = login_page(
            _address_in(scope),
            status=401,
            from_elsewhere=headers.get("sec-fetch-site") == "cross-site",
        )
    else:
        answer = refuse(scope, 401, wrong or (_NEEDED_OF_ALL if has_pages else _NEEDED))
    error = ', error="invalid_token"' if wrong else ""
    answer.headers["WWW-Authenticate"] = _CHALLENGE + error
    return Refused(answer)


def _address_in(scope: Scope) -> str:
    """What a browser has in its address line, without the host; the first page for a write."""
    if scope["method"] != "GET":
        return "/"
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _too_little(scope: Scope, holder: Holder, needed: ApiScope) -> Refused:
    detail = f"the key {holder.name!r} may {_MAY[holder.scope]}: this needs one of scope {needed}"
    challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{needed}"'
    return _refused(scope, 403, detail, {"WWW-Authenticate": challenge})
