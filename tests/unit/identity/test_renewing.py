"""Two members of staff give out a new access token, and each step is told to the person."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import Mock

import pytest

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import (
    AccessRenewed,
    AnotherPersonNeeded,
    RegistrationNotFound,
    RenewalNotFound,
)
from civic.identity.http.bodies import access_notes
from civic.identity.model.keys import AccessDigest, digest_of
from civic.identity.model.receipt import Receipt
from civic.identity.model.renewal import AGREED_WITHIN, Half, Renewal, comparison_code
from civic.identity.model.requests import StaffView
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.access import disclose
from civic.identity.usecases.holding import holds
from civic.identity.usecases.issuing import show_entry
from civic.identity.usecases.renewing import agree_to_renewal, ask_for_renewal, show_renewals
from civic.identity.usecases.rights import (
    erasure_status,
    lift_restriction,
    list_requests,
    restrict,
)
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import TRACE, Pipeline
from tests.fakes.reviewing import JANE, JOHN, NEW_TOKEN, renew
from tests.strategies.registrations import person

NEW, NEWER = NEW_TOKEN, "newer-access-token"
SECOND = timedelta(seconds=1)


def code_of(token: str) -> str:
    return comparison_code(digest_of(token))


def ask(pipeline: Pipeline, receipt: Receipt, token: str = NEW, by: str = JANE) -> None:
    ask_for_renewal(pipeline.front_desk, receipt.id, digest_of(token), by)


def agree(pipeline: Pipeline, receipt: Receipt, token: str = NEW, by: str = JOHN) -> None:
    agree_to_renewal(pipeline.agreeing, receipt.id, code_of(token), by)


def opens(pipeline: Pipeline, receipt: Receipt) -> bool:
    try:
        pipeline.status(receipt)
    except (RegistrationNotFound, AccessRenewed):
        return False
    return True


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


@pytest.fixture
def receipt(pipeline: Pipeline) -> Receipt:
    made = pipeline.register(person())
    pipeline.drain()
    return made


def test_new_token_opens_the_registration_and_the_old_one_has_ended(
    pipeline: Pipeline, receipt: Receipt
) -> None:
    new = renew(pipeline, receipt)
    assert pipeline.status(new).record.id == receipt.id
    with pytest.raises(AccessRenewed) as ended:
        pipeline.status(receipt)
    assert ended.value.day == pipeline.now.date()
    with pytest.raises(RegistrationNotFound):
        pipeline.status(Receipt(receipt.id, "of a stranger"))


def test_old_token_opens_it_until_another_person_has_agreed(
    pipeline: Pipeline, receipt: Receipt
) -> None:
    ask(pipeline, receipt)
    assert opens(pipeline, receipt)
    with pytest.raises(RegistrationNotFound):
        pipeline.status(Receipt(receipt.id, NEW))


def test_renewal_of_a_renewal_ends_every_earlier_token(
    pipeline: Pipeline, receipt: Receipt
) -> None:
    new = renew(pipeline, receipt)
    newer = renew(pipeline, receipt, NEWER)
    assert opens(pipeline, newer)
    for ended in (receipt, new):
        with pytest.raises(AccessRenewed):
            pipeline.status(ended)


def test_whoever_asked_does_not_agree(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt)
    looks = list(pipeline.requests.views)
    with pytest.raises(AnotherPersonNeeded):
        agree(pipeline, receipt, by=JANE)
    with pytest.raises(AnotherPersonNeeded):
        show_renewals(pipeline.agreeing, receipt.id, JANE)
    assert pipeline.requests.views == looks
    assert opens(pipeline, receipt)


def test_who_asked_for_another_one_may_look_and_agree(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt, NEW, JANE)
    pipeline.now += SECOND
    ask(pipeline, receipt, NEWER, JOHN)
    shown = show_renewals(pipeline.agreeing, receipt.id, JANE)
    assert [one.code for one in shown.waiting] == [code_of(NEW), code_of(NEWER)]
    agree(pipeline, receipt, NEWER, JANE)
    assert opens(pipeline, Receipt(receipt.id, NEWER))


def test_second_person_sees_the_record_and_what_waits(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt)
    shown = show_renewals(pipeline.agreeing, receipt.id, JOHN)
    assert shown.registration == person()
    (waiting,) = shown.waiting
    assert (waiting.code, waiting.asked) == (code_of(NEW), Half(JANE, pipeline.now))


def test_nothing_is_opened_where_nothing_waits(pipeline: Pipeline, receipt: Receipt) -> None:
    for _ in range(2):
        with pytest.raises(RenewalNotFound):
            show_renewals(pipeline.agreeing, receipt.id, JOHN)
        assert pipeline.requests.views == []
        renew(pipeline, receipt)
        pipeline.requests.views.clear()


@pytest.mark.parametrize("code", [code_of(NEWER), "0000-0000-0000-0000"])
def test_another_code_agrees_to_nothing(pipeline: Pipeline, receipt: Receipt, code: str) -> None:
    ask(pipeline, receipt)
    with pytest.raises(RenewalNotFound):
        agree_to_renewal(pipeline.agreeing, receipt.id, code, JOHN)
    assert opens(pipeline, receipt)


def test_renewal_is_not_agreed_to_after_a_week(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt)
    pipeline.now += AGREED_WITHIN + SECOND
    with pytest.raises(RenewalNotFound):
        agree(pipeline, receipt)
    with pytest.raises(RenewalNotFound):
        show_renewals(pipeline.agreeing, receipt.id, JOHN)
    assert opens(pipeline, receipt)


def test_repeating_either_half_changes_nothing(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt)
    pipeline.now += SECOND
    ask(pipeline, receipt)
    agree(pipeline, receipt)
    rows, views = dict(pipeline.renewals.rows), list(pipeline.requests.views)
    pipeline.now += SECOND
    for by in (JOHN, JANE):
        agree(pipeline, receipt, by=by)
    assert pipeline.requests.views == views
    ask(pipeline, receipt)
    assert pipeline.renewals.rows == rows


def test_half_that_was_not_written_is_not_said_to_be(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt)
    pipeline.now += SECOND
    # A half that cannot be read counts as absent, and stands in the way of another.
    refusing = Mock(wraps=pipeline.renewals, agree=Mock())
    agreeing = replace(pipeline.agreeing, renewals=refusing)
    with pytest.raises(RenewalNotFound):
        agree_to_renewal(agreeing, receipt.id, code_of(NEW), JOHN)
    assert opens(pipeline, receipt)


def test_earlier_renewal_is_not_agreed_to_again(pipeline: Pipeline, receipt: Receipt) -> None:
    renew(pipeline, receipt)
    newer = renew(pipeline, receipt, NEWER)
    with pytest.raises(RenewalNotFound):
        agree(pipeline, receipt, NEW)
    assert opens(pipeline, newer)


def test_person_is_told_of_each_step(pipeline: Pipeline, receipt: Receipt) -> None:
    ask(pipeline, receipt)
    pipeline.now += SECOND
    show_renewals(pipeline.agreeing, receipt.id, JOHN)
    pipeline.now += SECOND
    agree(pipeline, receipt)
    pipeline.now += SECOND
    shown = disclose(pipeline.access, receipt.id, NEW)
    told = [(note.by, note.purpose) for note in access_notes(shown.history)]
    assert told == [
        ("staff", "renewal"),
        ("staff", "renewal look"),
        ("staff", "renewal agreed"),
        ("data subject", "access"),
    ]
    assert [view.by for view in pipeline.requests.views] == [JANE, JOHN, JOHN]


def test_step_is_logged_before_it_is_taken(pipeline: Pipeline, receipt: Receipt) -> None:
    names: list[str] = []
    real = pipeline.requests.note_view

    def note(view: StaffView) -> None:
        names.extend((view.purpose, f"{len(pipeline.renewals.rows)} {opens(pipeline, receipt)}"))
        real(view)

    pipeline.requests.note_view = note  # type: ignore[method-assign]
    renew(pipeline, receipt)
    assert names == ["renewal", "0 True", "renewal agreed", "1 True"]


@pytest.mark.parametrize("of", [None, UNKNOWN])
def test_there_is_no_renewal_of_who_is_erased_or_unknown(
    pipeline: Pipeline, receipt: Receipt, of: RegistrationId | None
) -> None:
    ask(pipeline, receipt)
    pipeline.erase(receipt)
    pipeline.drain()
    receipt = Receipt(of or receipt.id, "")
    rows, views = dict(pipeline.renewals.rows), list(pipeline.requests.views)
    with pytest.raises(RegistrationNotFound):
        ask(pipeline, receipt, NEWER)
    with pytest.raises(RegistrationNotFound):
        agree(pipeline, receipt)
    with pytest.raises(RegistrationNotFound):
        show_renewals(pipeline.agreeing, receipt.id, JOHN)
    assert (pipeline.renewals.rows, pipeline.requests.views) == (rows, views)


def test_person_who_restricted_the_processing_and_lost_the_token_can_lift_it(
    pipeline: Pipeline, receipt: Receipt
) -> None:
    restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    new = renew(pipeline, receipt)
    assert pipeline.status(new).restricted
    assert not lift_restriction(pipeline.rights, new.id, new.access_token, TRACE).restricted


def test_correction_with_the_new_token_stays_under_the_first_digest(
    pipeline: Pipeline, receipt: Receipt
) -> None:
    new = renew(pipeline, receipt)
    corrected = person(full_name="Ada King")
    pipeline.rectify(new, corrected)
    pipeline.drain()
    row = pipeline.status(new)
    assert (row.record.revision, row.access_digest) == (Revision(2), receipt.access_digest)
    assert row.accepted
    stored = pipeline.vault.rows[receipt.id]
    assert not isinstance(stored, Tombstone)
    assert stored.access_digest == receipt.access_digest
    shown = disclose(pipeline.access, new.id, new.access_token)
    assert shown.registration == corrected
    assert show_entry(pipeline.issuing, new.id, new.access_token).standing.accepted


def test_holder_of_the_new_token_follows_the_erasure(pipeline: Pipeline, receipt: Receipt) -> None:
    new = renew(pipeline, receipt)
    pipeline.erase(new)
    pipeline.drain()
    assert erasure_status(pipeline.rights, new.id, new.access_token).receipt is not None
    assert list_requests(pipeline.rights, new.id, new.access_token).requests
    with pytest.raises(AccessRenewed):
        erasure_status(pipeline.rights, receipt.id, receipt.access_token)
    with pytest.raises(AccessRenewed):
        pipeline.erase(receipt)


def test_renewals_of_the_erased_expire_with_the_log_of_requests(
    pipeline: Pipeline, receipt: Receipt
) -> None:
    new = renew(pipeline, receipt)
    pipeline.erase(new)
    assert pipeline.renewals.expiring == {}
    pipeline.drain()
    at = pipeline.renewals.expiring[receipt.id]
    assert at - pipeline.now == timedelta(days=3 * 365)
    # The announcement comes again, for instance after a replay of the ledger.
    pipeline.now += timedelta(days=1)
    pipeline.drain()
    assert pipeline.renewals.expiring == {receipt.id: at}


class Counting:
    """Counts how often the renewals are read."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.read = 0
        self._of = pipeline.renewals.of
        pipeline.renewals.of = self.of  # type: ignore[method-assign]

    def of(self, registration: object) -> tuple[Renewal, ...]:
        self.read += 1
        return self._of(registration)  # type: ignore[arg-type]


@pytest.mark.parametrize("stored", [None, digest_of("token"), AccessDigest(bytes(32))])
@pytest.mark.parametrize("token", ["token", "other", NEW])
def test_renewals_are_read_whatever_the_answer_is(
    pipeline: Pipeline, stored: AccessDigest | None, token: str
) -> None:
    counting = Counting(pipeline)
    allowed = holds(pipeline.renewals, UNKNOWN, token, stored)
    assert (allowed, counting.read) == (stored == digest_of(token), 1)


def test_nobody_holds_what_is_not_there(pipeline: Pipeline, receipt: Receipt) -> None:
    renew(pipeline, receipt)
    for token in (receipt.access_token, NEW):
        assert not holds(pipeline.renewals, receipt.id, token, None)
