"""Numbers and units as people write and say them: 42 Nm, forty-two newton metres."""

import re
from collections.abc import Iterator, Sequence

_BELOW_20 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def _numbers() -> Iterator[tuple[str, str]]:
    for number in range(100):
        tens, ones = divmod(number, 10)
        if number < len(_BELOW_20):
            yield str(number), _BELOW_20[number]
        else:
            yield str(number), "-".join([_TENS[tens - 2], *([_BELOW_20[ones]] if ones else [])])


_UNITS = {
    "a": ["ampere", "amp"],
    "bar": ["bar"],
    "c": ["degree-celsius", "celsius"],
    "cm": ["centimetre", "centimeter"],
    "db": ["decibel"],
    "g": ["gram"],
    "h": ["hour"],
    "hz": ["hertz"],
    "kg": ["kilogram", "kilo"],
    "km": ["kilometre", "kilometer"],
    "kn": ["kilonewton"],
    "kpa": ["kilopascal"],
    "kv": ["kilovolt"],
    "kw": ["kilowatt"],
    "kwh": ["kilowatt-hour"],
    "l": ["litre", "liter"],
    "m": ["metre", "meter"],
    "ma": ["milliampere", "milliamp"],
    "mhz": ["megahertz"],
    "ghz": ["gigahertz"],
    "min": ["minute"],
    "ml": ["millilitre", "milliliter"],
    "mm": ["millimetre", "millimeter"],
    "mpa": ["megapascal"],
    "ms": ["millisecond"],
    "mw": ["megawatt"],
    "n": ["newton"],
    "nm": ["newton-metre", "newton-meter"],
    "pa": ["pascal"],
    "psi": ["pound-per-square-inch"],
    "rpm": ["revolution-per-minute"],
    "s": ["second"],
    "v": ["volt"],
    "w": ["watt"],
    "°c": ["degree-celsius"],
}
"""Symbols of units, in small letters, and their names."""


def _spellings() -> dict[str, tuple[str, ...]]:
    spellings: dict[str, list[str]] = {}
    named = [(symbol, name) for symbol, names in _UNITS.items() for name in names]
    for short, long in [*_numbers(), *named]:
        plural = (
            long.replace("-", "s-", 1)
            if long.startswith(("pound-", "revolution-", "degree-"))
            else f"{long}s"
        )
        if short != long:
            spellings.setdefault(short, []).append(long)
            for spoken in (long, plural):
                spellings.setdefault(spoken, []).append(short)
    return {spelled: tuple(dict.fromkeys(others)) for spelled, others in spellings.items()}


_SPELLINGS = _spellings()
_NUMBER_AND_UNIT = re.compile(r"(\W*\d+(?:[.,]\d+)*)([^\W\d_]+\W*)")
_PAIR = re.compile(r"\d{2,3},\d{2}")
"""A decimal, or two numbers of a list, as in migrations/versions/0012_lists_of_numbers.py."""
_AROUND = " .,;:!?()[]\"'“”„«»"
_LONGEST = 4
"""Words of a quantity, at most."""


def with_spellings(words: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Words of a query, each with its other spellings; several words that are one number or unit
    become one with hyphens. A letter is a unit only behind a number."""
    words = [part for word in words for part in _apart(word)]
    found: list[tuple[str, tuple[str, ...]]] = []
    at = 0
    while at < len(words):
        length = next(
            n for n in range(_LONGEST, 0, -1) if n == 1 or _key(words[at : at + n]) in _SPELLINGS
        )
        typed = words[at : at + length]
        key = _key(typed)
        before = words[at - 1].strip(_AROUND)[-1:] if at else ""
        others = (
            _SPELLINGS.get(key, ()) if len(key) > 1 or key.isdigit() or before.isdigit() else ()
        )
        if _PAIR.fullmatch(key):
            others = (key.replace(",", " "),)
        found.append(("-".join(typed), others))
        at += length
    return found


def _apart(word: str) -> list[str]:
    """A number and the unit behind it, or else the word."""
    match = _NUMBER_AND_UNIT.fullmatch(word)
    return [match[1], match[2]] if match and _key([match[2]]) in _SPELLINGS else [word]


def _key(words: Sequence[str]) -> str:
    return "-".join(word.strip(_AROUND) for word in words).lower()
