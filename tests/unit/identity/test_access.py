"""Subject access: everything to its owner, the same nothing to everybody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import ValidationRequest
from civic.contracts.identifiers import Revision
from civic.identity.errors import (
    FieldTampered,
    NotYetStored,
    RegistrationNotFound,
    WrappingKeyMissing,
)
from civic.identity.model.keys import RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind, StaffView, SubjectRequest
from civic.identity.model.rows import VaultRow
from civic.identity.usecases.access import Disclosure, disclose
from civic.lab.memory.keys import MemoryKeyUnwrapper
from tests.fakes.asking import contesting, restricting
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, Consumer, Pipeline
from tests.fakes.reviewing import JANE, contested, in_doubt, show
from tests.fakes.views import decision_of
from tests.strategies.registrations import person


def shown(pipeline: Pipeline, receipt: Receipt) -> Disclosure:
    return disclose(pipeline.access, receipt.id, receipt.access_token)


def test_owner_sees_what_was_submitted() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    disclosure = shown(pipeline, receipt)
    assert disclosure.registration == person()
    assert disclosure.row.record.revision == 1
    assert (disclosure.row.created, disclosure.row.updated) == (NOW, NOW)


def test_owner_sees_the_corrected_data() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    pipeline.rectify(receipt, person(username="corrected"))
    pipeline.drain()
    disclosure = shown(pipeline, receipt)
    assert (disclosure.registration, disclosure.row.record.revision) == (
        person(username="corrected"),
        2,
    )


def test_owner_is_asked_to_wait_until_the_record_is_stored() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    with pytest.raises(NotYetStored):
        shown(pipeline, receipt)


@pytest.mark.parametrize("stored", [False, True])
def test_wrong_token_is_told_not_found(*, stored: bool) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    if stored:
        pipeline.drain()
    with pytest.raises(RegistrationNotFound):
        shown(pipeline, replace(receipt, access_token="x" * 43))


def test_unknown_id_is_told_not_found() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    with pytest.raises(RegistrationNotFound):
        shown(pipeline, replace(receipt, id=UNKNOWN))


def test_erased_registration_is_told_not_found() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.erase(receipt)
    pipeline.drain()
    with pytest.raises(RegistrationNotFound):
        shown(pipeline, receipt)


def test_every_refusal_costs_the_same_calls() -> None:
    costs = set()
    for refused in ("wrong token", "wrong token while pending", "unknown", "erased"):
        faults = Faults()
        pipeline = Pipeline(faults)
        receipt = pipeline.register(person())
        if refused == "erased":
            pipeline.erase(receipt)
        if refused != "wrong token while pending":
            pipeline.drain()
        asked = receipt if refused == "erased" else replace(receipt, access_token="x" * 43)
        asked = replace(asked, id=UNKNOWN) if refused == "unknown" else asked
        before = faults.calls
        with pytest.raises(RegistrationNotFound):
            shown(pipeline, asked)
        costs.add(faults.calls - before)
    assert len(costs) == 1


def test_row_restored_from_a_backup_after_erasure_does_not_open() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    backup = pipeline.vault.rows[receipt.id]
    pipeline.erase(receipt)
    pipeline.drain()
    pipeline.vault.rows[receipt.id] = backup
    with pytest.raises(RegistrationNotFound):
        shown(pipeline, receipt)


def test_row_of_another_person_does_not_open() -> None:
    pipeline = Pipeline()
    mine, theirs = pipeline.register(person()), pipeline.register(person(username="other"))
    pipeline.drain()
    row, other = pipeline.vault.rows[mine.id], pipeline.vault.rows[theirs.id]
    assert isinstance(row, VaultRow)
    assert isinstance(other, VaultRow)
    fields = {**row.sealed.fields, "username": other.sealed.fields["username"]}
    swapped = row.sealed.model_copy(update={"fields": fields})
    pipeline.vault.rows[mine.id] = replace(row, sealed=swapped)
    with pytest.raises(FieldTampered):
        shown(pipeline, mine)


@pytest.mark.parametrize("call", range(1, 5))
def test_correction_stored_between_the_reads_is_shown_or_its_forerunner(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())
    pipeline.drain()
    pipeline.rectify(receipt, person(username="corrected"))
    correction = pipeline.bus.of(ValidationRequest)[1]
    meanwhile.action = lambda: pipeline.deliver(Consumer.STORAGE, correction)
    meanwhile.at = {meanwhile.calls + call}
    disclosure = shown(pipeline, receipt)
    assert disclosure.registration in (person(), person(username="corrected"))
    assert pipeline.subject_keys.get(RecordId(receipt.id, Revision(1))) is None


def kinds(pipeline: Pipeline, receipt: Receipt) -> list[tuple[RequestKind, bool]]:
    requests = pipeline.requests.history(receipt.id).requests
    return [(request.kind, request.completed_at is not None) for request in requests]


def test_erasure_that_was_acknowledged_hides_the_record_before_it_is_gone() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    pipeline.erase(receipt)
    requests = kinds(pipeline, receipt)
    assert isinstance(pipeline.vault.rows[receipt.id], VaultRow)
    with pytest.raises(RegistrationNotFound):
        shown(pipeline, receipt)
    assert kinds(pipeline, receipt) == requests


def test_access_is_logged_and_answered() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    pipeline.now += timedelta(hours=1)
    shown(pipeline, receipt)
    assert pipeline.requests.history(receipt.id).requests == (
        SubjectRequest(receipt.id, RequestKind.ACCESS, pipeline.now, completed_at=pipeline.now),
    )


@pytest.mark.parametrize("stored", [False, True])
def test_access_of_a_stranger_is_not_logged(*, stored: bool) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    if stored:
        pipeline.drain()
    with pytest.raises(RegistrationNotFound):
        shown(pipeline, replace(receipt, access_token="x" * 43))
    assert kinds(pipeline, receipt) == []


def test_record_that_does_not_open_leaves_the_request_open() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    pipeline.ring.secrets.clear()
    with pytest.raises(WrappingKeyMissing):
        shown(pipeline, receipt)
    assert kinds(pipeline, receipt) == [(RequestKind.ACCESS, False)]


def test_record_is_not_opened_if_the_access_cannot_be_logged() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    opening = Faults()
    unwrapper = opening.guard(MemoryKeyUnwrapper(pipeline.ring))
    pipeline.access = replace(
        pipeline.access,
        requests=Faults(1).guard(pipeline.requests),
        records=replace(pipeline.access.records, unwrapper=unwrapper),
    )
    with pytest.raises(Crash):
        shown(pipeline, receipt)
    assert opening.calls == 0


def test_access_before_the_record_is_stored_stays_open_until_it_is_answered() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    with pytest.raises(NotYetStored):
        shown(pipeline, receipt)
    assert kinds(pipeline, receipt) == [(RequestKind.ACCESS, False)]
    pipeline.drain()
    pipeline.now += timedelta(seconds=2)
    (request,) = shown(pipeline, receipt).history.requests
    assert request == SubjectRequest(
        receipt.id, RequestKind.ACCESS, NOW, count=2, completed_at=pipeline.now
    )


@pytest.mark.parametrize("call", range(1, 14))
@pytest.mark.parametrize("after", [False, True])
def test_crash_at_any_call_and_retry_answers_every_request(call: int, *, after: bool) -> None:
    faults = Faults(after=after)
    pipeline = Pipeline(faults)
    receipt = pipeline.register(person())
    pipeline.drain()
    faults.at = {faults.calls + call}
    try:
        disclosure = shown(pipeline, receipt)
    except Crash:
        disclosure = shown(pipeline, receipt)
    assert disclosure.registration == person()
    assert set(kinds(pipeline, receipt)) == {(RequestKind.ACCESS, True)}


def test_owner_sees_who_asked_and_who_looked() -> None:
    pipeline = Pipeline()
    other, receipt = contested(pipeline), in_doubt(pipeline)
    show(pipeline, receipt)
    show(pipeline, other)
    contesting(pipeline, receipt)
    pipeline.now += timedelta(hours=1)
    history = shown(pipeline, receipt).history
    assert history == pipeline.requests.history(receipt.id)
    assert [request.kind for request in history.requests] == ["review", "access"]
    assert history.views == (StaffView(receipt.id, NOW, JANE, "review"),)


def test_owner_sees_the_decision() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    assert shown(pipeline, receipt).decision == decision_of(pipeline, receipt.id)


def test_restricted_record_is_shown_to_its_owner() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    restricting(pipeline, receipt)
    disclosure = shown(pipeline, receipt)
    assert disclosure.registration == person()
    assert disclosure.decision is not None
    assert disclosure.decision.restricted


def test_field_that_is_left_out_of_the_vault_is_not_missed() -> None:
    """A known limit: each field is sealed, not how many there are (docs/threat-model.md)."""
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    row = pipeline.vault.rows[receipt.id]
    assert isinstance(row, VaultRow)
    left = {name: one for name, one in row.sealed.fields.items() if name != "phone_number"}
    sealed = row.sealed.model_copy(update={"fields": left})
    pipeline.vault.rows[receipt.id] = replace(row, sealed=sealed)
    without = person().model_copy(update={"phone_number": None})
    assert shown(pipeline, receipt).registration == without
