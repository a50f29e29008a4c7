"""Writes tests/vectors/rewards.json: computations with what they print, and texts that are refused.

Run after a deliberate change of docs/rewards-format.md only; the tests compare the program with the file.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dao_app.core.rewards.filereading import RewardsFileError  # noqa: E402
from dao_app.core.rewards.rewardsfile import compute  # noqa: E402

FILE = ROOT / "tests" / "vectors" / "rewards.json"
ABOUT = "Computations with what they print, and texts refused with code and place. docs/rewards-format.md: the format."
SEED = 3
PEOPLE = ["ana", "bo", "cy", "dee", "eli", "fay"]
HUGE = 10**40


def hamilton() -> dict[str, Any]:
    return {
        "equal remainders go by the list": {"budget": "100", "weights": [1, 1, 1]},
        "one unit less than receivers": {"budget": "2", "weights": [1, 1, 1]},
        "exact decimals and fractions": {"budget": "10", "weights": {"ana": "1/3", "bo": "0.25", "cy": 5}},
        "weight 0 gets nothing": {"budget": "7", "weights": [0, 3, 0, 4]},
        "nothing but zeros: the budget stays": {"budget": "7", "weights": [0, 0]},
        "nobody: the budget stays": {"budget": "7", "weights": {}},
        "no budget": {"budget": "0", "weights": [1, 2]},
        "ten seats (Alabama paradox)": {"budget": "10", "weights": [6, 6, 2]},
        "eleven seats (Alabama paradox)": {"budget": "11", "weights": [6, 6, 2]},
        "huge": {"budget": str(HUGE), "weights": [str(HUGE + 1), str(HUGE - 1), "1"]},
    }


def rounds(rng: random.Random) -> dict[str, Any]:
    gifts = [
        {"from": rng.choice(PEOPLE), "to": rng.choice([*PEOPLE, "xan"]), "points": str(rng.choice((0, 10, 25, 40, 60)))}
        for _ in range(30)
    ]
    one = [{"from": "ana", "to": "bo", "points": "1"}]
    all_ = [{"from": "ana", "to": "bo", "points": str(HUGE)}]
    return {
        "gifts of all kinds": {"budget": "12345", "members": PEOPLE, "receivers": PEOPLE[:4], "gifts": gifts},
        "nothing given": {"budget": "12345", "members": PEOPLE, "gifts": []},
        "only gifts that do not count": {
            "budget": "5", "points": "10", "members": ["ana", "bo"],
            "gifts": [{"from": "ana", "to": "ana", "points": "1"}, {"from": "bo", "to": "ana", "points": "11"}],
        },
        "a gift to oneself is not held against the limit": {
            "budget": "5", "points": "10", "members": ["ana", "bo"],
            "gifts": [{"from": "ana", "to": "ana", "points": "5"}, {"from": "ana", "to": "bo", "points": "10"}],
        },
        "gifts to the same add up": {"budget": "5", "points": "1", "members": PEOPLE, "gifts": one * 2},
        "huge": {"budget": str(HUGE), "points": str(HUGE), "members": PEOPLE, "gifts": all_},
    }  # fmt: skip


def matches(rng: random.Random) -> dict[str, Any]:
    def given(*rows: tuple[str, str, int]) -> list[dict[str, str]]:
        return [{"from": who, "project": project, "amount": str(amount)} for who, project, amount in rows]

    many = given(*((rng.choice(PEOPLE), rng.choice("ABC"), rng.randrange(1, 5000)) for _ in range(40)))
    split = given(("ana", "A", 1), ("ana", "A", 3), ("bo", "A", 4))
    product = given(("ana", "A", 2), ("bo", "A", 8), ("cy", "B", 5))
    return {
        "squares, filled": {"pool": "1000", "contributions": split},
        "squares, scaled down only": {"pool": "1000", "mode": "scale-down", "contributions": split},
        "√2·√8 is exactly 4": {"pool": "1000", "mode": "scale-down", "contributions": product},
        "larger than the pool": {"pool": "7", "mode": "scale-down", "contributions": many},
        "irrational, filled": {"pool": "999999", "contributions": many},
        "irrational, pairwise-bounded": {"pool": "999999", "pairwise_bound": "500", "contributions": many},
        "pairwise-bounded, scaled down only": {
            "pool": "999999", "mode": "scale-down", "pairwise_bound": "500", "contributions": many,
        },
        "only single contributors": {"pool": "10", "contributions": given(("ana", "A", 9), ("bo", "B", 9))},
        "a project without contributions": {"pool": "10", "projects": ["Z", "A"], "contributions": split},
        "huge": {"pool": str(HUGE), "contributions": given(("ana", "A", HUGE), ("bo", "A", HUGE), ("bo", "B", 1))},
    }  # fmt: skip


def policies(rng: random.Random) -> dict[str, dict[str, Any]]:
    rows = {name: [rng.randrange(50) for _ in range(6)] for name in PEOPLE}
    paid = {name: str(rng.randrange(2000)) for name in PEOPLE}
    return {
        "immediate": {
            "the last period": {"budget": "1000", "points": rows},
            "three periods": {"budget": "1000", "last": "3", "points": rows},
            "more periods than there are": {"budget": "1000", "last": "99", "points": rows},
        },
        "recent": {
            "a third fades": {"budget": "1000", "discount": "1/3", "points": rows},
            "nothing fades": {"budget": "1000", "discount": 0, "points": rows},
            "all fades at once": {"budget": "1000", "discount": "100%", "points": rows},
        },
        "balanced": {
            "behind and ahead": {"budget": "1000", "points": rows, "paid": paid},
            "nobody was paid": {"budget": "1000", "points": rows},
            "paid without points": {"budget": "10", "points": {"ana": 1, "bo": 1}, "paid": {"xan": "90"}},
            "no points": {"budget": "10", "points": {"ana": 0}, "paid": {"ana": "5"}},
        },
        "special": {"one receiver": {"budget": "250", "to": "bo"}},
    }


def decays() -> dict[str, Any]:
    return {
        "a half-life of a month": {"value": "1000", "hours": "720", "half_life_hours": "720"},
        "half-life 1": {"value": "8", "hours": "2", "half_life_hours": "1"},
        "no time": {"value": "0.000000001", "hours": "0", "half_life_hours": "24"},
        "the smallest value is gone after an hour": {"value": "0.000000001", "hours": "1", "half_life_hours": "24"},
        "the longest half-life": {"value": str(HUGE), "hours": "8766", "half_life_hours": "876600"},
    }


def delegations(rng: random.Random) -> dict[str, Any]:
    members = [f"m{number}" for number in range(24)]
    some = [
        {"from": giver, "to": rng.choice(members)} | rng.choice(({}, {"topic": "wages"}, {"department": "house"}))
        for giver in members[4:] for _ in range(2)
    ]  # fmt: skip
    tree = {"house": None, "kitchen": "house"}
    proposal = {"voted": members[:5], "departments": tree, "department": "kitchen", "topic": "wages"}
    power = {name: str(rng.randrange(HUGE)) for name in members}
    scoped = [{"from": "ana", "to": "bo"}, {"from": "ana", "to": "cy", "department": "house"}]
    return {
        "many, powers beyond 2^64": {"members": power, "delegations": some, **proposal},
        "a wider department holds below": {
            "members": PEOPLE, "voted": ["bo", "cy"], "department": "kitchen", "departments": tree,
            "delegations": scoped,
        },
        "another department does not": {
            "members": PEOPLE, "voted": ["bo", "cy"], "department": "shop", "delegations": scoped,
        },
        "the last of two for the same holds": {
            "members": PEOPLE, "voted": ["bo", "cy"],
            "delegations": [{"from": "ana", "to": "bo"}, {"from": "ana", "to": "cy"}],
        },
        "to oneself is a cycle, to a stranger a dead end": {
            "members": ["ana", "bo"], "voted": [],
            "delegations": [{"from": "ana", "to": "ana"}, {"from": "bo", "to": "xan"}],
        },
        "one's own vote overrides": {
            "members": ["ana", "bo"], "voted": ["ana", "bo"], "delegations": [{"from": "ana", "to": "bo"}],
        },
    }  # fmt: skip


ERRORS = {
    "no JSON": "{",
    "no object": '["hamilton"]',
    "a key twice": '{"rule": "hamilton", "rule": "hamilton"}',
    "no rule": "{}",
    "unknown rule": '[{"rule": "special", "budget": 1, "to": "a"}, {"rule": "equal"}]',
    "no budget": '{"rule": "hamilton", "weights": [1]}',
    "negative budget": '{"rule": "hamilton", "budget": "-1", "weights": [1]}',
    "fractional budget": '{"rule": "hamilton", "budget": 1.5, "weights": [1]}',
    "negative weight": '{"rule": "hamilton", "budget": 1, "weights": [1, -1]}',
    "exponent": '{"rule": "hamilton", "budget": 1, "weights": {"a": 1e3}}',
    "division by zero": '{"rule": "hamilton", "budget": 1, "weights": ["1/0"]}',
    "weights are a text": '{"rule": "hamilton", "budget": 1, "weights": "1"}',
    "negative gift": '{"rule": "peer-round", "budget": 1, "members": ["a", "b"],'
    ' "gifts": [{"from": "a", "to": "b", "points": -1}]}',
    "gift without a receiver": '{"rule": "peer-round", "budget": 1, "members": ["a"],'
    ' "gifts": [{"from": "a", "points": 1}]}',
    "a member twice": '{"rule": "peer-round", "budget": 1, "members": ["a", "b", "a"], "gifts": []}',
    "a receiver who is no member": '{"rule": "peer-round", "budget": 1, "members": ["a"],'
    ' "receivers": ["b"], "gifts": []}',
    "unknown project": '{"rule": "quadratic-match", "pool": 1, "projects": [],'
    ' "contributions": [{"from": "a", "project": "P", "amount": 1}]}',
    "unknown mode": '{"rule": "quadratic-match", "pool": 1, "mode": "half", "contributions": []}',
    "bound 0": '{"rule": "quadratic-match", "pool": 1, "pairwise_bound": 0, "contributions": []}',
    "no period": '{"rule": "immediate", "budget": 1, "last": 0, "points": {"a": [1]}}',
    "rows of different length": '{"rule": "immediate", "budget": 1, "points": {"a": [1], "b": [1, 2]}}',
    "discount above 1": '{"rule": "recent", "budget": 1, "discount": "101%", "points": {"a": [1]}}',
    "no half-life": '{"rule": "decay", "value": 1, "hours": 1, "half_life_hours": 0}',
    "ten decimals": '{"rule": "decay", "value": "0.1234567891", "hours": 1, "half_life_hours": 1}',
    "too many hours": '{"rule": "decay", "value": 1, "hours": 1000001, "half_life_hours": 1}',
    "a voter who is no member": '{"rule": "delegation", "members": ["a"], "voted": ["b"], "delegations": []}',
    "topic and department": '{"rule": "delegation", "members": ["a"], "voted": [],'
    ' "delegations": [{"from": "a", "to": "a", "topic": "t", "department": "d"}]}',
    "circular departments": '{"rule": "delegation", "members": ["a"], "voted": [], "delegations": [],'
    ' "departments": {"x": "y", "y": "x"}}',
}


def refused(about: str, text: str) -> dict[str, str]:
    try:
        compute(text.encode())
    except RewardsFileError as error:
        return {"about": about, "text": text, "code": error.code, "where": error.where}
    raise AssertionError(about)


def main() -> None:
    rng = random.Random(SEED)
    by_rule = {"hamilton": hamilton(), "peer-round": rounds(rng), "quadratic-match": matches(rng), **policies(rng),
               "decay": decays(), "delegation": delegations(rng)}  # fmt: skip
    listed = []
    for rule, cases in by_rule.items():
        for about, keys in cases.items():
            file = {"rule": rule, **keys}
            listed.append({"about": f"{rule}: {about}", "file": file, "result": compute(json.dumps(file).encode())})
    errors = [refused(about, text) for about, text in ERRORS.items()]
    head = json.dumps({"about": ABOUT}, ensure_ascii=False)[:-1]
    blocks = [
        f' "{name}": [\n' + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n ]"
        for name, rows in (("computations", listed), ("errors", errors))
    ]
    FILE.write_text(head + ",\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")
    print(FILE.name, len(listed), len(errors), FILE.stat().st_size)


if __name__ == "__main__":
    main()
