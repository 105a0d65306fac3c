"""What data subjects request, and what is recorded about it."""

from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import SubjectRequest
from civic.identity.model.rows import DecisionRow
from civic.identity.usecases.rights import (
    lift_restriction,
    object_to_analytics,
    request_review,
    restrict,
)
from tests.fakes.pipeline import TRACE, Pipeline
from tests.fakes.reviewing import HOPELESS


def registered(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(HOPELESS)
    pipeline.drain()
    return receipt


def restricting(pipeline: Pipeline, receipt: Receipt) -> DecisionRow:
    return restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)


def lifting(pipeline: Pipeline, receipt: Receipt) -> DecisionRow:
    return lift_restriction(pipeline.rights, receipt.id, receipt.access_token, TRACE)


def objecting(pipeline: Pipeline, receipt: Receipt) -> SubjectRequest:
    return object_to_analytics(pipeline.rights, receipt.id, receipt.access_token, TRACE)


def contesting(pipeline: Pipeline, receipt: Receipt) -> SubjectRequest:
    return request_review(pipeline.rights, receipt.id, receipt.access_token)


def history(pipeline: Pipeline, receipt: Receipt) -> list[SubjectRequest]:
    return list(pipeline.requests.history(receipt.id).requests)


def restrict_and_lift(pipeline: Pipeline, receipt: Receipt) -> None:
    restricting(pipeline, receipt)
    lifting(pipeline, receipt)
