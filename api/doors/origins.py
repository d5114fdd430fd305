"""Whether a page of this server's own asks: another one could write with its visitor's rights."""

from starlette.datastructures import Headers

_PORTS = {"http": ":80", "https": ":443"}


def is_own_origin(headers: Headers, scheme: str, *, by_cookie: bool) -> bool:
    """Whether the Origin is the server's own, as its client calls it. Programs send none; with a
    cookie it has to be there, since every browser sends it with a write.

    A proxy that does not tell of https leaves `scheme` as http: an Origin of https is taken then,
    but none of http where the server itself is asked by https.
    """
    origin = headers.get("origin")
    if origin is None:
        return not by_cookie
    own_scheme, separator, host = origin.partition("://")
    if not separator or own_scheme not in ("https", scheme):
        return False
    port = _PORTS[own_scheme]
    return host.removesuffix(port) == headers.get("host", "").lower().removesuffix(port)
