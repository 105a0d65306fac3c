"""Submission: valid votes enter the queue, and nobody loses their vote by a mistake."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from civic.contracts.identifiers import StyleId
from civic.voting.errors import (
    AlreadyVoted,
    BadSelections,
    CodeMistyped,
    PollNotOpen,
    StoreUnavailable,
    VoterUnknown,
)
from civic.voting.model.ballot import Ballot
from civic.voting.model.election import State
from civic.voting.model.sealing import unseal
from civic.voting.usecases.counting import count
from civic.voting.usecases.submission import Paper, submit
from tests.fakes.ballots import (
    CLOSES,
    ELECTION,
    NORTH,
    OPENS,
    OTHER,
    SOUTH,
    Polling,
    credential,
    definition,
)

MAYOR = {"c1": ["o1"]}
COUNCIL = {"c2": ["o4"]}


def paper(polling: Polling, candidate: str = "o1") -> Paper:
    return Paper(polling.post(SOUTH), selections={"c1": [candidate]})


def counted(polling: Polling) -> None:
    """Let the queue be emptied into the box."""
    count(polling.queue.sent, polling.polls, polling.box)


def test_ballot_arrives_sealed_under_its_receipt() -> None:
    polling = Polling()
    receipt = submit(polling.booth, Paper(credential(), selections=COUNCIL))
    ((election, sealed),) = polling.queue.sent
    made = unseal(election, sealed, polling.keys().seal)
    assert (made.receipt, made.nullifier) == (receipt, credential().nullifier)
    assert Ballot.parse(made.content) == Ballot(ELECTION, NORTH, {"c2": ("o4",)}, {})


def test_older_form_names_a_code_and_a_candidate() -> None:
    polling = Polling()
    code = polling.post(SOUTH)
    receipt = submit(polling.booth, Paper(f" {code.replace('-', '')} ", candidate="Grace"))
    assert receipt == submit(polling.booth, Paper(code, selections={"c1": ["o2"]}))


def test_retry_has_the_same_receipt_and_never_the_same_nonce() -> None:
    polling = Polling()
    one = paper(polling)
    assert submit(polling.booth, one) == submit(polling.booth, one)
    first, second = (sealed[:12] for _, sealed in polling.queue.sent)
    assert first != second


def test_second_vote_is_refused_once_the_first_is_counted() -> None:
    polling = Polling()
    one = paper(polling)
    submit(polling.booth, one)
    counted(polling)
    for again in (one, replace(one, selections={"c1": ["o2"]})):
        with pytest.raises(AlreadyVoted):
            submit(polling.booth, again)
    assert len(polling.queue.sent) == 1


@pytest.mark.parametrize(
    "selections", [{"c1": ["o9"]}, {"c1": ["o3"]}, {"c1": ["o1", "o2"]}, {"c2": ["o4"]}]
)
def test_mistake_does_not_cost_the_vote(selections: dict[str, list[str]]) -> None:
    polling = Polling()
    code = polling.post(SOUTH)
    with pytest.raises(BadSelections):
        submit(polling.booth, Paper(code, selections=selections))
    assert polling.queue.sent == []
    assert submit(polling.booth, Paper(code, selections=MAYOR))


@pytest.mark.parametrize(
    ("at", "state", "code"),
    [
        (OPENS - timedelta(microseconds=1), State.PUBLISHED, "not_open_yet"),
        (OPENS + timedelta(hours=1), State.SUSPENDED, "suspended"),
        (CLOSES, State.PUBLISHED, "closed"),
        (CLOSES, State.OPEN, "closed"),
        (CLOSES, State.SUSPENDED, "closed"),
        (OPENS + timedelta(hours=1), State.CLOSED, "closed"),
        (OPENS + timedelta(hours=1), State.CERTIFIED, "closed"),
    ],
)
@pytest.mark.parametrize("kind", ["code", "credential"])
def test_no_vote_is_taken_outside_the_window(
    at: datetime, state: State, code: str, kind: str
) -> None:
    polling = Polling(now=at, election=definition(state=state))
    voter = polling.post(SOUTH) if kind == "code" else credential(style=SOUTH)
    with pytest.raises(PollNotOpen) as refused:
        submit(polling.booth, Paper(voter, ELECTION, selections=MAYOR))
    assert (refused.value.code, polling.queue.sent) == (code, [])


@pytest.mark.parametrize("at", [OPENS, CLOSES - timedelta(microseconds=1)])
def test_window_is_kept_to_the_instant(at: datetime) -> None:
    polling = Polling(now=at)
    assert submit(polling.booth, paper(polling))


def test_suspension_reaches_the_booth_within_its_cache_and_ends_with_it() -> None:
    polling = Polling()
    one = paper(polling)
    submit(polling.booth, one)
    polling.become(state=State.SUSPENDED)
    with pytest.raises(PollNotOpen):
        submit(polling.booth, one)
    polling.become(state=State.OPEN)
    assert submit(polling.booth, one)


def test_forged_credential_is_unknown() -> None:
    polling = Polling()
    forged = [
        credential(signer=2),
        replace(credential(), style=SOUTH),
        replace(credential(), style=StyleId("nowhere")),
        replace(credential(), election=OTHER),
        replace(credential(), signature=b""),
    ]
    for one in forged:
        with pytest.raises(VoterUnknown):
            submit(polling.booth, Paper(one, selections=MAYOR))
    assert polling.queue.sent == []


def test_credential_of_a_style_without_keys_is_unknown() -> None:
    polling = Polling()
    polling.store._keys[ELECTION].pop(SOUTH)
    with pytest.raises(VoterUnknown):
        submit(polling.booth, Paper(credential(style=SOUTH), selections=MAYOR))


def test_code_that_was_never_posted_is_unknown_and_a_typing_mistake_is_told_apart() -> None:
    polling = Polling()
    code = polling.post(SOUTH)
    polling.codes.codes.clear()
    with pytest.raises(VoterUnknown) as unknown:
        submit(polling.booth, Paper(code, selections=MAYOR))
    assert not isinstance(unknown.value, CodeMistyped)
    for typed in (code[:-1], f"{code}1", "", "163uc-3NQXD-Wgfg0"):
        with pytest.raises(CodeMistyped):
            submit(polling.booth, Paper(typed, selections=MAYOR))


def test_draft_takes_no_votes() -> None:
    polling = Polling(election=definition(state=State.DRAFT))
    for voter in (polling.post(SOUTH), credential(style=SOUTH)):
        with pytest.raises(VoterUnknown):
            submit(polling.booth, Paper(voter, ELECTION, selections=MAYOR))


def test_code_finds_its_election_among_those_that_run() -> None:
    polling = Polling()
    polling.hold(definition(id=OTHER))
    code = polling.post(SOUTH, OTHER)
    submit(polling.booth, Paper(code, selections=MAYOR))
    submit(polling.booth, Paper(code, OTHER, selections=MAYOR))
    assert [election for election, _ in polling.queue.sent] == [OTHER, OTHER]
    with pytest.raises(VoterUnknown):
        submit(polling.booth, Paper(code, ELECTION, selections=MAYOR))


def test_hash_of_a_code_in_another_election_does_not_let_it_vote_there() -> None:
    # A right to store codes for one election adds none to another under its name.
    polling = Polling()
    polling.hold(definition(id=OTHER))
    code = polling.post(SOUTH, OTHER)
    for hashed in list(polling.codes.codes):
        polling.codes.codes[hashed] = (ELECTION, SOUTH)
    with pytest.raises(VoterUnknown):
        submit(polling.booth, Paper(code, OTHER, selections=MAYOR))


class DeafQueue:
    """Takes nothing."""

    def send(self, *_: object) -> None:
        raise StoreUnavailable


def test_nothing_is_promised_when_the_queue_does_not_take_the_ballot() -> None:
    polling = Polling()
    one = paper(polling)
    with pytest.raises(StoreUnavailable):
        submit(replace(polling.booth, queue=DeafQueue()), one)
    assert submit(polling.booth, one)
