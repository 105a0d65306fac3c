"""Subject access: everything to its owner, the same nothing to everybody else."""

from dataclasses import replace

import pytest

from civic.contracts.events import ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import FieldTampered, NotYetStored, RegistrationNotFound
from civic.identity.model.keys import RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import VaultRow
from civic.identity.usecases.access import Disclosure, disclose
from tests.fakes.faults import Faults, Meanwhile
from tests.fakes.pipeline import NOW, Consumer, Pipeline
from tests.strategies.registrations import person

UNKNOWN = RegistrationId("00000000-0000-4000-8000-000000000000")


def shown(pipeline: Pipeline, receipt: Receipt) -> Disclosure:
    return disclose(pipeline.access, receipt.id, receipt.access_token)


def test_owner_sees_what_was_submitted() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    assert shown(pipeline, receipt) == Disclosure(person(), Revision(1), created=NOW, updated=NOW)


def test_owner_sees_the_corrected_data() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    pipeline.rectify(receipt, person(username="corrected"))
    pipeline.drain()
    disclosure = shown(pipeline, receipt)
    assert (disclosure.registration, disclosure.revision) == (person(username="corrected"), 2)


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


@pytest.mark.parametrize("call", range(1, 4))
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
