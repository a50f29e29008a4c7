"""Elections as a JSON file, counted: the format of docs/tally-format.md.

Reading is strict and bounded, and numbers are read exactly: no binary fractions anywhere. Raises only
``TallyFileError``, which names the place in the file and what is wrong there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn, TypeVar

from dao_app.core.errors import CoreError
from dao_app.core.voting.base import Method, Outcome, Rule, share_of
from dao_app.core.voting.consent import Consent
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.parameters import BadParameter, Parameter
from dao_app.core.voting.registry import METHODS, PARAMETERS
from dao_app.core.voting.registry import method as set_up
from dao_app.core.voting.yes_no_abstain import BP, Adoption, YesNoAbstain

FILE_BYTES_MAX = 256 * 1024 * 1024  # some 4 million ballots; more would not fit a desktop's memory
ELECTIONS_MAX = 100_000  # in one file
NAME_CHARS_MAX = 10_000  # of an option or voter
POWER_DIGITS_MAX = 4_000  # of one power; leaves room for sums that still print
SHARE_DIGITS_MAX = 100  # of a threshold
KNOWN_KEYS = ("method", "options", "ballots", "title", "electorate")
ADOPTION_KEYS = ("support", "threshold", "quorum", "min_support_power")

Cast = tuple[str, int, Any]  # voter, power, choice: a Ballot, but cheaper to make by the million
_N = TypeVar("_N")
_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?(%?)")
_RATIO = re.compile(r"([0-9]+)/([0-9]+)")


class TallyFileError(CoreError):
    """A file that is no tally file. ``code`` is stable; ``where`` is a path such as "ballots[3].power"."""

    def __init__(self, code: str, where: str = "", found: str = "") -> None:
        place = f" at {where}" if where else ""
        given = f": {found}" if found else ""
        super().__init__(f"{code}{place}{given}")
        self.code = code
        self.where = where
        self.found = found


class Written(str):
    """A JSON number with a fraction or exponent, kept as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Election:
    """One election as read; ``electorate``: the power of all who may vote, None where the file does not say;
    ``ignored`` are keys that this version does not know."""

    method: Method
    options: int
    ballots: list[Cast]
    rule: Rule | None
    electorate: int | None
    ignored: tuple[str, ...]


def tally(data: bytes) -> Any:
    """Count a file. Raises TallyFileError."""
    return count(parse(data))


def count(value: Any) -> Any:
    """Count a parsed file: one object for one election, a list of them for a list, in order."""
    if type(value) is not list:
        return result(read_election(value, ""))
    if len(value) > ELECTIONS_MAX:
        raise TallyFileError("too_many", "", f"{len(value)} > {ELECTIONS_MAX}")
    return [result(read_election(item, f"[{place}].")) for place, item in enumerate(value)]


def parse(data: bytes) -> Any:
    """The JSON value of a file, without duplicate keys, NaN or infinities."""
    if len(data) > FILE_BYTES_MAX:
        raise TallyFileError("too_large", "", f"{len(data)} > {FILE_BYTES_MAX} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TallyFileError("not_utf8", f"byte {error.start}") from error
    try:
        return json.loads(text, parse_float=Written, parse_constant=_constant, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        raise TallyFileError("not_json", f"line {error.lineno}, column {error.colno}", error.msg) from error
    except RecursionError as error:
        raise TallyFileError("too_deep") from error
    except ValueError as error:  # an integer longer than the interpreter converts
        raise TallyFileError("number_too_long") from error


def _constant(word: str) -> NoReturn:
    raise TallyFileError("not_json", "", word)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = sorted(key for key, _ in pairs)
        twice = next(key for key, after in zip(keys, keys[1:], strict=False) if key == after)
        raise TallyFileError("key_twice", "", shown(twice))
    return made


def read_election(value: Any, at: str) -> Election:
    """One election; ``at`` is its place in the file, "" or "[3].", for error messages."""
    if type(value) is not dict:
        raise TallyFileError("not_an_election", at.rstrip("."), shown(value))
    method = _read_method(value, at)
    options = _read_options(value, method, at)
    ballots = _read_ballots(_need(value, "ballots", at), at)
    known = {*KNOWN_KEYS, *method.PARAMETERS}
    rule = None
    if isinstance(method, YesNoAbstain):
        known.update(ADOPTION_KEYS)
        rule = _read_adoption(value, at)
    elif isinstance(method, Consent):
        ballots = [(voter, power, _without_reason(choice)) for voter, power, choice in ballots]
    electorate = _number(value, "electorate", at, None, read_power, "power_bad")
    return Election(method, options, ballots, rule, electorate, tuple(sorted(key for key in value if key not in known)))


def _need(value: dict[str, Any], key: str, at: str) -> Any:
    if key not in value:
        raise TallyFileError("missing", f"{at}{key}")
    return value[key]


def _read_method(value: dict[str, Any], at: str) -> Method:
    name = _need(value, "method", at)
    if type(name) is not str or name not in METHODS:
        raise TallyFileError("method_unknown", f"{at}method", shown(name))
    given = {
        key: _parameter(value[key], parameter)
        for key, parameter in PARAMETERS[name].items()
        if value.get(key) is not None
    }
    method = set_up(name, given)
    if isinstance(method, BadParameter):
        raise TallyFileError("parameter_bad", f"{at}{method.name}", shown(value[method.name]))
    return method


def _parameter(value: Any, parameter: Parameter) -> Any:
    """A parameter that is a number may be written as text, like a power."""
    if type(parameter.default) is int and type(value) is str:
        return read_power(value)
    return value


def _read_options(value: dict[str, Any], method: Method, at: str) -> int:
    fixed = len(method.fixed_options)
    if fixed and "options" not in value:
        return fixed
    options = _need(value, "options", at)
    if type(options) is not list or not (fixed or options):
        raise TallyFileError("options_bad", f"{at}options", shown(options))
    if len(options) > method.options_max:
        raise TallyFileError("options_many", f"{at}options", f"{len(options)} > {method.options_max}")
    for place, option in enumerate(options):
        if type(option) is not str or len(option) > NAME_CHARS_MAX:
            raise TallyFileError("options_bad", f"{at}options[{place}]", shown(option))
    return fixed or len(options)


def _without_reason(choice: Any) -> Any:
    """A stance as it is counted: its reason is no part of it."""
    if type(choice) is not dict or "reason" not in choice:
        return choice
    return {key: value for key, value in choice.items() if key != "reason"}


def _read_ballots(value: Any, at: str) -> list[Cast]:
    if type(value) is not list:
        raise TallyFileError("ballots_bad", f"{at}ballots", shown(value))
    ballots: list[Cast] = []
    for place, item in enumerate(value):
        try:
            voter, power, choice = item["voter"], item["power"], item["ballot"]
        except (TypeError, KeyError, IndexError):
            raise _ballot_error(item, f"{at}ballots[{place}]") from None
        if type(voter) is int and -_POWER_END < voter < _POWER_END:
            voter = str(voter)
        if type(voter) is not str or not 0 < len(voter) <= NAME_CHARS_MAX:
            raise TallyFileError("voter_bad", f"{at}ballots[{place}].voter", shown(voter))
        number = read_power(power)
        if number is None:
            raise TallyFileError("power_bad", f"{at}ballots[{place}].power", shown(power))
        ballots.append((voter, number, choice))
    return ballots


def _ballot_error(item: Any, where: str) -> TallyFileError:
    if type(item) is not dict:
        return TallyFileError("ballots_bad", where, shown(item))
    gone = next(key for key in ("voter", "power", "ballot") if key not in item)
    return TallyFileError("missing", f"{where}.{gone}")


def read_power(value: Any) -> int | None:
    """A non-negative whole number, as text of digits or a JSON integer; None for anything else."""
    if type(value) is str:
        if not (value.isdigit() and value.isascii()) or len(value) > POWER_DIGITS_MAX or value[0] == "0" != value:
            return None
        return int(value)
    if type(value) is int and 0 <= value < _POWER_END:
        return value
    return None


_POWER_END: int = 10**POWER_DIGITS_MAX


def _read_adoption(value: dict[str, Any], at: str) -> Adoption:
    if "support" in value and "threshold" in value:
        raise TallyFileError("key_twice", f"{at}threshold", "support = threshold")
    key = "threshold" if "threshold" in value else "support"
    support = _number(value, key, at, Fraction(1, 2), read_share)
    if support >= 1:
        raise TallyFileError("share_bad", f"{at}{key}", shown(value[key]))
    quorum_share, quorum_power = Fraction(0), 0
    if value.get("quorum") is not None:
        whole = read_power(value["quorum"])
        if whole is not None:
            quorum_power = whole
        else:
            quorum_share = _number(value, "quorum", at, Fraction(0), read_share)
            if quorum_share > 1:
                raise TallyFileError("share_bad", f"{at}quorum", shown(value["quorum"]))
            if value.get("electorate") is None:
                raise TallyFileError("missing", f"{at}electorate")
    return Adoption(
        support_bp=support * BP,
        quorum_bp=quorum_share * BP,
        quorum_power=quorum_power,
        electorate_power=_number(value, "electorate", at, 0, read_power, "power_bad"),
        min_support_power=_number(value, "min_support_power", at, 0, read_power, "power_bad"),
    )


def _number(
    value: dict[str, Any], key: str, at: str, default: _N, read: Callable[[Any], _N | None], code: str = "share_bad"
) -> _N:
    given = value.get(key)
    if given is None:
        return default
    number = read(given)
    if number is None:
        raise TallyFileError(code, f"{at}{key}", shown(given))
    return number


def read_share(value: Any) -> Fraction | None:
    """An exact share: "2/3", "0.5", 0.5, "50%", 0 or 1; None for anything else."""
    if type(value) is int:
        return Fraction(value) if 0 <= value <= 1 else None
    if not isinstance(value, str) or len(value) > SHARE_DIGITS_MAX:
        return None
    ratio = _RATIO.fullmatch(value)
    if ratio:
        below = int(ratio[2])
        return Fraction(int(ratio[1]), below) if below else None
    decimal = _DECIMAL.fullmatch(value)
    if not decimal:
        return None
    places = decimal[2] or ""
    share = Fraction(int(decimal[1] + places), 10 ** len(places))
    return Fraction(share, 100) if decimal[3] else share


def result(election: Election) -> dict[str, Any]:
    """The counted election as the JSON object that the command prints."""
    outcome = election.method.count(election.options, election.ballots, election.rule)
    made = outcome_json(outcome, election.electorate)
    if election.ignored:
        made["ignored"] = [shown(key) for key in election.ignored]
    return made


def outcome_json(outcome: Outcome, electorate: int | None = None) -> dict[str, Any]:
    """An outcome as JSON data; numbers that can be large or broken are texts.

    ``electorate``: the power of all who may vote, for the turnout.
    """
    turnout: dict[str, Any] = {"ballots": outcome.ballots, "power": printed(outcome.valid_power)}
    if electorate is not None:
        share = share_of(outcome.valid_power, electorate)
        turnout |= {"electorate": printed(electorate), "share": None if share is None else printed(share)}
    return {
        "method": outcome.method,
        "winners": list(outcome.winners),
        "tie": outcome.tie,
        "tie_break": outcome.tie_break,
        "tie_break_used": outcome.tie_break_used,
        "scores": list(outcome.printed_scores()),
        "valid_power": printed(outcome.valid_power),
        "invalid": outcome.invalid,
        "invalid_power": printed(outcome.invalid_power),
        "turnout": turnout,
        **outcome.extras,
        "log": [dict(step) for step in outcome.log],
    }


SHOWN_CHARS_MAX = 60  # of foreign data in a message


def shown(value: Any) -> str:
    """Foreign data in a message: as JSON, printable ASCII, short."""
    if type(value) in (list, dict):
        return f"{type(value).__name__} of {len(value)}"
    if type(value) is int and not -_POWER_END < value < _POWER_END:
        return "a very long number"
    text = str(value) if isinstance(value, Written) else json.dumps(value)
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"
