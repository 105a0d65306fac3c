"""What must hold of an electorate, always and once everything has been delivered."""

from collections.abc import Iterator
from enum import StrEnum

from civic.contracts.identifiers import RegistrationId
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.contracts.voting import ElectionCertified
from civic.identity.model.rows import DecisionRow, Tombstone, VaultRow
from civic.lab.memory.analytics import Join
from civic.voting.model.election import State
from tests.fakes.pipeline import Consumer, Pipeline
from tests.property.electorate import Electorate, Registered


def check_always(world: Electorate) -> None:
    """Check what must hold at any moment."""
    what_a_store_erased_stays_erased(world)
    an_id_is_not_used_again(world)
    what_is_certified_is_final(world)
    nobody_votes_for_another(world)


def what_a_store_erased_stays_erased(world: Electorate) -> None:
    """Nothing of somebody lives where their end was heard of, whatever comes late or expires."""
    for consumer, ended in world.heard.erased.items():
        for registration in ended:
            living = dict(_living(world.pipeline, registration)).get(consumer, False)
            assert not living, f"{consumer} has {registration} again"


def _living(pipeline: Pipeline, registration: RegistrationId) -> Iterator[tuple[StrEnum, bool]]:
    stored = pipeline.vault.get(registration)
    keys = pipeline.subject_keys.owners(registration)
    yield Consumer.STORAGE, isinstance(stored, VaultRow) or bool(keys)
    yield Consumer.CREDENTIAL_ROLL, pipeline.roll.get(registration) is not None
    yield Consumer.ANALYTICS, isinstance(pipeline.joins.rows.get(registration), Join)


def an_id_is_not_used_again(world: Electorate) -> None:
    """The low-security store has had no row since it had a tombstone, and the tombstone stays."""
    for life in world.lives:
        row = world.pipeline.decisions.get(life.id)
        if life.erased or life.id in world.heard.buried:
            assert isinstance(row, Tombstone), "an id was used again"
        else:
            assert row is not None, "an acknowledged registration was forgotten"


def what_is_certified_is_final(world: Electorate) -> None:
    """An election is certified once, with what is in its box, and stays so."""
    certified = world.pipeline.bus.of(ElectionCertified)
    counts = {(one.election, one.ballots) for one in certified}
    assert len(counts) == len({one.election for one in certified}), "certified twice"
    for one in certified:
        stored = world.pipeline.elections.find(one.election)
        assert stored is not None
        assert stored.election.state is State.CERTIFIED
        assert world.pipeline.box.count(one.election) == one.ballots


def nobody_votes_for_another(world: Electorate) -> None:
    """There are at most as many ballots as credentials."""
    for election in world.elections:
        credentials = sum(election in life.signed for life in world.lives)
        assert world.pipeline.box.count(election) <= credentials


def check_settled(world: Electorate) -> None:
    """Check what must hold once everything was delivered, and what was lost is mended."""
    for life in world.lives:
        row = world.pipeline.decisions.get(life.id)
        if isinstance(row, DecisionRow):
            the_roll_says_what_was_decided(world, row)
            assert world.pipeline.ledger.get(life.id) is None, "an erasure nobody asked for"
        else:
            erased_everywhere(world, life)
    keys_are_the_issuers(world)


def the_roll_says_what_was_decided(world: Electorate, row: DecisionRow) -> None:
    """The roll has whom the low-security store accepts, in the areas that were decided."""
    entry = world.pipeline.roll.get(row.record.id)
    if row.restricted:
        return
    accepted = entry is not None and entry.standing.accepted
    assert accepted is (row.acceptance is not None), "the roll missed a decision"
    if entry is not None and row.acceptance is not None:
        assert entry.standing.areas == row.acceptance.areas
        assert entry.standing.eligible_from == row.acceptance.eligible_from


def erased_everywhere(world: Electorate, life: Registered) -> None:
    """No store has anything of the erased, and there is a receipt until the ledger forgets it.

    Who asks for it once more in the minutes in which the ledger forgets it may have it entered a
    second time; if a message about that is lost, no sweep makes another receipt.
    """
    assert not any(living for _, living in _living(world.pipeline, life.id)), "not erased"
    record = world.pipeline.ledger.get(life.id)
    row = world.pipeline.decisions.get(life.id)
    assert isinstance(row, Tombstone)
    if record is None or record.receipt is None:
        forgotten = world.pipeline.now - (life.erased or row.erased_at) >= TOMBSTONE_LIFETIME
        assert forgotten, "an erasure without a receipt"


def keys_are_the_issuers(world: Electorate) -> None:
    """Voting has the keys with which the credentials of an election are signed, and no other."""
    for election in world.elections:
        stored = world.pipeline.elections.find(election)
        assert stored is not None
        if stored.election.state is not State.DRAFT:
            for style in stored.election.styles:
                key = world.pipeline.issuer_keys.public(election, style.id)
                assert stored.keys[style.id] == key
