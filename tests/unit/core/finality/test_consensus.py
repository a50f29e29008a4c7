"""Every rule of the consensus machine by itself; lines are those of algorithm 1 in arXiv 1807.04938."""

from __future__ import annotations

import pytest

from dao_app.core.finality.consensus import (
    Cast,
    Commit,
    Evidence,
    Judge,
    Keep,
    Offer,
    ProposeValue,
    Timer,
    timeout_ms,
)
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, propose
from dao_app.core.limits import ROUND_TIMEOUT_MS, ROUND_TIMEOUT_MS_MAX, ROUNDS_AHEAD_MAX
from tests.fakes.witnesses import HEIGHT, Played, id_of, keys, proposal, value, vote


def of(kind, outputs):
    return [output for output in outputs if isinstance(output, kind)]


# -- quiet ---------------------------------------------------------------------------------------
def test_nothing_runs_until_something_is_wanted():
    quiet = Played()
    assert quiet.out == []
    assert quiet.wait(10**9) == []
    assert of(Timer, quiet.want()) == [Timer(10**9 + ROUND_TIMEOUT_MS)]


def test_a_single_other_witness_does_not_wake_but_the_leaders_proposal_or_two_do():
    alone = Played(me=1)
    assert of(Timer, alone.hear(vote(PREVOTE, 0, None, 3))) == []
    assert of(Timer, alone.hear(vote(PREVOTE, 0, None, 2))) != []
    led = Played(me=1)
    assert of(Cast, led.hear(proposal(0, "a"))) != []


def test_nothing_starts_before_syncing_and_time_outs_begin_anew_after_it():
    late = Played(synced=False)
    assert late.want() == []
    assert of(Cast, late.hear(proposal(0, "a"))) == []
    late.now = 50_000
    assert of(Cast, late.take(late.machine.synced(late.now))) != []
    waiting = Played()
    waiting.want()
    waiting.now = 1_000
    waiting.take(waiting.machine.synced(1_000, False))
    assert waiting.wait(10_000) == []
    again = waiting.take(waiting.machine.synced(waiting.now, True))
    assert of(Timer, again) == [Timer(11_000 + ROUND_TIMEOUT_MS)]
    assert waiting.take(waiting.machine.synced(waiting.now, True)) == []


# -- leading (lines 14-19) -----------------------------------------------------------------------
def test_the_leader_asks_for_a_value_and_proposes_it():
    leader = Played(me=0)
    leader.mine = "a"
    out = leader.want()
    assert of(ProposeValue, out) == [ProposeValue(0)]
    (offer,) = of(Offer, out)
    assert (offer.proposal.round, offer.proposal.valid_round, offer.proposal.id) == (0, -1, id_of("a"))
    assert leader.said() == [(0, PREVOTE, id_of("a"))]
    assert of(Judge, out) == []


def test_a_leader_with_nothing_to_seal_falls_quiet_again():
    leader = Played(me=0)
    assert of(Timer, leader.want()) == []
    assert leader.wait(10**6) == []
    leader.mine = "a"
    assert of(Offer, leader.want()) != []


def test_a_leader_with_nothing_lets_the_round_pass_where_others_are_at_work():
    leader = Played(me=0)
    leader.hear(vote(PREVOTE, 0, None, 1), vote(PREVOTE, 0, None, 2))
    leader.want()
    leader.wait(ROUND_TIMEOUT_MS)
    assert (0, PREVOTE, None) in leader.said()


def test_a_leader_puts_forward_the_valid_value_with_its_round():
    leader = Played(me=1)
    leader.hear(proposal(0, "a"), vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, "a", 2))
    leader.hear(*(vote(PRECOMMIT, 0, None, by) for by in (0, 2)))
    out = leader.wait(ROUND_TIMEOUT_MS)
    (offer,) = of(Offer, out)
    assert (offer.proposal.round, offer.proposal.valid_round, offer.proposal.id) == (1, 0, id_of("a"))
    assert of(ProposeValue, out) == []


# -- prevotes on a fresh proposal (lines 22-27) --------------------------------------------------
@pytest.mark.parametrize(("verdict", "voted"), [("valid", "a"), ("invalid", None), ("left_out", None)])
def test_a_fresh_proposal_is_prevoted_as_it_is_judged(verdict, voted):
    played = Played()
    played.verdicts["a"] = verdict
    (judge,) = of(Judge, played.hear(proposal(0, "a")))
    assert judge.fresh
    assert played.said() == [(0, PREVOTE, id_of(voted))]


def test_what_is_missing_is_waited_for_and_named_in_the_nil_vote():
    played = Played()
    played.verdicts["a"] = "missing"
    played.hear(proposal(0, "a"))
    assert played.said() == []
    (cast,) = of(Cast, played.wait(ROUND_TIMEOUT_MS))
    assert cast.vote.id is None and cast.vote.missing == (b"\1" * 32,)


def test_what_was_missing_is_asked_again_when_told_to():
    played = Played()
    played.verdicts["a"] = "missing"
    played.hear(proposal(0, "a"))
    assert of(Judge, played.hear(vote(PREVOTE, 0, "a", 2))) == []
    played.verdicts["a"] = "valid"
    played.take(played.machine.retry(played.now))
    assert played.said() == [(0, PREVOTE, id_of("a"))]


def test_only_the_leader_may_propose():
    played = Played()
    assert played.hear(proposal(0, "a", by=2)) == []
    assert played.hear(proposal(0, "a")._replace(height=HEIGHT + 1)) == []
    assert played.hear(proposal(0, "a")._replace(witness=b"stranger")) == []


def test_only_one_prevote_where_the_leader_proposes_two():
    played = Played()
    played.hear(proposal(0, "a"), proposal(0, "b"), proposal(0, "c"))
    assert played.said() == [(0, PREVOTE, id_of("a"))]


def test_anothers_moves_with_the_same_checkpoint_are_judged_apart():
    played = Played(me=2)
    bad = proposal(0, "a")._replace(content=b"other moves")
    played.verdicts["a"] = lambda judge: "invalid" if judge.proposal.content == b"other moves" else "valid"
    played.hear(bad)
    assert played.said() == [(0, PREVOTE, None)]
    played.hear(vote(PRECOMMIT, 1, None, 0), vote(PRECOMMIT, 1, None, 3), proposal(1, "a"))
    assert played.said()[-1] == (1, PREVOTE, id_of("a"))


# -- lock and re-proposal (lines 28-43) ----------------------------------------------------------
def locked(me: int = 3) -> Played:
    """A witness locked on "a" in round 0, now in round 1, whose leader is w1."""
    played = Played(me=me)
    played.hear(proposal(0, "a"), vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, "a", 1))
    assert played.said() == [(0, PREVOTE, id_of("a")), (0, PRECOMMIT, id_of("a"))]
    played.hear(vote(PRECOMMIT, 0, None, 0), vote(PRECOMMIT, 0, None, 1))
    played.wait(ROUND_TIMEOUT_MS)
    assert played.machine.standing().round == 1
    return played


def test_a_quorum_of_prevotes_locks_and_precommits():
    played = locked()
    played.hear(proposal(1, "b"))
    assert played.said()[-1] == (1, PREVOTE, None)
    assert of(Judge, played.out)[-1].proposal.id == id_of("a")  # no need to judge the other one


def test_two_of_four_prevotes_are_no_quorum():
    played = Played(me=3)
    played.hear(proposal(0, "a"), vote(PREVOTE, 0, "a", 0))
    assert played.said() == [(0, PREVOTE, id_of("a"))]


def test_a_locked_value_is_prevoted_again_when_it_comes_fresh():
    played = locked()
    played.hear(proposal(1, "a"))
    assert played.said()[-1] == (1, PREVOTE, id_of("a"))


def test_a_lock_gives_way_to_a_quorum_of_a_later_round_only():
    played = locked()
    played.hear(*(vote(PREVOTE, 1, "b", by) for by in (0, 1, 2)))
    played.hear(*(vote(PRECOMMIT, 2, None, by) for by in (0, 1)))  # to round 2, led by w2
    played.hear(proposal(2, "b", valid_round=1))
    assert played.said()[-1] == (2, PREVOTE, id_of("b"))


def test_a_lock_does_not_give_way_to_a_quorum_of_an_earlier_round():
    played = Played(me=3)
    played.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 2)))
    played.hear(proposal(1, "a"), vote(PREVOTE, 1, "a", 0), vote(PREVOTE, 1, "a", 1))
    assert played.said()[-1] == (1, PRECOMMIT, id_of("a"))
    played.hear(*(vote(PREVOTE, 0, "b", by) for by in (0, 1, 2)))
    played.hear(*(vote(PRECOMMIT, 2, None, by) for by in (0, 1)), proposal(2, "b", valid_round=0))
    assert played.said()[-1] == (2, PREVOTE, None)


def test_a_re_proposal_waits_for_its_quorum_of_prevotes():
    played = Played(me=3)
    played.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 2)))
    played.hear(proposal(1, "a", valid_round=0), vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, "a", 1))
    assert played.said() == []
    (judge,) = of(Judge, played.hear(vote(PREVOTE, 0, "a", 2)))
    assert not judge.fresh
    assert played.said() == [(1, PREVOTE, id_of("a"))]


def test_what_was_left_out_binds_a_fresh_proposal_and_no_re_proposal():
    played = Played(me=3)
    played.verdicts["a"] = "left_out"
    played.hear(proposal(0, "a"))
    assert played.said() == [(0, PREVOTE, None)]
    played.hear(*(vote(PREVOTE, 0, "a", by) for by in (0, 1, 2)))
    assert played.said()[-1] == (0, PRECOMMIT, id_of("a"))


def test_left_out_binds_no_re_proposal_of_a_witness_that_is_not_locked():
    played = Played(me=3)
    played.verdicts["a"] = "left_out"
    played.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 2)))
    played.hear(proposal(1, "a", valid_round=0), *(vote(PREVOTE, 0, "a", by) for by in (0, 1, 2)))
    assert played.said() == [(1, PREVOTE, id_of("a"))]


def test_nothing_is_locked_that_is_not_good_here():
    played = Played(me=3)
    played.verdicts["a"] = "invalid"
    played.hear(proposal(0, "a"), *(vote(PREVOTE, 0, "a", by) for by in (0, 1, 2)))
    assert played.said() == [(0, PREVOTE, None)]


def test_a_quorum_heard_after_the_precommit_gives_a_valid_value_without_a_lock():
    played = Played(me=1)
    played.verdicts["a"] = "left_out"
    played.hear(proposal(0, "a"), vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, None, 2))
    played.wait(ROUND_TIMEOUT_MS)
    assert played.said()[-1] == (0, PRECOMMIT, None)
    played.hear(vote(PREVOTE, 0, "a", 2), vote(PREVOTE, 0, "a", 3))
    played.hear(vote(PRECOMMIT, 0, None, 0), vote(PRECOMMIT, 0, None, 2))
    (offer,) = of(Offer, played.wait(ROUND_TIMEOUT_MS))
    assert (offer.proposal.valid_round, offer.proposal.id) == (0, id_of("a"))
    assert len([s for s in played.said() if s[:2] == (0, PRECOMMIT)]) == 1


def test_a_quorum_of_an_earlier_round_heard_late_still_gives_the_valid_value():
    played = Played(me=2)
    played.mine = "b"
    played.hear(proposal(0, "a"))
    played.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 3)))
    played.hear(*(vote(PREVOTE, 0, "a", by) for by in (0, 1, 3)))
    played.want()
    played.hear(*(vote(PREVOTE, 1, None, by) for by in (0, 3)))
    played.wait(ROUND_TIMEOUT_MS * 2)
    played.hear(*(vote(PRECOMMIT, 2, None, by) for by in (0, 3)))
    (offer,) = of(Offer, played.out)
    assert (offer.proposal.round, offer.proposal.valid_round, offer.proposal.id) == (2, 0, id_of("a"))


# -- nil, time-outs, rounds (lines 34, 44-48, 55-67) ---------------------------------------------
def test_a_quorum_of_nil_prevotes_is_precommitted_nil_at_once():
    played = Played(me=3)
    played.verdicts["a"] = "invalid"
    played.hear(proposal(0, "a"), vote(PREVOTE, 0, None, 1), vote(PREVOTE, 0, None, 2))
    assert played.said() == [(0, PREVOTE, None), (0, PRECOMMIT, None)]


def test_without_a_proposal_the_round_goes_nil_after_its_time_out():
    played = Played(me=3)
    played.want()
    assert played.wait(ROUND_TIMEOUT_MS - 1) == []
    played.wait(1)
    assert played.said() == [(0, PREVOTE, None)]


def test_prevotes_that_disagree_are_waited_out():
    played = Played(me=3)
    played.hear(proposal(0, "a"))
    assert of(Timer, played.hear(vote(PREVOTE, 0, "a", 0))) == []
    assert of(Timer, played.hear(vote(PREVOTE, 0, None, 1))) == [Timer(ROUND_TIMEOUT_MS)]
    played.wait(ROUND_TIMEOUT_MS)
    assert played.said()[-1] == (0, PRECOMMIT, None)


def test_precommits_that_disagree_lead_to_the_next_round_after_the_time_out():
    played = Played(me=3)
    played.hear(proposal(0, "a"), *(vote(PRECOMMIT, 0, name, by) for by, name in ((0, "a"), (1, None), (2, None))))
    assert played.machine.standing().round == 0
    played.wait(ROUND_TIMEOUT_MS)
    assert played.machine.standing().round == 1


def test_rounds_wait_longer_and_longer_up_to_a_bound():
    assert [timeout_ms(round_) for round_ in (0, 1, 2, 10)] == [2_000, 4_000, 8_000, 2_048_000]
    assert timeout_ms(11) == timeout_ms(10**6) == ROUND_TIMEOUT_MS_MAX


@pytest.mark.parametrize(("count", "spoken", "round_"), [(4, 1, 0), (4, 2, 7), (7, 2, 0), (7, 3, 7), (10, 4, 7)])
def test_more_than_f_witnesses_of_a_later_round_skip_to_it(count, spoken, round_):
    played = Played(me=count - 1, count=count)
    played.hear(*(vote(PREVOTE, 7, None, by) for by in range(spoken)))
    assert played.machine.standing().round == round_


def test_the_round_skipped_to_is_one_that_an_honest_witness_reached():
    played = Played(me=3)
    played.hear(vote(PREVOTE, 900, None, 0), vote(PREVOTE, 5, None, 1))
    assert played.machine.standing().round == 5


def test_a_clock_that_is_set_back_does_not_stop_the_time_outs():
    played = Played(me=3)
    played.now = 10**9
    played.want()
    played.wait(-(10**9) + 1)
    assert played.said() == []
    played.wait(ROUND_TIMEOUT_MS)
    assert played.said() == [(0, PREVOTE, None)]


# -- decision (line 49) --------------------------------------------------------------------------
@pytest.mark.parametrize("me", [3, None])
def test_a_quorum_of_precommits_decides(me):
    played = Played(me=me)
    played.hear(proposal(0, "a"), vote(PRECOMMIT, 0, "a", 0), vote(PRECOMMIT, 0, "a", 1))
    assert of(Commit, played.out) == []
    (commit,) = of(Commit, played.hear(vote(PRECOMMIT, 0, "a", 2)))
    assert commit.checkpoint == value("a")
    assert [(p.witness, p.round) for p in commit.precommits] == [(key, 0) for key in keys(4)[:3]]
    assert played.machine.decided
    assert played.wait(10**9) == []


def test_an_earlier_round_may_still_decide():
    played = locked()
    played.hear(proposal(1, "b"), vote(PRECOMMIT, 0, "a", 1))
    (commit,) = of(Commit, played.hear(vote(PRECOMMIT, 0, "a", 2)))
    assert commit.checkpoint == value("a")


def test_precommits_for_what_is_not_here_wait_for_it():
    played = Played(me=3)
    played.hear(*(vote(PRECOMMIT, 0, "a", by) for by in (0, 1, 2)))
    assert of(Commit, played.out) == []
    assert of(Commit, played.hear(proposal(0, "a"))) != []


def test_precommits_of_different_rounds_do_not_add_up():
    played = Played(me=3)
    played.hear(proposal(0, "a"), *(vote(PRECOMMIT, by, "a", by) for by in (0, 1, 2)))
    assert of(Commit, played.out) == []


@pytest.mark.parametrize("count", [1, 4, 7, 10])
def test_all_honest_witnesses_decide_in_round_nought(count):
    """Everything said is heard by all; a sole witness needs no timer and no second call."""
    machines = [Played(me=place, count=count) for place in range(count)]
    leader = HEIGHT % count
    machines[leader].mine = "a"
    queue = of(Keep, machines[leader].want())
    for _ in range(1_000):
        if not queue:
            break
        message = queue.pop(0).message
        for machine in machines:
            if keys(count).index(message.witness) != machines.index(machine):
                queue.extend(of(Keep, machine.hear(message)))
    for machine in machines:
        (commit,) = of(Commit, machine.out)
        assert len(commit.precommits) >= machine.machine._heard.quorum
    if count == 1:
        assert of(Timer, machines[0].out) == []


# -- what must not be forgotten ------------------------------------------------------------------
def test_a_machine_that_comes_back_says_the_same_again_and_keeps_its_lock():
    before = locked()
    again = Played(me=3, saved=before.saved())
    assert again.said() == [(0, PREVOTE, id_of("a")), (0, PRECOMMIT, id_of("a"))]
    again.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 1)), proposal(1, "b"))
    assert again.said()[-1] == (1, PREVOTE, None)


def test_a_leader_that_comes_back_offers_the_same_again():
    before = Played(me=0)
    before.mine = "a"
    before.want()
    first = of(Offer, before.out)[0]
    again = Played(me=0, saved=first.saved)
    again.mine = "b"
    again.want()
    offers = of(Offer, again.out)
    assert offers and all(offer.proposal == first.proposal for offer in offers)
    assert again.said() == [(0, PREVOTE, id_of("a"))]


def test_a_machine_that_comes_back_may_put_its_valid_value_forward():
    before = Played(me=1)
    before.hear(proposal(0, "a"), vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, "a", 2))
    again = Played(me=1, saved=before.saved())
    again.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 2)))
    (offer,) = of(Offer, again.out)
    assert (offer.proposal.round, offer.proposal.valid_round, offer.proposal.id) == (1, 0, id_of("a"))


@pytest.mark.parametrize(
    "forgotten", [vote(PREVOTE, 0, "a", 3), vote(PRECOMMIT, 2, None, 3), proposal(3, "a", by=3)]
)
def test_a_witness_that_hears_itself_say_what_it_does_not_know_is_silent(forgotten):
    restored = Played(me=3)
    restored.hear(forgotten)
    assert restored.machine.standing().silent
    restored.hear(proposal(0, "b"))
    restored.want()
    restored.wait(10**9)
    assert restored.said() == [] and of(Offer, restored.out) == []
    restored.hear(*(vote(PRECOMMIT, 0, "b", by) for by in (0, 1, 2)))
    assert of(Commit, restored.out) != []


def test_its_own_words_of_earlier_rounds_do_not_silence_it():
    played = locked()
    played.hear(vote(PREVOTE, 0, "a", 3), vote(PRECOMMIT, 0, "a", 3))
    assert not played.machine.standing().silent


# -- evidence and bounds -------------------------------------------------------------------------
@pytest.mark.parametrize(("one", "two"), [("a", "b"), ("a", None), (None, "a")])
@pytest.mark.parametrize("step", [PREVOTE, PRECOMMIT])
def test_two_votes_of_one_witness_are_evidence_once(step, one, two):
    played = Played(me=3)
    first, second = vote(step, 0, one, 0), vote(step, 0, two, 0)
    played.hear(first, first)
    assert of(Evidence, played.out) == []
    assert of(Evidence, played.hear(second)) == [Evidence(first, second)]
    assert of(Evidence, played.hear(second, vote(step, 0, "c", 0))) == []


def test_votes_for_different_rounds_or_steps_are_no_evidence():
    played = Played(me=3)
    played.hear(vote(PREVOTE, 0, "a", 0), vote(PRECOMMIT, 0, None, 0), vote(PREVOTE, 1, "b", 0))
    assert of(Evidence, played.out) == []


def test_everything_new_is_kept_once():
    played = Played(me=3)
    assert len(of(Keep, played.hear(vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, "a", 0)))) == 1
    kept = of(Keep, played.hear(proposal(0, "a"), proposal(0, "a"), proposal(0, "b"), proposal(0, "c")))
    assert [k.message for k in kept if k.message.witness == b"w0"] == [proposal(0, "a"), proposal(0, "b")]


def test_a_witness_that_makes_up_rounds_takes_only_its_own_room():
    played = Played(me=3)
    flood = [vote(PREVOTE, round_, None, 0) for round_ in range(1, 10 * ROUNDS_AHEAD_MAX)]
    played.hear(*flood)
    assert played.machine.standing().round == 0
    assert len(played.machine.messages()) == ROUNDS_AHEAD_MAX
    played.hear(*(vote(PREVOTE, 3, None, by) for by in (1, 2)))
    assert played.machine.standing().round == 3
    proposals = [
        propose(HEIGHT, 4 * round_, -1, value("x"), (), (), b"w0")._replace(signature=b"s") for round_ in range(1, 200)
    ]
    played.hear(*proposals)
    assert len([m for m in played.machine.messages() if m in proposals]) <= 4


def test_an_onlooker_says_nothing_and_sees_how_far_the_height_is():
    onlooker = Played(me=None)
    onlooker.hear(proposal(0, "a"), vote(PREVOTE, 0, "a", 0), vote(PREVOTE, 0, "a", 1), vote(PRECOMMIT, 0, "a", 1))
    standing = onlooker.machine.standing()
    assert (standing.round, standing.leader) == (0, b"w0")
    assert standing.prevoted == (True, True, False, False)
    assert standing.precommitted == (False, True, False, False)
    onlooker.wait(10**9)
    assert of(Cast, onlooker.out) == of(Offer, onlooker.out) == of(Timer, onlooker.out) == []


def test_the_leader_learns_what_others_miss():
    played = Played(me=0)
    nil = vote(PREVOTE, 0, None, 1)._replace(missing=(b"x" * 32, b"y" * 32))
    played.hear(nil, vote(PREVOTE, 0, None, 2)._replace(missing=(b"y" * 32,)))
    assert played.machine.left_out() == [b"y" * 32, b"x" * 32]


def test_a_third_vote_is_kept_where_an_honest_witness_voted_alike():
    """Else who says three things could show one of them a quorum that the others never understand."""
    played = Played(me=3)
    played.hear(*(vote(PREVOTE, 0, name, 1) for name in ("x", "y", "a")), vote(PREVOTE, 0, "a", 0))
    played.hear(*(vote(PRECOMMIT, 1, None, by) for by in (0, 2)), proposal(1, "a", valid_round=0, by=1))
    assert played.said() == []
    assert of(Keep, played.hear(vote(PREVOTE, 0, "a", 1))) == []
    played.hear(vote(PREVOTE, 0, "a", 2), vote(PREVOTE, 0, "a", 1))
    assert played.said() == [(1, PREVOTE, id_of("a"))]
