"""Which messages may be lost for good."""

import json
from enum import StrEnum

from tests.fakes.pipeline import Consumer
from tests.fakes.queues import Message

MADE_UP_FOR: dict[StrEnum, set[str]] = {
    Consumer.VALIDATOR: {"ValidationRequest", "RevalidationRequest", "ErasureUnfinished"},
    Consumer.STORAGE: {"DecisionDeleted", "RevalidationDue"},
    Consumer.CREDENTIAL_ROLL: {"ValidationResult", "ReviewDecided", "DecisionDeleted"},
    Consumer.ANALYTICS: {"ValidationResult", "ReviewDecided", "DataStored", "DataUpdated"}
    | {"DecisionDeleted"},
    Consumer.ACCOUNTABILITY: {"DeletionRequest", "DecisionDeleted", "DataDeleted", "JoinDeleted"}
    | {"RollDeleted", "DataUpdated"},
}
"""The messages that a sweep makes up for if they are lost.

Not the others: what PII storage never got is nowhere, only `rights` may publish an objection or a
restriction, and an erasure that was not acknowledged is asked for again.
"""


def is_made_up_for(message: Message) -> bool:
    """Return whether a sweep makes up for the loss of a message."""
    made_up_for = MADE_UP_FOR.get(message.consumer, set())
    return json.loads(message.body)["detail-type"] in made_up_for
