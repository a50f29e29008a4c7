"""What happens in the sample organisation: a small publishing cooperative across three time zones.

``play`` yields after each step, so that a caller can show progress. Names and texts are sample data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dao_app.app.scribe import Member, Scribe
from dao_app.core.encoding import Link
from dao_app.core.keys import TREASURY

FOUNDER = "Amara"
YOU = "Robin"
HOUR = 3_600_000
DAY = 24 * HOUR
GENESIS: dict[str, Any] = {
    "name": "Harbour Press (sample)",
    "purpose": "A cooperative that writes, translates and prints field guides",
    "charter": {
        "support_bp": 5_000, "quorum_bp": 3_000, "voting_ms": 2 * DAY, "voting_least_ms": HOUR,
        "grace_ms": 0, "endorsements": 2,
    },
    "units": [["HBR", "Harbour points", "港湾积分", 2, 100_000_000]],
    "initial": [["HBR", 2_500_000]],
}  # fmt: skip

_STEWARDS = ("Robin", "Jonas")
_MEMBERS = ("Chen Mo", "Priya", "Sofia", "Mateo")

# title, description, reward (minor), assignee, how far it gets
_TASKS = (
    ("Translate the shore birds chapter", "Into Chinese, **with** the index.", 12_000, "Chen Mo", "accepted"),
    ("Set up the proofreading calendar", "Two readers for each chapter.", 4_500, "Priya", "accepted"),
    ("Compare three printers", "Price for 500 and 1,000 copies, paper, delivery.", 6_000, "Mateo", "accepted"),
    ("Draw the tide tables", "One page for each month.", 9_000, "Sofia", "submitted"),
    ("Check the plant names", "Against the 2024 list.", 3_500, "Robin", "claimed"),
    ("Write the press note", "Half a page, both languages.", 3_000, "Priya", "claimed"),
    ("Photograph the harbour at low tide", "Six pictures, landscape format.", 5_000, "", "open"),
    ("Prepare the members' evening", "Room, food, programme.", 4_000, "", "open"),
    ("Index of local names", "Ask the fishers' association.", 2_500, "", "open"),
)

# What some of them ask for beside; ``due`` is in days from now.
_TERMS: dict[str, dict[str, Any]] = {
    "Draw the tide tables": {
        "labels": ["guide", "drawing"], "due": 3, "checklist": ["January to June", "July to December"],
    },
    "Check the plant names": {
        "labels": ["guide"], "due": 2, "priority": "high", "estimate": 240,
        "checklist": ["Trees", "Shrubs", "Herbs", "Grasses"],
    },
    "Write the press note": {"labels": ["press"], "due": 6, "seats": 2},
    "Photograph the harbour at low tide": {"labels": ["guide", "photo"], "due": 9, "priority": "urgent"},
    "Prepare the members' evening": {"labels": ["evening"], "approval": True, "every": 30, "due": 20},
    "Index of local names": {"labels": ["guide"], "due": 14, "priority": "low"},
}
_SHARED = {"Write the press note": "Sofia"}  # who claims the second seat
_APPLICANTS = {"Prepare the members' evening": ("Mateo", "Chen Mo")}
_TICKED = {"Check the plant names": (1, 2), "Draw the tide tables": (1, 2)}
_AFTER = {"Index of local names": "Check the plant names"}

# title, text, method, options, ballots by name, open for how many days, days ago
_PROPOSALS = (
    ("Print the field guide on recycled paper", "Costs 8 % more.", "yes-no-abstain", (),
     {"Amara": "yes", "Robin": "yes", "Jonas": "yes", "Chen Mo": "no", "Priya": "yes"}, 2, 15),
    ("Pause the newsletter over the winter", "", "yes-no-abstain", (),
     {"Amara": "no", "Jonas": "no", "Sofia": "yes", "Mateo": "no"}, 2, 11),
    ("Colour of the cover", "As in the three drafts.", "single", ("Sea green", "Sand", "Slate"),
     {"Amara": 1, "Robin": 3, "Priya": 1, "Mateo": 1, "Chen Mo": 3}, 2, 7),
    ("Which towns shall the tour visit?", "Mark all that you would come to.", "approval",
     ("Westhaven", "Old Mill", "Lighthouse Bay", "Upper Ferry"),
     {"Amara": [1, 3], "Jonas": [1, 2, 3], "Sofia": [3, 4]}, 4, 1),
    ("Give 200 points to the youth group", "For the beach clean-up in spring.", "yes-no-abstain", (),
     {"Amara": "yes", "Chen Mo": "yes", "Priya": "abstain"}, 3, 1),
)  # fmt: skip

# department, above, steward, members
_DEPARTMENTS = (
    ("Editorial", "", "Jonas", ("Priya", "Chen Mo")),
    ("Translation", "Editorial", "Chen Mo", ("Sofia",)),
    ("Print and sale", "", "Robin", ("Mateo",)),
)

_CONTRIBUTIONS = (
    ("Repaired the folding machine", "Jonas", ("Amara", "Mateo")),
    ("Introduced two new readers", "Priya", ("Sofia",)),
    ("Took minutes for a month", "Sofia", ("Jonas", "Chen Mo")),
)


def play(scribe: Scribe, now_ms: int) -> Iterator[tuple[int, int, dict[str, Member]]]:
    """Play the story up to ``now_ms``; yields (step, steps, people so far)."""
    story = _Story(scribe, now_ms)
    steps = [
        story.join, story.found_departments, story.open_tasks, story.decide, story.work, story.contribute,
        story.govern, story.reward, story.talk,
    ]
    for number, step in enumerate(steps, 1):
        step()
        yield number, len(steps), dict(story.people)


class _Story:
    def __init__(self, scribe: Scribe, now_ms: int) -> None:
        self._scribe = scribe
        self._now = now_ms
        self.people: dict[str, Member] = {FOUNDER: scribe.founder}
        self._tasks: dict[str, bytes] = {}
        self._proposals: dict[str, bytes] = {}
        self._departments: dict[str, bytes] = {}

    def _at(self, days_ago: float) -> None:
        """Move to so many days before now; never back."""
        self._scribe.clock.now = max(self._scribe.clock.now + 1_000, self._now - int(days_ago * DAY))

    def _sign(self, name: str, type_: str, body: dict[str, Any], text: str = "", field: str = "text") -> bytes:
        return self._scribe.write(self.people[name], type_, body, text, field).id

    def _seal(self) -> None:
        self._scribe.clock.now += 2_000
        self._scribe.seal()

    def join(self) -> None:
        for names, role in ((_STEWARDS, "steward"), (_MEMBERS, "member")):
            for person in self._scribe.join(list(names), role):
                self.people[person.name] = person

    def found_departments(self) -> None:
        self._at(20)
        for name, above, steward, members in _DEPARTMENTS:
            parent = Link(self._departments[above]) if above else None
            id_ = self._departments[name] = self._sign(FOUNDER, "department.open", {"name": name, "parent": parent})
            for person, role in ((steward, "steward"), *((one, "member") for one in members)):
                body = {"department": Link(id_), "member": self.people[person].root.public, "role": role}
                self._sign(FOUNDER, "role.give", body)
        self._seal()
        self._sign("Mateo", "vote.delegate", {"to": self.people["Robin"].root.public})
        self._sign("Sofia", "vote.delegate", {"to": self.people["Chen Mo"].root.public, "topic": "language"})
        self._seal()

    def open_tasks(self) -> None:
        self._at(19)
        for title, text, reward, _, _ in _TASKS:
            body = {"title": title, "unit": "HBR", "amount": reward, "payer": TREASURY, "lifetime": 0}
            terms = dict(_TERMS.get(title, {}))
            if "due" in terms:
                terms["due"] = self._now + terms["due"] * DAY
            if title in _AFTER:
                terms["depends"] = [Link(self._tasks[_AFTER[title]])]
            body.update(terms)
            self._tasks[title] = self._sign("Jonas" if reward < 5_000 else FOUNDER, "task.open", body, text)
            self._scribe.clock.now += 7 * 60_000
        self._seal()

    def decide(self) -> None:
        """Proposals in the order of their days; each is opened, voted on and, if its time is over, closed."""
        for title, text, method, options, ballots, days, ago in _PROPOSALS:
            self._at(ago)
            body = {
                "title": title, "kind": "decision" if method == "yes-no-abstain" else "poll", "method": method,
                "options": list(options), "discussion": 0, "voting": days * DAY,
            }  # fmt: skip
            id_ = self._proposals[title] = self._sign("Robin" if ago == 7 else FOUNDER, "proposal.open", body, text)
            self._seal()
            for name, choice in ballots.items():
                self._scribe.clock.now += 40 * 60_000
                self._sign(name, "vote.cast", {"proposal": Link(id_), "choice": choice})
                self._seal()
            if ago > days:
                self._at(ago - days - 0.01)
                self._seal()

    def work(self) -> None:
        self._at(0.9)
        for title, _, _, assignee, state in _TASKS:
            link = {"task": Link(self._tasks[title])}
            for applicant in _APPLICANTS.get(title, ()):
                self._sign(applicant, "task.apply", link, "I did it last year as well.", "note")
            if not assignee:
                continue
            self._sign(assignee, "task.claim", link)
            if title in _SHARED:
                self._sign(_SHARED[title], "task.claim", link)
            for item in _TICKED.get(title, ()):
                self._sign(assignee, "task.tick", {**link, "item": item, "done": True})
            self._seal()
            if state == "claimed":
                continue
            self._sign(assignee, "task.submit", link, "Done; the files lie in the shared folder.", "note")
            self._seal()
            if state == "accepted":
                self._sign(FOUNDER, "task.accept", link)
                self._seal()
            self._scribe.clock.now += 5 * 60_000

    def contribute(self) -> None:
        self._at(0.3)
        for title, name, endorsers in _CONTRIBUTIONS:
            id_ = self._sign(name, "contribution.claim", {"title": title})
            self._seal()
            for endorser in endorsers:
                self._sign(endorser, "contribution.endorse", {"contribution": Link(id_)})
            self._seal()
        for source, target, amount, reason in (
            ("Chen Mo", "Priya", 500, "for the quick second reading"), ("Mateo", "Robin", 250, "thanks for the keys"),
        ):  # fmt: skip
            body = {"unit": "HBR", "amount": amount, "to": b"m" + self.people[target].root.public}
            self._sign(source, "token.tip", body, reason, "memo")
        self._seal()

    def govern(self) -> None:
        """A spending proposal that executes itself, an election, and open votes of other methods."""
        self._at(0.25)
        root = {name: person.root.public for name, person in self.people.items()}
        pay = {"do": "pay", "from": b"o", "to": b"m" + root["Mateo"], "unit": "HBR", "amount": 30_000}
        ballots = dict.fromkeys(("Amara", "Jonas", "Priya", "Robin"), "yes")
        self._vote("Buy a second paper cutter", "spending", "yes-no-abstain", ballots, (), HOUR, effects=[pay])
        self._at(0.15)
        names = ["Priya", "Sofia", "Chen Mo"]
        elect = {"do": "elect", "role": "treasurer", "department": None, "seats": 1, "term": 365 * DAY,
                 "candidates": [root[name] for name in names]}  # fmt: skip
        choices = {"Amara": [1, 3], "Jonas": [3, 1], "Robin": [2, 1], "Priya": [1], "Chen Mo": [3, 2], "Sofia": [2, 3]}
        self._vote("Who keeps the books next year?", "election", "ranked", choices, names, HOUR, effects=[elect])
        self._at(0.08)
        towns = ["Two regional providers", "One provider, three years", "Our own servers", "Stay as we are"]
        self._vote("Where shall our site live?", "decision", "ranked",
                   {"Amara": [3, 1], "Jonas": [1, 3, 2], "Priya": [3], "Chen Mo": [1]}, towns, 2 * DAY)  # fmt: skip
        self._vote("How well did these evenings work?", "poll", "score",
                   {"Jonas": {"1": 5, "2": 2}, "Priya": {"1": 3, "3": 4}},
                   ["Reading", "Bookbinding", "Harbour walk"], 2 * DAY)  # fmt: skip
        self._vote("Share the training money", "poll", "quadratic",
                   {"Amara": {"1": 60, "2": 40}, "Sofia": {"3": 100}}, ["Typesetting", "Sales", "Languages"], 2 * DAY)
        self._vote("House style for place names", "decision", "consent",
                   {"Jonas": {"stance": "agree"}, "Priya": {"stance": "object"}}, (), 2 * DAY,
                   topic="language", department=Link(self._departments["Translation"]))  # fmt: skip
        budget = {"do": "budget", "department": self._departments["Print and sale"], "unit": "HBR",
                  "amount": 80_000, "period": 90 * DAY}  # fmt: skip
        self._vote("Spring budget for print and sale", "spending", "yes-no-abstain", {"Jonas": "yes"}, (), 2 * DAY,
                   effects=[budget])  # fmt: skip

    def _vote(
        self, title: str, kind: str, method: str, ballots: dict[str, Any], options: Sequence[str], voting: int,
        **more: Any,
    ) -> None:
        """Put a proposal, second it where it asks for money, vote, and close it where its time is short."""
        body = {"title": title, "kind": kind, "method": method, "options": list(options), "discussion": 0,
                "voting": voting, **more}  # fmt: skip
        id_ = self._proposals[title] = self._sign(FOUNDER, "proposal.open", body)
        self._seal()
        if kind == "spending":
            self._sign("Jonas", "proposal.second", {"proposal": Link(id_)})
        for name, choice in ballots.items():
            self._scribe.clock.now += 30_000
            self._sign(name, "vote.cast", {"proposal": Link(id_), "choice": choice})
        self._seal()
        if voting == HOUR:
            self._scribe.clock.now += HOUR
            self._seal()

    def reward(self) -> None:
        """A peer round that has paid, one still open, a matching pool, a firm, and sums asked for and paid in parts."""
        self._round("Autumn thanks", HOUR, {
            "Amara": {"Priya": 50, "Sofia": 30, "Robin": 20}, "Jonas": {"Chen Mo": 60, "Robin": 40},
            "Priya": {"Sofia": 70, "Mateo": 30}, "Mateo": {"Robin": 100}, "Chen Mo": {"Priya": 100},
        })  # fmt: skip
        self._scribe.clock.now += HOUR
        self._seal()
        self._round("Winter thanks", 5 * DAY, {"Jonas": {"Priya": 60, "Sofia": 40}})
        party = {name: b"m" + person.root.public for name, person in self.people.items()}
        projects = [["Reading evenings", party["Priya"]], ["Harbour archive", party["Jonas"]]]
        pool = self._sign(FOUNDER, "match.open", {
            "title": "Small projects", "unit": "HBR", "amount": 40_000, "from": TREASURY, "mode": "fill", "bound": None,
            "projects": projects, "window": 6 * DAY,
        })  # fmt: skip
        self._seal()
        for name, project, amount in (("Chen Mo", 1, 400), ("Mateo", 1, 100), ("Priya", 2, 900)):
            self._sign(name, "match.give", {"match": Link(pool), "project": project, "amount": amount})
        signers = [[self.people["Mateo"].root.public, 50_000], [self.people["Jonas"].root.public, 50_000]]
        firm = {"name": "Old Mill Bindery", "register": "", "signers": signers, "dual": 20_000}
        self._sign("Mateo", "firm.register", firm)
        asked = {"from": self.people["Robin"].root.public, "unit": "HBR", "amount": 150}
        self._sign("Sofia", "payment.request", asked, "for the coffee on Tuesday", "memo")
        plan = {"to": party["Sofia"], "unit": "HBR", "amount": 36_000, "count": 12, "every": 30 * DAY, "first": 0}
        plan |= {"revocable": True, "for": TREASURY}
        self._sign(FOUNDER, "payment.schedule", plan, "care of the archive", "memo")
        self._seal()

    def _round(self, title: str, window: int, gifts: dict[str, dict[str, int]]) -> None:
        id_ = self._sign(FOUNDER, "round.open", {
            "title": title, "unit": "HBR", "amount": 30_000, "from": TREASURY, "kind": "peer", "policy": "immediate",
            "look": 1, "givers": None, "receivers": None, "points": 100, "window": window,
        })  # fmt: skip
        self._seal()
        for giver, given in gifts.items():
            rows = sorted([self.people[name].root.public, points] for name, points in given.items())
            self._sign(giver, "round.give", {"round": Link(id_), "gifts": rows})
        self._seal()

    def talk(self) -> None:
        self._at(0.1)
        for target, name, text in (
            (self._tasks["Draw the tide tables"], "Sofia", "January to June are in; the rest follows today."),
            (self._tasks["Draw the tide tables"], "Jonas", "Looks right to me. Which datum did you use?"),
            (self._proposals["House style for place names"], "Priya", "Objection: the old charts use other names."),
            (self._proposals["Which towns shall the tour visit?"], "Priya", "Upper Ferry has no hall in *March*."),
            (self._proposals["Give 200 points to the youth group"], "Mateo", "They did good work last year."),
        ):
            self._sign(name, "comment.add", {"on": Link(target)}, text)
            self._seal()
