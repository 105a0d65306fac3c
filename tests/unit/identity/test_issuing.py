"""One credential for each person and election: who gets it, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes

import pytest

from civic.client.blinding import SignerKey, blind, finalize, prepare, verifies
from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.identity.errors import (
    BlindedMessageRefused,
    CredentialAlreadyIssued,
    ElectionNotFound,
    ElectionOver,
    RegistrationNotFound,
)
from civic.identity.model.credentials import Noted, RequestDigest, RollEntry, request_digest
from civic.identity.model.marks import Marking
from civic.identity.model.receipt import Receipt
from civic.identity.usecases.issuing import BlindSignature, Offer, issue_credential, list_offers
from civic.lab.memory.credentials import MemoryIssuerRoll
from tests.fakes.elections import ELECTION, ELSEWHERE, OTHER, STYLE, ended, published
from tests.fakes.marking import marking as marking_of
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, Consumer, Pipeline
from tests.fakes.reviewing import DOUBTFUL, take_off
from tests.strategies.registrations import person


def voter(pipeline: Pipeline, *areas: str) -> Receipt:
    """Return an accepted person, and publish an election for areas."""
    receipt = pipeline.register(person())
    pipeline.drain()
    publish(pipeline, *(areas or (region(pipeline, receipt),)))
    return receipt


def publish(
    pipeline: Pipeline,
    *areas: str,
    election: ElectionId = ELECTION,
    revision: int = 4,
    style: StyleId = STYLE,
) -> None:
    event = published(NOW, *areas, election=election, revision=revision, style=style)
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)


def region(pipeline: Pipeline, receipt: Receipt) -> str:
    entry = pipeline.roll.get(receipt.id)
    assert entry is not None
    return entry.standing.areas[0]


def offers(pipeline: Pipeline, receipt: Receipt) -> tuple[Offer, ...]:
    return list_offers(pipeline.issuing, receipt.id, receipt.access_token).offered


def message(pipeline: Pipeline, election: ElectionId = ELECTION) -> bytes:
    key = SignerKey.parse(pipeline.issuer_keys.public(election, STYLE))
    return blind(key, prepare(token_bytes(32), token_bytes), token_bytes).message


def ask(
    pipeline: Pipeline, receipt: Receipt, blinded: bytes, election: ElectionId = ELECTION
) -> BlindSignature:
    return issue_credential(pipeline.issuing, receipt.id, receipt.access_token, election, blinded)


def test_accepted_person_gets_a_signature_that_becomes_a_credential() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    (offer,) = offers(pipeline, receipt)
    key = SignerKey.parse(offer.public_key)
    prepared = prepare(token_bytes(32), token_bytes)
    blinded = blind(key, prepared, token_bytes)
    signed = ask(pipeline, receipt, blinded.message)
    assert (signed.election, signed.style) == (ELECTION, STYLE)
    signature = finalize(key, prepared, signed.signature, blinded.inverse)
    assert verifies(key, prepared, signature)


def test_nothing_the_issuer_keeps_or_announces_holds_the_credential() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    blinded = message(pipeline)
    signed = ask(pipeline, receipt, blinded)
    seen = repr((pipeline.roll.rows, pipeline.bus.events, pipeline.log.lines))
    assert repr(blinded) not in seen
    assert repr(signed.signature) not in seen


def test_same_message_gets_the_same_signature_and_another_none() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    blinded = message(pipeline)
    first = ask(pipeline, receipt, blinded)
    assert ask(pipeline, receipt, blinded) == first
    with pytest.raises(CredentialAlreadyIssued):
        ask(pipeline, receipt, message(pipeline))
    assert ask(pipeline, receipt, blinded) == first


def test_one_election_does_not_use_up_another() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    publish(pipeline, region(pipeline, receipt), election=OTHER)
    for election in (ELECTION, OTHER):
        ask(pipeline, receipt, message(pipeline, election), election)
    assert [(one.window.election, one.issued) for one in offers(pipeline, receipt)] == [
        (ELECTION, True),
        (OTHER, True),
    ]


def test_offer_says_whether_it_was_taken() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    (before,) = offers(pipeline, receipt)
    ask(pipeline, receipt, message(pipeline))
    (after,) = offers(pipeline, receipt)
    assert (before.issued, after.issued) == (False, True)
    assert before.style == STYLE
    assert (before.window.opens_at, before.window.closes_at) == (
        NOW + timedelta(days=7),
        NOW + timedelta(days=8),
    )


def strangers(pipeline: Pipeline) -> list[tuple[RegistrationId, str]]:
    receipt = voter(pipeline)
    rejected = pipeline.register(person(citizenship_attestation=False))
    erased = pipeline.register(person(username="erased"))
    pipeline.drain()
    start = len(pipeline.bus.events)
    pipeline.erase(erased)
    pipeline.drain(start)
    return [
        (receipt.id, "another token"),
        (UNKNOWN, receipt.access_token),
        (rejected.id, rejected.access_token),
        (erased.id, erased.access_token),
    ]


@pytest.mark.parametrize("number", range(4))
def test_whoever_is_not_on_the_roll_is_not_found(number: int) -> None:
    pipeline = Pipeline()
    who, token = strangers(pipeline)[number]
    with pytest.raises(RegistrationNotFound):
        list_offers(pipeline.issuing, who, token)
    with pytest.raises(RegistrationNotFound):
        issue_credential(pipeline.issuing, who, token, ELECTION, message(pipeline))


def test_person_without_a_digest_cannot_ask() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    entry = pipeline.roll.rows[receipt.id]
    assert isinstance(entry, RollEntry)
    pipeline.roll.rows[receipt.id] = replace(
        entry, standing=replace(entry.standing, access_digest=None)
    )
    with pytest.raises(RegistrationNotFound):
        ask(pipeline, receipt, message(pipeline))


def test_election_of_another_area_is_not_found() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline, "XY")
    assert offers(pipeline, receipt) == ()
    for election in (ELECTION, OTHER):
        with pytest.raises(ElectionNotFound):
            ask(pipeline, receipt, message(pipeline), election)


def test_style_of_the_country_is_for_every_region_without_one_of_its_own() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline, "XY")
    entry = pipeline.roll.rows[receipt.id]
    assert isinstance(entry, RollEntry)
    pipeline.roll.rows[receipt.id] = replace(
        entry, standing=replace(entry.standing, areas=("DE-BE", "DE"))
    )
    publish(pipeline, "DE", election=OTHER)
    assert ask(pipeline, receipt, message(pipeline, OTHER), OTHER).style == STYLE
    publish(pipeline, "DE", "DE-BE", election=ELECTION, revision=5)
    assert [one.window.election for one in offers(pipeline, receipt)] == [ELECTION, OTHER]


@pytest.mark.parametrize("how", ["closed", "ended"])
def test_election_that_is_over_gives_none(how: str) -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    blinded = message(pipeline)
    ask(pipeline, receipt, blinded)
    if how == "closed":
        pipeline.now = NOW + timedelta(days=8)
    else:
        pipeline.deliver(Consumer.CREDENTIAL_ROLL, ended(NOW))
    assert offers(pipeline, receipt) == ()
    with pytest.raises(ElectionOver):
        ask(pipeline, receipt, blinded)


def test_election_gives_credentials_until_the_moment_it_closes() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    pipeline.now = NOW + timedelta(days=8) - timedelta(microseconds=1)
    assert ask(pipeline, receipt, message(pipeline)).style == STYLE


@pytest.mark.parametrize("wrong", [b"", b"\x01", b"\xff" * 384, bytes(385)])
def test_message_of_the_wrong_form_is_refused_and_uses_nothing_up(wrong: bytes) -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    with pytest.raises(BlindedMessageRefused):
        ask(pipeline, receipt, wrong)
    assert ask(pipeline, receipt, message(pipeline)).style == STYLE


class Overtaken(MemoryIssuerRoll):
    """Between reading and writing the row, another request changed it."""

    def __init__(self, inner: MemoryIssuerRoll, *, erased: bool) -> None:
        super().__init__(inner.decisions, inner.marks)
        self.rows = inner.rows
        self._erased = erased

    def issue(
        self, registration: RegistrationId, election: ElectionId, request: Noted, marking: Marking
    ) -> bool:
        if self._erased:
            self.erased(registration, NOW, NOW)
        else:
            another = Noted(RequestDigest(bytes(32)), STYLE)
            there = marking_of(self.decisions, registration, election, another)
            super().issue(registration, election, another, there)
        return super().issue(registration, election, request, marking)


@pytest.mark.parametrize(
    ("erased", "refusal"), [(True, RegistrationNotFound), (False, CredentialAlreadyIssued)]
)
def test_of_two_at_once_the_row_decides(refusal: type[Exception], *, erased: bool) -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    roll = Overtaken(pipeline.roll, erased=erased)
    issuing = replace(pipeline.issuing, roll=roll)
    with pytest.raises(refusal):
        issue_credential(issuing, receipt.id, receipt.access_token, ELECTION, message(pipeline))


def test_request_is_noted_before_it_is_signed() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    first = message(pipeline)

    def fail(_size: int) -> bytes:
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        issue_credential(
            replace(pipeline.issuing, entropy=fail),
            receipt.id,
            receipt.access_token,
            ELECTION,
            first,
        )
    with pytest.raises(CredentialAlreadyIssued):
        ask(pipeline, receipt, message(pipeline))
    assert ask(pipeline, receipt, first).election == ELECTION


def test_correction_in_doubt_ends_nothing_and_rejection_by_people_does() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    blinded = message(pipeline)
    first = ask(pipeline, receipt, blinded)
    start = len(pipeline.bus.events)
    pipeline.rectify(receipt, DOUBTFUL)
    pipeline.drain(start)
    assert ask(pipeline, receipt, blinded) == first
    start = len(pipeline.bus.events)
    take_off(pipeline, receipt)
    pipeline.drain(start)
    with pytest.raises(RegistrationNotFound):
        ask(pipeline, receipt, blinded)


def test_same_message_is_another_request_under_another_style() -> None:
    assert request_digest(STYLE, b"message") != request_digest(ELSEWHERE, b"message")
    assert request_digest(STYLE, b"message") == request_digest(STYLE, b"message")
    assert request_digest(StyleId("a"), b"b") != request_digest(StyleId("ab"), b"")
