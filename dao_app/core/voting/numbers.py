"""Numbers of a count: exact integers and fractions, and how they are printed.

Invariant: printing depends on the number alone, never on the machine or the interpreter's settings.
"""

from __future__ import annotations

from fractions import Fraction

Score = int | Fraction
PLACES = 24  # decimals that are printed where a number is no short fraction; the rest is cut
FRACTION_DIGITS_MAX = 4_000  # of a printed denominator; longer ones tell a person nothing and fill files
_CHUNK = 4_000  # digits converted at once: the interpreter refuses more than 4,300
_CHUNK_END: int = 10**_CHUNK


def printed(score: Score, places: int = 0, digits_max: int = FRACTION_DIGITS_MAX) -> str:
    """A number as text: "12", "7/3", or with ``places`` decimals, cut, not rounded.

    A fraction whose denominator has more than ``digits_max`` digits is printed with ``PLACES`` decimals.
    """
    whole, below = score.numerator, score.denominator
    if places == 0:
        if below == 1:
            return _digits(whole)
        if below < 10**digits_max:
            return f"{_digits(whole)}/{_digits(below)}"
        places = PLACES
    text = _digits(abs(whole) * 10**places // below).rjust(places + 1, "0")
    return f"{'-' if whole < 0 else ''}{text[:-places]}.{text[-places:]}"


def _digits(number: int) -> str:
    """Decimal digits of an integer of any size."""
    if -_CHUNK_END < number < _CHUNK_END:
        return str(number)
    sign, left, parts = ("-" if number < 0 else ""), abs(number), []
    while left >= _CHUNK_END:
        left, part = divmod(left, _CHUNK_END)
        parts.append(str(part).rjust(_CHUNK, "0"))
    return sign + str(left) + "".join(reversed(parts))
