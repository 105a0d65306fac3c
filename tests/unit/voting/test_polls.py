"""What the ballot functions remember for a few seconds, and that no key is opened twice."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.memory.voting import MemorySecrets
from civic.voting.model.election import State
from civic.voting.usecases.polls import LIFETIME, Polls, offered, published
from tests.fakes.ballots import DURING, ELECTION, NORTH, OTHER, SOUTH, Polling, definition

MOMENT = timedelta(microseconds=1)


class CountingSecrets(MemorySecrets):
    """Counts how often a secret is opened."""

    opened = 0

    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        self.opened += 1
        return super().open(election, sealed)


def test_secret_is_opened_once_whatever_changes() -> None:
    secrets = CountingSecrets()
    polling = Polling(secrets=secrets)
    first = polling.polls.find(ELECTION)
    polling.become(state=State.SUSPENDED)
    second = polling.polls.find(ELECTION)
    assert first is not None
    assert second is not None
    assert (first.election.state, second.election.state) == (State.PUBLISHED, State.SUSPENDED)
    assert (secrets.opened, first.secrets) == (1, second.secrets)


def test_key_that_is_published_later_is_found() -> None:
    polling = Polling()
    keys = polling.store._keys[ELECTION]
    late = keys.pop(SOUTH)
    before = polling.polls.find(ELECTION)
    keys[SOUTH] = late
    polling.now += LIFETIME
    after = polling.polls.find(ELECTION)
    assert before is not None
    assert after is not None
    assert ({*before.keys}, {*after.keys}) == ({NORTH}, {NORTH, SOUTH})


def test_key_of_another_kind_is_no_key() -> None:
    polling = Polling()
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    foreign = generate_private_key(SECP256R1()).public_key().public_bytes(*spki)
    polling.store.keep_keys(ELECTION, {StyleId("west"): foreign})
    poll = polling.polls.find(ELECTION)
    assert poll is not None
    assert {*poll.keys} == {NORTH, SOUTH}


def test_neither_drafts_nor_strangers_are_polls() -> None:
    polling = Polling(election=definition(state=State.DRAFT))
    assert polling.polls.find(ELECTION) is None
    assert polling.polls.find(OTHER) is None


@pytest.mark.parametrize("state", State)
def test_elections_run_from_publication_to_certification(state: State) -> None:
    polling = Polling(election=definition(state=state))
    runs = state not in {State.DRAFT, State.CERTIFIED}
    assert polling.polls.running() == ((ELECTION,) if runs else ())


def test_each_environment_has_a_memory_of_its_own() -> None:
    polling = Polling()
    polling.polls.find(ELECTION)
    polling.election = polling.election.model_copy(update={"revision": 2, "state": State.CLOSED})
    polling.store.announced(polling.store.replace(polling.election))
    old = polling.polls.find(ELECTION)
    new = Polls(polling.store, polling.secrets, polling.clock).find(ELECTION)
    assert old is not None
    assert new is not None
    assert (old.election.state, new.election.state) == (State.PUBLISHED, State.CLOSED)


def test_public_definition_shows_keys_and_the_state_of_the_moment() -> None:
    polling = Polling()
    one = published(polling.store, ELECTION, DURING)
    assert one is not None
    assert (one["id"], one["state"], {*one["keys"]}) == (ELECTION, "open", {NORTH, SOUTH})
    assert not {"issued_ids", "ballots", "sealed_secret"} & one.keys()


def test_draft_is_neither_offered_nor_shown() -> None:
    polling = Polling()
    polling.hold(definition(id=OTHER, state=State.DRAFT))
    assert offered(polling.store) == (ELECTION,)
    assert published(polling.store, OTHER, DURING) is None


def test_elections_are_offered_by_their_opening() -> None:
    polling = Polling()
    polling.hold(definition(id=OTHER, opens_at=polling.election.opens_at - MOMENT))
    assert offered(polling.store) == (OTHER, ELECTION)
