"""What every review queue does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import RecordId
from civic.identity.model.review import OfficeReason, Opinion, ReviewCase, ReviewCause
from civic.lab.memory.accountability import MemoryReviewQueue
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
JANE, JOHN = "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john"
FOR = Opinion(JANE, Decision.ACCEPTED, NOW)
AGAINST = Opinion(JOHN, Decision.REJECTED, NOW + timedelta(seconds=1))

type Queue = DynamoDbReviewQueue | MemoryReviewQueue


def deployed() -> DynamoDbReviewQueue:
    return DynamoDbReviewQueue(clients.dynamodb(), "review-queue")


queue = each_kind("dynamodb", MemoryReviewQueue, deployed)


def case(
    revision: int = 1, cause: ReviewCause = ReviewCause.RULES, who: RegistrationId = ADA
) -> ReviewCase:
    return ReviewCase(RecordId(who, Revision(revision)), NOW, cause)


def test_nothing_waits_at_first(queue: Queue) -> None:
    assert queue.get(ADA) is None
    assert list(queue.waiting()) == []


@pytest.mark.parametrize("cause", ReviewCause)
def test_added_case_waits(queue: Queue, cause: ReviewCause) -> None:
    queue.add(case(cause=cause))
    assert queue.get(ADA) == case(cause=cause)
    assert list(queue.waiting()) == [case(cause=cause)]


@pytest.mark.parametrize("known", [2, 3])
def test_case_of_the_same_or_a_later_revision_stays(queue: Queue, known: int) -> None:
    queue.add(case(known))
    queue.add(case(2, ReviewCause.DATA_SUBJECT))
    assert queue.get(ADA) == case(known)


def test_case_of_a_later_revision_stays_whichever_decision_the_other_is_about(
    queue: Queue,
) -> None:
    queue.add(case(3))
    queue.add(replace(case(2), round=1))
    assert queue.get(ADA) == case(3)
    queue.bring_up(replace(case(2, ReviewCause.OFFICE), round=1))
    assert queue.get(ADA) == case(3)


def test_case_is_added_and_brought_up_by_one_call(aws: Aws) -> None:
    deployed().add(case(cause=ReviewCause.RULES))
    deployed().bring_up(case(cause=ReviewCause.OFFICE, who=GRACE))
    assert [name for name, _ in aws.requests] == ["PutItem", "UpdateItem"]


def test_round_of_an_earlier_release_is_sent_as_a_number(aws: Aws) -> None:
    # DynamoDB refuses what is none, moto does not.
    deployed().add(replace(case(), round=None))
    deployed().bring_up(replace(case(cause=ReviewCause.OFFICE, who=GRACE), round=None))
    (added,), (brought_up,) = aws.asked("PutItem"), aws.asked("UpdateItem")
    for request in (added, brought_up):
        assert request["ExpressionAttributeValues"][":round"] == {"N": "0"}


def test_case_added_again_keeps_its_opinions(queue: Queue) -> None:
    queue.add(case())
    queue.opine(case(), FOR)
    queue.add(case())
    assert queue.get(ADA) == replace(case(), opinions=(FOR,))


def test_case_of_a_later_revision_starts_without_opinions(queue: Queue) -> None:
    queue.add(case(1))
    queue.opine(case(1), FOR)
    queue.add(case(2, ReviewCause.DATA_SUBJECT))
    assert queue.get(ADA) == case(2, ReviewCause.DATA_SUBJECT)


def test_case_about_a_later_decision_takes_the_place_of_one_that_nobody_closed(
    queue: Queue,
) -> None:
    queue.add(case())
    queue.opine(case(), FOR)
    contested = replace(case(cause=ReviewCause.DATA_SUBJECT), round=1)
    queue.add(contested)
    queue.add(case())
    assert queue.get(ADA) == contested


def test_case_of_an_earlier_release_has_no_round_and_stays(queue: Queue) -> None:
    earlier = replace(case(), round=None)
    queue.add(earlier)
    queue.add(replace(case(), round=1))
    assert queue.get(ADA) == earlier
    queue.add(case(2))
    assert queue.get(ADA) == case(2)


def test_case_that_is_carried_over_begins_again_with_the_later_revision(queue: Queue) -> None:
    contested = replace(case(), round=3)
    queue.add(contested)
    queue.opine(contested, FOR)
    queue.carry_over(contested, Revision(2))
    later = case(2, ReviewCause.DATA_SUBJECT)
    assert queue.get(ADA) == later
    # Of another revision by now, or gone.
    queue.carry_over(contested, Revision(3))
    queue.carry_over(case(who=GRACE), Revision(3))
    assert list(queue.waiting()) == [later]


@pytest.mark.parametrize("later", [case(2), replace(case(), round=1)])
def test_case_that_takes_the_place_of_the_data_subjects_is_theirs_as_well(
    queue: Queue, later: ReviewCase
) -> None:
    queue.add(case(cause=ReviewCause.DATA_SUBJECT))
    queue.add(later)
    assert queue.get(ADA) == replace(later, cause=ReviewCause.DATA_SUBJECT)


def test_everybody_who_waits_is_returned(queue: Queue) -> None:
    cases = {case(), case(2, ReviewCause.DATA_SUBJECT, GRACE)}
    for one in cases:
        queue.add(one)
    assert set(queue.waiting()) == cases


def test_opinions_are_kept_in_the_order_they_were_given(queue: Queue) -> None:
    queue.add(case())
    assert queue.opine(case(), FOR) == replace(case(), opinions=(FOR,))
    both = replace(case(), opinions=(FOR, AGAINST))
    assert queue.opine(case(), AGAINST) == both
    assert queue.get(ADA) == both


def test_opinion_on_what_somebody_else_said_meanwhile_is_added(queue: Queue) -> None:
    queue.add(case())
    seen = queue.get(ADA)
    assert seen is not None
    queue.opine(seen, FOR)
    assert queue.opine(seen, AGAINST) == replace(case(), opinions=(FOR, AGAINST))


@pytest.mark.parametrize("known", [1, 3])
def test_opinion_on_another_revision_is_not_added(queue: Queue, known: int) -> None:
    queue.add(case(known))
    assert queue.opine(case(2), FOR) is None
    assert queue.get(ADA) == case(known)


def test_opinion_on_a_closed_case_brings_nothing_back(queue: Queue) -> None:
    queue.add(case())
    queue.close(ADA)
    assert queue.opine(case(), FOR) is None
    assert queue.get(ADA) is None


def test_closed_case_waits_no_longer(queue: Queue) -> None:
    queue.add(case())
    queue.add(case(who=GRACE))
    queue.close(ADA)
    assert list(queue.waiting()) == [case(who=GRACE)]


@pytest.mark.parametrize("known", [1, 2])
def test_closing_reaches_up_to_a_revision(queue: Queue, known: int) -> None:
    queue.add(case(known))
    queue.close(ADA, Revision(2))
    assert queue.get(ADA) is None


def test_closing_leaves_the_case_of_a_later_revision(queue: Queue) -> None:
    queue.add(case(3))
    queue.close(ADA, Revision(2))
    assert queue.get(ADA) == case(3)


@pytest.mark.parametrize("up_to", [None, Revision(1)])
def test_closing_what_is_not_there_is_no_error(queue: Queue, up_to: Revision | None) -> None:
    queue.close(ADA, up_to)
    assert queue.get(ADA) is None


def test_case_holds_nothing_but_itself(aws: Aws) -> None:
    deployed().add(case())
    deployed().opine(case(), FOR)
    (item,) = aws.items("review-queue")
    assert set(item) == {"id", "revision", "round", "since", "cause", "opinions"}
    (opinion,) = item["opinions"]["L"]
    assert set(opinion["M"]) == {"by", "decision", "at"}


def test_scan_goes_on_to_the_last_page(aws: Aws) -> None:
    for index in range(5):
        deployed().add(case(who=RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{index}")))

    def two_a_page(**call: object) -> None:
        parameters = call["params"]
        assert isinstance(parameters, dict)
        parameters["Limit"] = 2

    aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", two_a_page)
    assert len(list(deployed().waiting())) == 5
    assert len(aws.asked("Scan")) >= 3


def test_read_of_one_case_is_consistent(aws: Aws) -> None:
    deployed().get(ADA)
    assert [asked["ConsistentRead"] for asked in aws.asked("GetItem")] == [True]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("PutItem", "GetItem", "UpdateItem", "DeleteItem", "Scan"):
        aws.fail("dynamodb", operation, code)
    queue = deployed()
    calls: list[Callable[[], object]] = [
        lambda: queue.add(case()),
        lambda: queue.get(ADA),
        lambda: queue.opine(case(), FOR),
        lambda: queue.close(ADA),
        lambda: queue.close(ADA, Revision(1)),
        lambda: list(queue.waiting()),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()


OF_THE_OFFICE = case(1, ReviewCause.OFFICE)


def test_case_of_the_office_is_brought_up_once(queue: Queue) -> None:
    queue.bring_up(OF_THE_OFFICE)
    assert queue.get(ADA) == OF_THE_OFFICE
    opined = queue.opine(OF_THE_OFFICE, AGAINST)
    queue.bring_up(replace(OF_THE_OFFICE, since=NOW + timedelta(days=1)))
    assert queue.get(ADA) == opined
    queue.bring_up(replace(OF_THE_OFFICE, round=1))
    assert queue.get(ADA) == replace(OF_THE_OFFICE, round=1)


@pytest.mark.parametrize("cause", ReviewCause)
def test_case_that_takes_the_place_of_the_office_s_is_the_office_s(
    queue: Queue, cause: ReviewCause
) -> None:
    queue.bring_up(OF_THE_OFFICE)
    queue.opine(OF_THE_OFFICE, AGAINST)
    queue.add(case(2, cause))
    assert queue.get(ADA) == case(2, ReviewCause.OFFICE)


def test_case_of_the_data_subject_takes_the_place_of_one_of_the_rules(queue: Queue) -> None:
    queue.add(case())
    queue.add(case(2, ReviewCause.DATA_SUBJECT))
    assert queue.get(ADA) == case(2, ReviewCause.DATA_SUBJECT)


@pytest.mark.parametrize("cause", ReviewCause)
@pytest.mark.parametrize("known", [0, None])
def test_case_that_waits_already_becomes_the_office_s_as_it_is(
    queue: Queue, cause: ReviewCause, known: int | None
) -> None:
    queue.add(replace(case(cause=cause), round=known))
    queue.opine(case(), FOR)
    queue.bring_up(replace(OF_THE_OFFICE, since=NOW + timedelta(days=1)))
    assert queue.get(ADA) == replace(OF_THE_OFFICE, round=known, opinions=(FOR,))


def test_office_changes_no_case_of_a_later_revision(queue: Queue) -> None:
    queue.add(case(2))
    queue.bring_up(OF_THE_OFFICE)
    assert queue.get(ADA) == case(2)


def test_case_of_the_office_is_carried_over_as_its_own(queue: Queue) -> None:
    queue.bring_up(OF_THE_OFFICE)
    queue.carry_over(case(1, ReviewCause.OFFICE), Revision(2))
    assert queue.get(ADA) == case(2, ReviewCause.OFFICE)


def test_opinion_says_why_and_where(queue: Queue) -> None:
    queue.bring_up(OF_THE_OFFICE)
    why = replace(AGAINST, areas=("N1", "DE"), reason=OfficeReason.MOVED_AWAY, erase=True)
    assert queue.opine(case(1, ReviewCause.OFFICE), why) == replace(
        case(1, ReviewCause.OFFICE), opinions=(why,)
    )
