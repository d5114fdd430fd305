"""Logging in by a key, and out: a browser then carries a cookie, which pictures and films need."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.doors.gate import COOKIE, WRONG, Doors, Refused
from api.doors.keys import LibraryKeys
from api.doors.scopes import LOGIN, LOGOUT
from api.web.rendering import login_page, own_address
from database.api_keys import SESSION_DAYS

router = APIRouter(include_in_schema=False)


def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


def _keys(request: Request) -> LibraryKeys | None:
    """The keys of the library; None where none is needed."""
    ring = _doors(request).ring
    assert ring is None or isinstance(ring, LibraryKeys)
    return ring


@router.get(LOGIN)
async def show_login(request: Request, then: str = "/") -> Response:
    """The form; where no key is needed, the page that one wants."""
    if _keys(request) is None:
        return RedirectResponse(own_address(then), status_code=303)
    return login_page(then)


@router.post(LOGIN)
async def log_in(
    request: Request, key: Annotated[str, Form()] = "", then: Annotated[str, Form()] = "/"
) -> Response:
    """Leads to where one wanted to go, with a cookie; or the form again, for a wrong key."""
    keys = _keys(request)
    answer = RedirectResponse(own_address(then), status_code=303)
    if keys is None:
        return answer
    key = key.strip()
    try:
        holder = await _doors(request).holder_of(keys, key, request.scope)
    except Refused as refused:
        return refused.response
    if holder is None:
        return login_page(then, status=401, wrong=WRONG)
    token = await keys.begin_session(key)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_DAYS * 86400,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post(LOGOUT)
async def log_out(request: Request) -> Response:
    """Ends the session, and leads to the form."""
    keys, token = _keys(request), request.cookies.get(COOKIE)
    if keys is not None and token is not None:
        await keys.log_out(token)
    answer = RedirectResponse(LOGIN, status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
