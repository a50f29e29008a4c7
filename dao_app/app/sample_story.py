"""What happens in the sample organisation: a small publishing cooperative across three time zones.

``play`` yields after each step, so that a caller can show progress. Names and texts are sample data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dao_app.app.scribe import Member, Scribe
from dao_app.core.encoding import Link

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

_CONTRIBUTIONS = (
    ("Repaired the folding machine", "Jonas", ("Amara", "Mateo")),
    ("Introduced two new readers", "Priya", ("Sofia",)),
    ("Took minutes for a month", "Sofia", ("Jonas", "Chen Mo")),
)


def play(scribe: Scribe, now_ms: int) -> Iterator[tuple[int, int, dict[str, Member]]]:
    """Play the story up to ``now_ms``; yields (step, steps, people so far)."""
    story = _Story(scribe, now_ms)
    steps = [story.join, story.open_tasks, story.decide, story.work, story.contribute, story.talk]
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

    def open_tasks(self) -> None:
        self._at(19)
        for title, text, reward, _, _ in _TASKS:
            body = {"title": title, "unit": "HBR", "amount": reward, "treasury": True, "lifetime": 0}
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
            if not assignee:
                continue
            link = {"task": Link(self._tasks[title])}
            self._sign(assignee, "task.claim", link)
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

    def talk(self) -> None:
        self._at(0.1)
        for target, name, text in (
            (self._tasks["Draw the tide tables"], "Sofia", "January to June are in; the rest follows today."),
            (self._tasks["Draw the tide tables"], "Jonas", "Looks right to me. Which datum did you use?"),
            (self._proposals["Which towns shall the tour visit?"], "Priya", "Upper Ferry has no hall in *March*."),
            (self._proposals["Give 200 points to the youth group"], "Mateo", "They did good work last year."),
        ):
            self._sign(name, "comment.add", {"on": Link(target)}, text)
            self._seal()
