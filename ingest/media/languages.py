"""Names of tracks of sound and of subtitles, for people, from what containers say of them."""

import re

_CODES = """
ar ara Arabic, bg bul Bulgarian, bn ben Bengali, ca cat Catalan, cs cze ces Czech, da dan Danish,
de ger deu German, el gre ell Greek, en eng English, es spa Spanish, et est Estonian,
eu baq eus Basque, fa per fas Persian, fi fin Finnish, fr fre fra French, ga gle Irish,
gl glg Galician, he heb Hebrew, hi hin Hindi, hr hrv Croatian, hu hun Hungarian, id ind Indonesian,
is ice isl Icelandic, it ita Italian, ja jpn Japanese, ko kor Korean, la lat Latin,
lt lit Lithuanian, lv lav Latvian, ms may msa Malay, nb nob Norwegian, nl dut nld Dutch,
no nor Norwegian, pl pol Polish, pt por Portuguese, ro rum ron Romanian, ru rus Russian,
sk slo slk Slovak, sl slv Slovenian, sr srp Serbian, sv swe Swedish, ta tam Tamil, te tel Telugu,
th tha Thai, tl tgl Tagalog, tr tur Turkish, uk ukr Ukrainian, ur urd Urdu, vi vie Vietnamese,
zh chi zho Chinese
"""
"""ISO 639-1, the codes of ISO 639-2 (of books, of terms), the name."""
_LANGUAGES: dict[str, tuple[str, str]] = {}
"""The short code and the name by each code."""
for _entry in _CODES.replace("\n", " ").split(","):
    *_of_language, _name = _entry.split()
    _LANGUAGES |= dict.fromkeys(_of_language, (_of_language[0], _name))
_BY_NAME = {name.lower(): (short, name) for short, name in _LANGUAGES.values()}
_NO_LANGUAGE = ("und", "zxx", "mis", "mul")
_LONGEST_CODE = 20
"""Some containers have a name in place of a code; what is longer, or has other characters than
letters, is neither."""

_CHANNEL = re.compile(r"[a-z0-9 -]+ channel|channel \d+")


def is_channel(name: str) -> bool:
    """Whether a track's name is that of a channel of the first one (ingest/media/audio.py); before
    those of others stands the name of their track, and no track is called like one.
    """
    return _CHANNEL.fullmatch(name) is not None


def track_name(title: str | None, language: str | None) -> str | None:
    """Such as "Commentary (en)", "Commentary", or "German"; None if nothing is known.

    The language is as the container has it: "ger", "de", "de-AT".
    """
    code = (language or "").lower().replace("_", "-").partition("-")[0]
    short, name = _LANGUAGES.get(code, (code, code))
    if code in _NO_LANGUAGE or not code.isalpha() or len(code) > _LONGEST_CODE:
        return title
    return f"{title} ({short})" if title else name


def language_of(word: str | None) -> tuple[str, str] | None:
    """The ISO 639-1 code and the English name of a language, by either or by a code of ISO 639-2:
    "ger", "pt-BR", "German"; None if it is not known."""
    whole = (word or "").lower().replace("_", "-")
    code = whole.partition("-")[0]
    return _LANGUAGES.get(code) or _BY_NAME.get(whole)
