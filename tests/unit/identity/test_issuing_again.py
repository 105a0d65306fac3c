"""The same request gets the same answer, whatever has changed, and nothing is signed twice."""

from dataclasses import replace
from datetime import date, timedelta
from secrets import token_bytes
from typing import Any

import pytest

from civic.client.blinding import SignerKey, blind, finalize, prepare, verifies
from civic.contracts.identifiers import ElectionId, RegistrationId, Revision, StyleId
from civic.contracts.voting import StyleAreas
from civic.identity.errors import (
    CredentialAlreadyIssued,
    ElectionNotFound,
    ElectionOver,
    RegistrationNotFound,
)
from civic.identity.model.credentials import Noted, request_digest
from civic.identity.model.marks import Marking
from civic.identity.model.receipt import Receipt
from civic.identity.usecases.issuing import BlindSignature, issue_credential, list_offers
from civic.lab.memory.credentials import MemoryIssuerRoll
from tests.fakes.elections import ELECTION, published
from tests.fakes.marking import marking as marking_of
from tests.fakes.pipeline import NOW, Consumer, Pipeline
from tests.strategies.registrations import address, person

CA, NY = StyleId("california"), StyleId("new-york")
HOME = {
    "US-CA": address(
        lines=("1 Main St",), city="Sacramento", region="CA", postcode="95814", country="US"
    ),
    "US-NY": address(
        lines=("1 Main St",), city="New York", region="NY", postcode="10001", country="US"
    ),
    "US-NV": address(
        lines=("1 Main St",), city="Las Vegas", region="NV", postcode="89101", country="US"
    ),
}


class Voter:
    """Somebody in California, an election there and in New York, and a request for a credential."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self.receipt: Receipt = self.pipeline.register(person(address=HOME["US-CA"]))
        self.pipeline.drain()
        styles = (StyleAreas(style=CA, areas=("US-CA",)), StyleAreas(style=NY, areas=("US-NY",)))
        event = published(NOW).model_copy(update={"styles": styles})
        assert self.pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)
        self.prepared = prepare(token_bytes(32), token_bytes)
        self.blinded = blind(self.key(CA), self.prepared, token_bytes)
        # Below both moduli, so that it has the right form for either style.
        while int.from_bytes(self.blinded.message) >= self.key(NY).n:
            self.blinded = blind(self.key(CA), self.prepared, token_bytes)

    def key(self, style: StyleId) -> SignerKey:
        return SignerKey.parse(self.pipeline.issuer_keys.public(ELECTION, style))

    def ask(self, message: bytes | None = None) -> BlindSignature:
        return issue_credential(
            self.pipeline.issuing,
            self.receipt.id,
            self.receipt.access_token,
            ELECTION,
            message or self.blinded.message,
        )

    def other_message(self) -> bytes:
        return blind(self.key(NY), prepare(token_bytes(32), token_bytes), token_bytes).message

    def move(self, home: str) -> None:
        start = len(self.pipeline.bus.events)
        self.pipeline.rectify(self.receipt, person(address=HOME[home]))
        self.pipeline.drain(start)
        entry = self.pipeline.roll.get(self.receipt.id)
        assert entry is not None
        assert entry.standing.areas == (home, "US")


@pytest.mark.parametrize("home", ["US-NY", "US-NV"])
def test_answer_lost_then_moved_gets_the_same_answer(home: str) -> None:
    voter = Voter()
    lost = voter.ask()
    voter.move(home)
    again = voter.ask()
    assert again == lost
    assert again.style == CA
    key = voter.key(CA)
    signature = finalize(key, voter.prepared, again.signature, voter.blinded.inverse)
    assert verifies(key, voter.prepared, signature)


@pytest.mark.parametrize("home", ["US-NY", "US-NV"])
def test_whoever_moved_gets_no_second_credential(home: str) -> None:
    voter = Voter()
    voter.ask()
    voter.move(home)
    with pytest.raises(CredentialAlreadyIssued):
        voter.ask(voter.other_message())


@pytest.mark.parametrize("home", ["US-NY", "US-NV"])
def test_offer_is_what_was_noted_after_a_move(home: str) -> None:
    voter = Voter()
    voter.ask()
    voter.move(home)
    offers = list_offers(voter.pipeline.issuing, voter.receipt.id, voter.receipt.access_token)
    (offer,) = offers.offered
    assert (offer.style, offer.issued) == (CA, True)
    assert offer.public_key == voter.pipeline.issuer_keys.public(ELECTION, CA)


def changed(voter: Voter, noted: Noted | None = None, **standing: Any) -> None:
    """Change the voter's entry on the roll, and what was noted for them if given."""
    entry = voter.pipeline.roll.get(voter.receipt.id)
    assert entry is not None
    issued = {ELECTION: noted} if noted else entry.issued
    row = replace(entry, standing=replace(entry.standing, **standing), issued=issued)
    voter.pipeline.roll.rows[voter.receipt.id] = row


def offered(voter: Voter) -> list[StyleId]:
    offers = list_offers(voter.pipeline.issuing, voter.receipt.id, voter.receipt.access_token)
    assert offers.refused == ()
    return [offer.style for offer in offers.offered]


def test_offer_is_what_was_noted_where_no_area_has_the_election() -> None:
    voter = Voter()
    lost = voter.ask()
    changed(voter, areas=("DE-BE", "DE"))
    assert offered(voter) == [CA]
    assert voter.ask() == lost


def test_election_that_the_issuer_forgot_is_not_offered_whatever_was_noted() -> None:
    voter = Voter()
    voter.ask()
    voter.pipeline.calendar.published.clear()
    assert offered(voter) == []
    with pytest.raises(ElectionNotFound):
        voter.ask()


def test_request_noted_by_an_earlier_release_has_the_style_of_the_area_and_no_refusal() -> None:
    voter = Voter()
    voter.ask()
    entry = voter.pipeline.roll.get(voter.receipt.id)
    assert entry is not None
    without_style = replace(entry.issued[ELECTION], style=None)
    changed(voter, without_style, eligible_from=date(2099, 1, 1))
    assert offered(voter) == [CA]
    changed(voter, areas=("DE",))
    assert offered(voter) == []


def test_whoever_moved_before_asking_votes_where_they_live() -> None:
    voter = Voter()
    voter.move("US-NY")
    assert voter.ask(voter.other_message()).style == NY


def test_closing_of_the_roll_does_not_take_back_an_answer() -> None:
    voter = Voter()
    lost = voter.ask()
    entry = voter.pipeline.roll.get(voter.receipt.id)
    assert entry is not None
    late = replace(entry.standing, revision=Revision(2), registered_at=NOW)
    voter.pipeline.roll.decided(late)
    closed = published(NOW, "US-CA", revision=5, style=CA)
    closing = {"roll_closes_at": NOW - timedelta(days=1)}
    voter.pipeline.deliver(Consumer.CREDENTIAL_ROLL, closed.model_copy(update=closing))
    assert voter.ask() == lost


def test_end_of_the_election_ends_it_for_whoever_moved_too() -> None:
    voter = Voter()
    voter.ask()
    voter.move("US-NV")
    voter.pipeline.now = NOW + timedelta(days=8)
    with pytest.raises(ElectionOver):
        voter.ask()


def test_whoever_is_taken_off_the_roll_gets_nothing_again() -> None:
    voter = Voter()
    voter.ask()
    start = len(voter.pipeline.bus.events)
    voter.pipeline.erase(voter.receipt)
    voter.pipeline.drain(start)
    with pytest.raises(RegistrationNotFound):
        voter.ask()


class MovesWhileAsking(MemoryIssuerRoll):
    """The person moves after the row was read, and the same request is noted for the old style."""

    def __init__(self, voter: Voter) -> None:
        super().__init__(voter.pipeline.decisions, voter.pipeline.marks)
        self.rows = voter.pipeline.roll.rows
        self.message = voter.blinded.message

    def issue(
        self, registration: RegistrationId, election: ElectionId, request: Noted, marking: Marking
    ) -> bool:
        earlier = Noted(request_digest(CA, self.message), CA)
        there = marking_of(self.decisions, registration, election, earlier)
        super().issue(registration, election, earlier, there)
        return super().issue(registration, election, request, marking)


def test_of_the_same_request_twice_at_once_both_get_the_answer_noted_first() -> None:
    voter = Voter()
    voter.move("US-NY")
    voter.pipeline.issuing = replace(voter.pipeline.issuing, roll=MovesWhileAsking(voter))
    assert voter.ask().style == CA


def test_row_of_an_earlier_release_answers_who_stayed_and_signs_nothing_else() -> None:
    voter = Voter()
    digest = request_digest(CA, voter.blinded.message)
    who, request = voter.receipt.id, Noted(digest, None)
    there = marking_of(voter.pipeline.decisions, who, ELECTION, request)
    assert voter.pipeline.roll.issue(who, ELECTION, request, there)
    assert voter.ask().style == CA
    with pytest.raises(CredentialAlreadyIssued):
        voter.ask(voter.other_message())
    voter.move("US-NY")
    with pytest.raises(CredentialAlreadyIssued):
        voter.ask()
