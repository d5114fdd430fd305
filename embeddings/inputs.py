"""Inputs of the embedding service, checked: what no vector is made of is refused by its place."""

import re
from collections.abc import Sequence

from embeddings.encoder import Image
from embeddings.errors import BlankText, InputRefused, PictureUnreadable, TextTooLong
from embeddings.pictures import Picture, check_picture, rgb_of

_MAX_CHARACTERS_A_TOKEN = 1000
_SPACES = re.compile(r"\s+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def require_readable(texts: Sequence[str]) -> None:
    """Raises BlankText, or InputRefused for a text that is no Unicode."""
    for position, text in enumerate(texts):
        if not text.strip():
            raise BlankText("the text is blank", place(position, texts))
        if _LONE_SURROGATE.search(text):
            raise InputRefused("the text has half a character (\\ud800)", place(position, texts))


def within_reach(
    texts: Sequence[str], max_tokens: int, *, truncate: bool
) -> tuple[list[str], frozenset[int]]:
    """Texts without what lies far beyond so many tokens, and the places of those that had more: a
    text of megabytes would be read to its end before it is cut. Raises TextTooLong unless they may
    be cut."""
    reach = max_tokens * _MAX_CHARACTERS_A_TOKEN
    texts = [_SPACES.sub(" ", text) if len(text) > reach else text for text in texts]
    beyond = frozenset(i for i, text in enumerate(texts) if len(text) > reach)
    if beyond and not truncate:
        first = min(beyond)
        raise TextTooLong(
            f"the text has {len(texts[first]):,} characters, and no more than {reach:,} are read: "
            "shorten it, or allow it to be cut with truncate",
            place(first, texts),
        )
    return [text[:reach] for text in texts], beyond


def fit(
    uncut: Sequence[int], max_tokens: int, model: str, *, truncate: bool
) -> tuple[list[int], frozenset[int]]:
    """The tokens that a model reads of texts with so many, and the places of those that it cuts.
    Raises TextTooLong unless they may be cut."""
    too_long = frozenset(i for i, num in enumerate(uncut) if num > max_tokens)
    if too_long and not truncate:
        first = min(too_long)
        raise TextTooLong(
            f"the text has {uncut[first]} tokens, and {model} reads {max_tokens}: shorten it, or "
            "allow it to be cut with truncate",
            place(first, uncut),
        )
    return [min(num, max_tokens) for num in uncut], too_long


def require_few(num_tokens: int, max_tokens: int | None) -> None:
    """Raises TextTooLong for more tokens than all texts of a request may have."""
    if max_tokens is not None and num_tokens > max_tokens:
        raise TextTooLong(f"there are {num_tokens} tokens, and {max_tokens} at most in a request")


def sized_pictures(
    pictures: Sequence[Picture],
) -> list[tuple[Image | bytes, int]]:
    """Files as they are and other pictures as RGB, each with its size: pixels, or the bytes of a
    file that has more of these. Of files only the header is read. Raises PictureUnreadable."""
    sized: list[tuple[Image | bytes, int]] = []
    for position, picture in enumerate(pictures):
        try:
            if isinstance(picture, bytes):
                width, height = check_picture(picture)
                sized.append((picture, max(width * height, len(picture))))
            else:
                rgb = rgb_of(picture)
                sized.append((rgb, rgb.shape[0] * rgb.shape[1]))
        except PictureUnreadable as error:
            raise error.at(place(position, pictures)) from None
    return sized


def place(position: int, items: Sequence[object]) -> int | None:
    """Of one among several; an item alone needs none."""
    return position if len(items) > 1 else None
