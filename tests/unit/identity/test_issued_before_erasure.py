"""Whoever had a credential gets no other for that election by erasing and registering again."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes

import pytest

from civic.client.blinding import SignerKey, blind, prepare
from civic.contracts.events import DecisionDeleted
from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import RollDeleted
from civic.identity.errors import (
    CredentialAlreadyIssued,
    CredentialKeyMissing,
    DuplicateCheckPending,
    ElectionOver,
    IssuedBeforeErasure,
    NotLeftYet,
    RegistrationNotFound,
)
from civic.identity.model.credentials import RollEntry
from civic.identity.model.likeness import LikenessKey, Place
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.comparing import compare
from civic.identity.usecases.issuing import BlindSignature, issue_credential, list_offers
from tests.fakes.elections import ELECTION, OTHER, STYLE, ended, published
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, Consumer, Pipeline
from tests.fakes.reviewing import ACCEPTED, JANE, JOHN, REJECTED, decide
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

MARRIED = {"full_name": "Erika Gabler"}


def registered(pipeline: Pipeline, **changes: object) -> Receipt:
    receipt = pipeline.register(person(**changes))
    pipeline.drain()
    return receipt


def town(*elections: ElectionId, faults: Faults | None = None) -> Pipeline:
    """Return a pipeline with elections in which all of these people vote."""
    pipeline = Pipeline(faults)
    for election in elections or (ELECTION,):
        event = published(NOW, "DE", election=election)
        assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)
    return pipeline


def message(pipeline: Pipeline, election: ElectionId = ELECTION) -> bytes:
    key = SignerKey.parse(pipeline.issuer_keys.public(election, STYLE))
    return blind(key, prepare(token_bytes(32), token_bytes), token_bytes).message


def ask(
    pipeline: Pipeline,
    receipt: Receipt,
    election: ElectionId = ELECTION,
    blinded: bytes | None = None,
) -> BlindSignature:
    blinded = blinded or message(pipeline, election)
    return issue_credential(pipeline.issuing, receipt.id, receipt.access_token, election, blinded)


def erase(pipeline: Pipeline, receipt: Receipt) -> None:
    start = len(pipeline.bus.events)
    pipeline.erase(receipt)
    pipeline.drain(start)


def correct(pipeline: Pipeline, receipt: Receipt, **changes: object) -> None:
    start = len(pipeline.bus.events)
    pipeline.rectify(receipt, person(**changes))
    pipeline.drain(start)


def namesake(pipeline: Pipeline) -> Receipt:
    """Register somebody of the same name and birthday, whom two people tell from the others."""
    receipt = registered(pipeline)
    for by in (JANE, JOHN):
        decide(pipeline, receipt, by=by)
    pipeline.drain()
    assert decision_of(pipeline, receipt.id).accepted
    return receipt


def refused(pipeline: Pipeline, receipt: Receipt, election: ElectionId = ELECTION) -> bool:
    try:
        ask(pipeline, receipt, election)
    except IssuedBeforeErasure:
        return True
    return False


def test_whoever_erases_and_registers_again_is_accepted_and_gets_no_second_credential() -> None:
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    for _ in range(2):
        erase(pipeline, first)
        first = registered(pipeline)
        assert decision_of(pipeline, first.id).accepted
        assert refused(pipeline, first)


def test_without_a_credential_before_it_there_is_one() -> None:
    pipeline = town()
    erase(pipeline, registered(pipeline))
    assert not refused(pipeline, registered(pipeline))


def test_the_next_election_is_not_affected() -> None:
    pipeline = town(ELECTION, OTHER)
    first = registered(pipeline)
    ask(pipeline, first, OTHER)
    erase(pipeline, first)
    second = registered(pipeline)
    assert refused(pipeline, second, OTHER)
    assert not refused(pipeline, second)


def test_same_request_is_answered_again_and_another_one_is_not() -> None:
    pipeline = town()
    receipt, blinded = registered(pipeline), message(pipeline)
    first = ask(pipeline, receipt, blinded=blinded)
    assert ask(pipeline, receipt, blinded=blinded) == first
    with pytest.raises(CredentialAlreadyIssued):
        ask(pipeline, receipt)


def test_roll_that_a_restore_took_back_signs_the_same_request_and_no_other() -> None:
    pipeline = town()
    receipt, blinded = registered(pipeline), message(pipeline)
    first = ask(pipeline, receipt, blinded=blinded)
    entry = pipeline.roll.get(receipt.id)
    assert entry is not None
    pipeline.roll.rows[receipt.id] = RollEntry(entry.standing)
    with pytest.raises(CredentialAlreadyIssued):
        ask(pipeline, receipt)
    assert ask(pipeline, receipt, blinded=blinded) == first


def test_namesakes_get_one_each_and_no_more_by_erasing() -> None:
    pipeline = town()
    one = registered(pipeline)
    two = namesake(pipeline)
    ask(pipeline, one)
    ask(pipeline, two)
    erase(pipeline, one)
    again = namesake(pipeline)
    assert refused(pipeline, again)
    erase(pipeline, two)
    assert refused(pipeline, namesake(pipeline))


def test_of_namesakes_one_who_had_none_gets_it_after_an_erasure() -> None:
    pipeline = town()
    one = registered(pipeline)
    two = namesake(pipeline)
    ask(pipeline, two)
    erase(pipeline, one)
    assert not refused(pipeline, namesake(pipeline))


@pytest.mark.parametrize("changes", [{}, MARRIED])
@pytest.mark.parametrize("married_first", [True, False])
def test_neither_the_old_name_nor_the_new_one_gets_another(
    changes: dict[str, object], *, married_first: bool
) -> None:
    pipeline = town()
    first = registered(pipeline)
    if married_first:
        correct(pipeline, first, **MARRIED)
    ask(pipeline, first)
    if not married_first:
        correct(pipeline, first, **MARRIED)
    erase(pipeline, first)
    assert refused(pipeline, registered(pipeline, **changes))


def test_chain_of_names_and_erasures_leads_to_no_second_one() -> None:
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    correct(pipeline, first, **MARRIED)
    erase(pipeline, first)
    second = registered(pipeline, **MARRIED)
    correct(pipeline, second, full_name="Erika Musterfrau")
    assert refused(pipeline, second)


def test_nobody_takes_a_place_that_is_being_left_before_it_is_marked() -> None:
    """The name was changed after the credential, so only the roll can mark its place."""
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    correct(pipeline, first, **MARRIED)
    start = len(pipeline.bus.events)
    pipeline.erase(first)
    second = pipeline.register(person(**MARRIED))
    order, request = pipeline.bus.events[start:]
    assert pipeline.deliver(Consumer.VALIDATOR, order)
    assert not pipeline.deliver(Consumer.VALIDATOR, request)
    assert pipeline.queue.put_off_now
    with pytest.raises(RegistrationNotFound):
        ask(pipeline, second)
    pipeline.drain(start + 2)
    pipeline.drain(start)
    assert decision_of(pipeline, second.id).accepted
    assert refused(pipeline, second)


def test_what_the_roll_never_confirmed_is_finished_by_a_sweep() -> None:
    pipeline = town()
    first = registered(pipeline)
    correct(pipeline, first, **MARRIED)
    erase(pipeline, first)
    grave = pipeline.decisions.get(first.id)
    assert isinstance(grave, Tombstone)
    places = Place(LikenessKey(bytes(16))), Place(LikenessKey(bytes([1] * 16)))
    pipeline.decisions.rows[first.id] = replace(grave, listed=places)
    pipeline.now += timedelta(hours=2)
    start = len(pipeline.bus.events)
    assert pipeline.sweep()["ErasuresMended"] == 1
    pipeline.drain(start)
    assert pipeline.decisions.get(first.id) == grave


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 40))
def test_erasure_that_breaks_off_anywhere_gives_no_second_one(step: int, *, after: bool) -> None:
    faults = Faults(after=after)
    pipeline = town(faults=faults)
    first = registered(pipeline)
    ask(pipeline, first)
    correct(pipeline, first, **MARRIED)
    faults.at = {faults.calls + step}
    start = len(pipeline.bus.events)
    for _ in range(2):
        with suppress(Crash):
            pipeline.erase(first)
    pipeline.drain(start)
    assert pipeline.likenesses.rows == {}
    assert refused(pipeline, registered(pipeline, **MARRIED))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 8))
def test_request_that_breaks_off_anywhere_is_answered_when_it_comes_again(
    step: int, *, after: bool
) -> None:
    faults = Faults(after=after)
    pipeline = town(faults=faults)
    receipt, blinded = registered(pipeline), message(pipeline)
    faults.at = {faults.calls + step}
    with suppress(Crash):
        ask(pipeline, receipt, blinded=blinded)
    answer = ask(pipeline, receipt, blinded=blinded)
    assert ask(pipeline, receipt, blinded=blinded) == answer
    with pytest.raises(CredentialAlreadyIssued):
        ask(pipeline, receipt)
    erase(pipeline, receipt)
    assert refused(pipeline, registered(pipeline))


@pytest.mark.parametrize("erased", [False, True])
@pytest.mark.parametrize("call", range(1, 8))
def test_issue_that_meets_a_change_of_name_or_an_erasure_marks_every_place(
    call: int, *, erased: bool
) -> None:
    """What is noted under a row that has changed since would miss the new name."""
    meanwhile = Meanwhile()
    pipeline = town(faults=meanwhile)
    first = registered(pipeline)

    def change() -> None:
        correct(pipeline, first, **MARRIED)
        if erased:
            erase(pipeline, first)

    meanwhile.action = change
    meanwhile.at = {meanwhile.calls + call}
    issued = False
    with suppress(RegistrationNotFound):
        ask(pipeline, first)
        issued = True
    erase(pipeline, first)
    for changes in ({}, MARRIED):
        second = registered(pipeline, **changes)
        assert refused(pipeline, second) is issued
        if not issued:
            return
        erase(pipeline, second)


def test_people_take_somebody_off_and_no_name_of_theirs_gets_another() -> None:
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    correct(pipeline, first, **MARRIED)
    correct(pipeline, first, national_id="not one", **MARRIED)
    for by in (JANE, JOHN):
        decide(pipeline, first, REJECTED, by, revision=3)
    pipeline.drain()
    assert decision_of(pipeline, first.id).acceptance is None
    for changes in ({}, MARRIED):
        second = registered(pipeline, **changes)
        assert decision_of(pipeline, second.id).accepted
        assert refused(pipeline, second)
        erase(pipeline, second)


def test_end_of_the_election_destroys_the_key_and_a_late_publication_makes_no_other() -> None:
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, ended(NOW))
    assert pipeline.mark_keys.find(ELECTION) is None
    later = published(NOW, "DE", revision=5)
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, later)
    assert pipeline.mark_keys.find(ELECTION) is None
    erase(pipeline, first)
    with pytest.raises(ElectionOver):
        ask(pipeline, registered(pipeline))


def test_end_that_comes_before_the_publication_holds() -> None:
    pipeline = Pipeline()
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, ended(NOW))
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, published(NOW, "DE"))
    assert pipeline.mark_keys.find(ELECTION) is None


def test_election_that_was_prolonged_still_knows_who_had_a_credential() -> None:
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    longer = published(NOW + timedelta(days=300), "DE", revision=5)
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, longer)
    assert pipeline.mark_keys.expires[ELECTION] == longer.closes_at + timedelta(days=365)
    erase(pipeline, first)
    assert all(mark.expires > longer.closes_at for mark in pipeline.marks.rows.values())
    assert refused(pipeline, registered(pipeline))


def test_without_the_key_nothing_is_issued() -> None:
    pipeline = town()
    receipt = registered(pipeline)
    del pipeline.mark_keys.made[ELECTION]
    with pytest.raises(CredentialKeyMissing):
        ask(pipeline, receipt)
    entry = pipeline.roll.get(receipt.id)
    assert entry is not None
    assert not entry.issued


def test_whoever_waits_as_registered_already_is_told_when_to_ask_again() -> None:
    pipeline = town()
    registered(pipeline)
    second = registered(pipeline)
    for request in (
        lambda: ask(pipeline, second),
        lambda: list_offers(pipeline.issuing, second.id, second.access_token),
    ):
        with pytest.raises(DuplicateCheckPending) as refusal:
            request()
        assert refusal.value.retry_at == NOW + timedelta(days=1)


def test_whoever_was_accepted_without_a_comparison_is_told_when_to_ask_again() -> None:
    pipeline = town()
    receipt = registered(pipeline)
    row = decision_of(pipeline, receipt.id)
    pipeline.decisions.rows[receipt.id] = replace(row, likeness=None, listed=())
    with pytest.raises(DuplicateCheckPending):
        ask(pipeline, receipt)


def test_whoever_is_held_back_as_one_of_a_pair_gets_a_credential_once_that_ends() -> None:
    pipeline = town()
    receipt, blinded = registered(pipeline), message(pipeline)
    row = decision_of(pipeline, receipt.id)
    until = NOW + timedelta(days=2)
    held = replace(row, pairs=replace(row.pairs, held_until=until))
    pipeline.decisions.rows[receipt.id] = held
    with pytest.raises(DuplicateCheckPending) as refusal:
        ask(pipeline, receipt, blinded=blinded)
    assert refusal.value.retry_at == until
    pipeline.now = until
    answer = ask(pipeline, receipt, blinded=blinded)
    pipeline.decisions.rows[receipt.id] = replace(
        held, pairs=replace(held.pairs, held_until=until + timedelta(days=2))
    )
    assert ask(pipeline, receipt, blinded=blinded) == answer


def test_nobody_gets_a_credential_before_a_search_has_come_round() -> None:
    pipeline = town()
    pipeline.issuing = replace(pipeline.issuing, searched_within=timedelta(hours=36))
    first, second = registered(pipeline), registered(pipeline, full_name="Erika Gabler")
    with pytest.raises(DuplicateCheckPending) as refusal:
        ask(pipeline, second)
    assert refusal.value.retry_at == pipeline.now + timedelta(hours=36)
    pipeline.now += timedelta(hours=24)
    pipeline.search()
    pipeline.now += timedelta(hours=12)
    ask(pipeline, first)
    with pytest.raises(DuplicateCheckPending):
        ask(pipeline, second)


def test_whom_people_have_accepted_waits_for_no_search() -> None:
    pipeline = town()
    pipeline.issuing = replace(pipeline.issuing, searched_within=timedelta(hours=36))
    receipt = registered(pipeline, national_id="not one")
    decide(pipeline, receipt)
    pipeline.drain()
    ask(pipeline, receipt)


def test_acceptance_in_force_gives_a_credential_whatever_waits_beside_it() -> None:
    pipeline = town()
    registered(pipeline, **MARRIED)
    receipt = registered(pipeline)
    correct(pipeline, receipt, **MARRIED)
    assert not decision_of(pipeline, receipt.id).accepted
    ask(pipeline, receipt)
    other = registered(pipeline, full_name="Jane Doe")
    correct(pipeline, other, full_name="Jane Doe", national_id="not one")
    assert not decision_of(pipeline, other.id).accepted
    ask(pipeline, other)


def test_issuer_refuses_whom_the_low_security_store_has_erased_or_rejected() -> None:
    """The roll may not have heard of it yet, or a restore may have brought it back."""
    pipeline = town()
    receipt = registered(pipeline)
    pipeline.erase(receipt)
    with pytest.raises(RegistrationNotFound):
        ask(pipeline, receipt)


def test_a_mark_tells_nothing_without_the_key() -> None:
    pipeline = town()
    receipt = registered(pipeline)
    ask(pipeline, receipt)
    (mark,) = pipeline.marks.rows.values()
    row = decision_of(pipeline, receipt.id)
    (place,) = row.listed
    kept = mark.place + mark.holder + mark.asked
    assert len({mark.place, mark.holder, mark.asked}) == 3
    for secret in (place.encoded, place.likeness, receipt.id.encode(), ELECTION.encode()):
        assert secret not in kept


def test_erasure_leaves_the_marks_and_nothing_else() -> None:
    pipeline = town()
    first = registered(pipeline)
    ask(pipeline, first)
    correct(pipeline, first, **MARRIED)
    erase(pipeline, first)
    assert pipeline.likenesses.rows == {}
    grave = pipeline.decisions.get(first.id)
    assert isinstance(grave, Tombstone)
    assert grave.listed == ()
    assert len(pipeline.marks.rows) == 2
    assert len(pipeline.bus.of(DecisionDeleted)) == len(pipeline.bus.of(RollDeleted)) == 1


def test_comparison_waits_for_whoever_is_leaving_several_places() -> None:
    pipeline = town()
    first = registered(pipeline)
    correct(pipeline, first, **MARRIED)
    pipeline.erase(first)
    grave = pipeline.decisions.get(first.id)
    assert isinstance(grave, Tombstone)
    stores = pipeline.decisions, pipeline.likenesses
    for place in grave.listed:
        with pytest.raises(NotLeftYet):
            compare(*stores, place.likeness, UNKNOWN, None)


def test_decision_of_people_on_a_namesake_holds_for_its_place() -> None:
    pipeline = town()
    one, two = registered(pipeline), registered(pipeline)
    for by in (JANE, JOHN):
        decide(pipeline, two, ACCEPTED, by)
    pipeline.drain()
    numbers = [decision_of(pipeline, who.id).listed[0].number for who in (one, two)]
    assert numbers == [0, 1]
    with suppress(IssuedBeforeErasure):
        ask(pipeline, one)
        ask(pipeline, two)
    assert len(pipeline.marks.rows) == 2
