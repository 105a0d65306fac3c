"""Queue: decide ValidationRequests in isolation, and which registrations have ended."""

from functools import cache
from typing import Any

from civic.contracts.events import (
    DataChange,
    DecisionDeleted,
    DecisionMade,
    ErasureOrdered,
    ErasureUnfinished,
    SealedRevision,
    ValidationResult,
)
from civic.contracts.voting import RollDeleted
from civic.identity.adapters.area_book_dynamodb import DynamoDbAreaBook
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.evidence_sealing_esdk import EsdkEvidenceOpener
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.likenesses_dynamodb import DynamoDbLikenesses
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.adapters.status_lists_dynamodb import DynamoDbStatusLists
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper
from civic.identity.adapters.trust_dynamodb import DynamoDbTrust
from civic.identity.adapters.wrapping_keys_kms import KmsKey, KmsPeppers, PrivateKeys
from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.identity.usecases.ending import Endings, end, end_again, leave
from civic.identity.usecases.proving import Proofs
from civic.identity.usecases.validation import Validation, validate
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.publisher import EventBridgePublisher, publish_packed
from civic.runtime.subscriptions import Subscriptions, on


class Environment(QueueSettings, RetentionSettings):
    """Environment of the validator."""

    bus_name: str
    decisions_table: str
    review_queue_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
    office_areas_table: str
    likenesses_table: str
    trusted_providers_table: str
    rule_set: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the validator's queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES, _announce, own_queue)


@cache
def validation() -> Validation:
    """Compose the validator's adapters from the environment."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    kms = KmsKey(clients.kms(), settings.kms_key_id)
    likenesses = DynamoDbLikenesses(dynamodb, settings.likenesses_table)
    kept = settings.wrapping_keys_table, kms, WRAPPING_KEY_CACHE, clients.now
    private_keys = PrivateKeys(dynamodb, *kept)
    trust = DynamoDbTrust(dynamodb, settings.trusted_providers_table, clients.now)
    lists = DynamoDbStatusLists(dynamodb, settings.trusted_providers_table)
    return Validation(
        subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
        unwrapper=EsdkKeyUnwrapper(private_keys),
        decisions=DynamoDbDecisions(
            RevisionedTable(dynamodb, settings.decisions_table), likenesses
        ),
        reviews=DynamoDbReviewQueue(dynamodb, settings.review_queue_table),
        rules=load_rule_set(settings.rule_set),
        clock=clients.now,
        areas=DynamoDbAreaBook(dynamodb, settings.office_areas_table, clients.now),
        likenesses=likenesses,
        peppers=KmsPeppers(dynamodb, *kept),
        proofs=Proofs(EsdkEvidenceOpener(private_keys), trust, lists),
    )


@cache
def endings() -> Endings:
    """Compose what ends registrations."""
    settings = _settings()
    return Endings(
        decisions=validation().decisions,
        reviews=validation().reviews,
        clock=clients.now,
        rejected=settings.rejected,
        likenesses=validation().likenesses,
    )


@cache
def publisher() -> EventBridgePublisher:
    """Compose the event publisher."""
    return EventBridgePublisher(clients.events(), _settings().bus_name, "validator")


def _decide(event: SealedRevision, line: Invocation) -> DecisionMade | None:
    made = validate(validation(), event)
    outcome = made.decision.value if made else "superseded"
    line.record(id=event.id, trace=event.traceparent, outcome=outcome)
    line.count(outcome.capitalize())
    return made


def _end(event: ErasureOrdered, line: Invocation) -> DataChange | None:
    return _ended(end(endings(), event), event, line)


def _end_again(event: ErasureUnfinished, line: Invocation) -> DataChange | None:
    return _ended(end_again(endings(), event.id, event.traceparent), event, line)


def _ended(
    ended: DataChange | None, event: ErasureOrdered | ErasureUnfinished, line: Invocation
) -> DataChange | None:
    outcome = "ended" if ended else "not_ended"
    line.record(id=event.id, trace=event.traceparent, outcome=outcome)
    return ended


def _leave(event: RollDeleted, line: Invocation) -> None:
    for item in event.items:
        leave(endings(), item.id)
        line.record(id=item.id, trace=item.traceparent, outcome="left")


SUBSCRIBES: Subscriptions[DecisionMade | DataChange] = (
    on(SealedRevision, _decide),
    on(ErasureOrdered, _end),
    on(ErasureUnfinished, _end_again),
    on(RollDeleted, _leave),
)


def _announce(results: list[DecisionMade | DataChange]) -> None:
    made = [one for one in results if isinstance(one, DecisionMade)]
    ended = [one for one in results if isinstance(one, DataChange)]
    publish_packed(publisher(), made, lambda pack: ValidationResult(results=pack))
    publish_packed(publisher(), ended, lambda pack: DecisionDeleted(items=pack))


@cache
def _settings() -> Environment:
    return Environment.from_environment()
