"""What a pipeline holds, in forms that tests can compare."""

from contextlib import suppress
from dataclasses import dataclass, replace

from civic.analytics.aggregates import Cell, tally
from civic.contracts.events import ValidationRequest
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import IdentityError
from civic.identity.model.keys import RecordId
from civic.identity.model.registration import Registration
from civic.identity.model.rows import DecisionRow, Tombstone, Verdict
from civic.identity.model.sealing import unseal
from civic.lab.memory.analytics import Join
from civic.lab.memory.keys import MemoryKeyUnwrapper
from tests.fakes.pipeline import Pipeline

ERASED = "erased"


@dataclass(frozen=True)
class View:
    """One registration in every store; a part is ``erased`` if it is a tombstone."""

    stored: tuple[int, str] | str | None
    decided: tuple[int, Verdict | None] | str | None
    joined: tuple[int | None, int | None] | str | None
    keys: tuple[int, ...]


def views(pipeline: Pipeline) -> dict[RegistrationId, View]:
    """Return every registration that any store knows, with its record opened."""
    ids = pipeline.vault.rows.keys() | pipeline.decisions.rows.keys() | pipeline.joins.rows.keys()
    ids |= {record.id for record in pipeline.subject_keys.rows}
    return {registration: view(pipeline, registration) for registration in ids}


def view(pipeline: Pipeline, registration: RegistrationId) -> View:
    """Return one registration in every store."""
    keys = tuple(pipeline.subject_keys.owners(registration))
    return View(
        _stored(pipeline, registration),
        _decided(pipeline, registration),
        _joined(pipeline, registration),
        keys,
    )


def agreed(seen: View) -> object:
    """Return a view with revisions relative to the stored one, as a crash may use up a number."""
    if not isinstance(seen.stored, tuple):
        return seen
    revision, data = seen.stored
    decided, joined = seen.decided, seen.joined
    if isinstance(decided, tuple):
        verdict = decided[1]
        if verdict is not None:
            # A decision repeated because its answer was lost counts as one.
            verdict = replace(verdict, round=min(verdict.round, 1))
        decided = decided[0] - revision, verdict
    if isinstance(joined, tuple):
        joined = tuple(half and half - revision for half in joined)  # type: ignore[assignment]
    return data, decided, joined, tuple(key - revision for key in seen.keys)


def counts(pipeline: Pipeline) -> dict[Cell, int]:
    """Return how many people every cell of a release would count, before protection."""
    return dict(tally(pipeline.joins.complete()).cells)


def opened(pipeline: Pipeline, request: ValidationRequest) -> Registration:
    """Open a published request with the existing keys.

    Raises:
        IdentityError: Its key is missing or another one.
    """
    record = RecordId(request.id, request.revision)
    row = pipeline.subject_keys.get(record)
    if row is None:
        raise IdentityError
    key = MemoryKeyUnwrapper(pipeline.ring).unwrap(row.wrapped, request.id, row.access_digest)
    return Registration.from_fields(unseal(key, record, request.sealed))


def strays(pipeline: Pipeline) -> set[RecordId]:
    """Return the subject keys that open nothing that was ever published.

    A request that crashed between its key and its event leaves one.
    """
    used = set()
    for request in pipeline.bus.of(ValidationRequest):
        with suppress(IdentityError):
            opened(pipeline, request)
            used.add(RecordId(request.id, request.revision))
    return pipeline.subject_keys.rows.keys() - used


def without_strays(pipeline: Pipeline, registration: RegistrationId) -> View:
    """Return one registration in every store, without keys that open nothing."""
    seen = view(pipeline, registration)
    stray = {record.revision for record in strays(pipeline) if record.id == registration}
    return replace(seen, keys=tuple(key for key in seen.keys if key not in stray))


def decision_of(pipeline: Pipeline, registration: RegistrationId) -> DecisionRow:
    """Return a row of the low-security store that is not a tombstone."""
    row = pipeline.decisions.rows[registration]
    assert isinstance(row, DecisionRow)
    return row


def _stored(pipeline: Pipeline, registration: RegistrationId) -> tuple[int, str] | str | None:
    row = pipeline.vault.get(registration)
    if row is None:
        return None
    if isinstance(row, Tombstone):
        return ERASED
    wrapped = pipeline.subject_keys.rows[row.record].wrapped
    key = MemoryKeyUnwrapper(pipeline.ring).unwrap(wrapped, registration, row.access_digest)
    fields = unseal(key, row.record, row.sealed)
    return row.record.revision, Registration.from_fields(fields).model_dump_json()


def _decided(
    pipeline: Pipeline, registration: RegistrationId
) -> tuple[int, Verdict | None] | str | None:
    row = pipeline.decisions.get(registration)
    if row is None:
        return None
    if isinstance(row, Tombstone):
        return ERASED
    return row.record.revision, row.verdict


def _joined(
    pipeline: Pipeline, registration: RegistrationId
) -> tuple[int | None, int | None] | str | None:
    row = pipeline.joins.rows.get(registration)
    if row is None:
        return None
    if not isinstance(row, Join):
        return ERASED
    return row.decision.revision if row.decision else None, row.stored
