"""Staff API, authorised by IAM: the cases that a person has to decide (GDPR Art. 22(3)).

Queue, on a schedule: put right the cases that are outdated, though nobody lists them.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.access_renewals_dynamodb import DynamoDbAccessRenewals
from civic.identity.adapters.area_book_dynamodb import DynamoDbAreaBook
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.likenesses_dynamodb import DynamoDbLikenesses
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper
from civic.identity.adapters.wrapping_keys_kms import KmsKey, PrivateKeys
from civic.identity.http.bodies import problem_of, proof_note
from civic.identity.http.paths import registration_id
from civic.identity.http.staff_bodies import (
    Beside,
    OfficeProposal,
    OpenedCase,
    OpenedRenewals,
    Proposal,
    RenewalAgreement,
    RenewalMade,
    ReviewOpinion,
    ReviewOutcome,
    WaitingCase,
    WaitingCases,
    WaitingRenewal,
)
from civic.identity.model.keys import RecordId
from civic.identity.model.renewal import AGREED_WITHIN
from civic.identity.model.review import Judgement, ReviewCase
from civic.identity.usecases.access import Records
from civic.identity.usecases.erasing_by_office import order_erasure
from civic.identity.usecases.renewing import Agreeing, agree_to_renewal, show_renewals
from civic.identity.usecases.review import (
    Review,
    decide_case,
    list_cases,
    propose,
    put_cases_right,
    show_case,
)
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation, invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings


class Environment(Settings):
    """Environment of the review function."""

    bus_name: str
    decisions_table: str
    request_log_table: str
    review_queue_table: str
    vault_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
    office_areas_table: str
    likenesses_table: str
    access_renewals_table: str
    rule_set: str
    people_needed: int


def handler(event: dict[str, Any], _context: object) -> Response | dict[str, Any]:
    """Answer one request of the staff API, or do what is due."""
    if "Records" not in event:
        return serve(event, ROUTES, problem_of)
    with invocation() as line:
        backlog = put_cases_right(review())
        line.count("ReviewsWaiting", backlog.waiting)
        # An alarm watches this metric, so zero is written too.
        line.count("ReviewsOverdue", backlog.overdue)
        line.count("PairsWaiting", backlog.pairs)
    return {}


@cache
def review() -> Review:
    """Compose the adapters; keys are not cached, so that each look is one CloudTrail entry."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    likenesses = DynamoDbLikenesses(dynamodb, settings.likenesses_table)
    keys = PrivateKeys(
        dynamodb,
        settings.wrapping_keys_table,
        KmsKey(clients.kms(), settings.kms_key_id),
        timedelta(0),
        clients.now,
    )
    return Review(
        queue=DynamoDbReviewQueue(dynamodb, settings.review_queue_table),
        decisions=DynamoDbDecisions(
            RevisionedTable(dynamodb, settings.decisions_table), likenesses
        ),
        records=Records(
            subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
            unwrapper=EsdkKeyUnwrapper(keys),
            vault=DynamoDbVault(RevisionedTable(dynamodb, settings.vault_table)),
        ),
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "review"),
        rules=load_rule_set(settings.rule_set),
        clock=clients.now,
        people_needed=settings.people_needed,
        areas=DynamoDbAreaBook(dynamodb, settings.office_areas_table, clients.now),
        likenesses=likenesses,
    )


@cache
def agreeing() -> Agreeing:
    """Compose what renewals need."""
    settings = Environment.from_environment()
    return Agreeing(
        decisions=review().decisions,
        renewals=DynamoDbAccessRenewals(clients.dynamodb(), settings.access_renewals_table),
        records=review().records,
        requests=review().requests,
        clock=clients.now,
    )


def _list(_request: Request, _line: Invocation) -> Response:
    cases = sorted(list_cases(review()), key=lambda case: case.since)
    return answer(200, WaitingCases(cases=tuple(map(_waiting, cases))))


def _show(request: Request, line: Invocation) -> Response:
    opened = show_case(review(), registration_id(request, line), request.principal)
    line.count("ReviewsShown")
    verdict = opened.decision.verdict
    body = OpenedCase(
        id=opened.case.record.id,
        revision=opened.case.record.revision,
        cause=opened.case.cause,
        since=opened.case.since,
        decision=verdict.decision if verdict else None,
        reasons=verdict.reasons if verdict else (),
        proposals=tuple(
            Proposal(
                decision=one.decision,
                reason=one.reason,
                areas=one.areas,
                erase=one.erase,
                beside=tuple(sorted(one.beside)),
                at=one.at,
            )
            for one in opened.case.newest
        ),
        data=opened.registration.for_people(),
        proof=proof_note(opened.decision.proof),
        beside=tuple(
            Beside(id=one, data=data and data.for_people()) for one, data in opened.beside.items()
        ),
    )
    return answer(200, body)


def _decide(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    opinion = request.body(ReviewOpinion)
    record = RecordId(registration, Revision(opinion.revision))
    judgement = Judgement(
        opinion.decision,
        opinion.areas,
        opinion.reason,
        opinion.erase,
        frozenset(map(RegistrationId, opinion.beside)),
    )
    deciding = order_erasure if judgement.erase else decide_case
    decided = bool(deciding(review(), record, judgement, request.principal, request.trace))
    line.count("ReviewsDecided", int(decided))
    body = ReviewOutcome(
        id=registration,
        outcome="decided" if decided else "awaiting_agreement",
        decision=opinion.decision,
    )
    return answer(200, body)


def _propose(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    proposal = request.body(OfficeProposal)
    judgement = Judgement(proposal.decision, proposal.areas, proposal.reason, proposal.erase)
    propose(review(), registration, judgement, request.principal)
    line.count("ReviewsProposed")
    body = ReviewOutcome(id=registration, outcome="awaiting_agreement", decision=proposal.decision)
    return answer(200, body)


def _show_renewals(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    opened = show_renewals(agreeing(), registration, request.principal)
    line.count("RenewalsShown")
    waiting = tuple(
        WaitingRenewal(
            code=one.code,
            asked_by=one.asked.by,
            asked_at=one.asked.at,
            lapses_at=one.asked.at + AGREED_WITHIN,
        )
        for one in opened.waiting
        if one.asked is not None
    )
    return answer(
        200,
        OpenedRenewals(id=registration, renewals=waiting, data=opened.registration.for_people()),
    )


def _agree(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    code = request.body(RenewalAgreement).code
    renewed_at = agree_to_renewal(agreeing(), registration, code, request.principal)
    line.count("RenewalsAgreed")
    return answer(200, RenewalMade(id=registration, code=code, renewed_at=renewed_at))


ROUTES = Routes(
    "StaffApi",
    (
        Route(
            "GET /reviews",
            _list,
            Access.STAFF,
            "listReviews",
            "The cases that wait for a person, oldest first",
            answer=Answer(200, WaitingCases),
        ),
        Route(
            "GET /reviews/{id}",
            _show,
            Access.STAFF,
            "showReview",
            "One case with its record opened; this is logged for the data subject to see",
            answer=Answer(200, OpenedCase),
            problems=(409,),
        ),
        Route(
            "PUT /reviews/{id}",
            _propose,
            Access.STAFF,
            "proposeReview",
            "Propose to take somebody off the roll, to put them back, or to erase who is off it;"
            " another person decides",
            body=OfficeProposal,
            answer=Answer(200, ReviewOutcome),
            problems=(409, 422),
        ),
        Route(
            "POST /reviews/{id}",
            _decide,
            Access.STAFF,
            "decideReview",
            "Decide a case after looking at it; another person may have to agree",
            body=ReviewOpinion,
            answer=Answer(200, ReviewOutcome),
            problems=(409, 422),
        ),
        Route(
            "GET /reviews/{id}/renewals",
            _show_renewals,
            Access.STAFF,
            "showRenewals",
            "The renewals that wait, with the record opened; this is logged for the data subject",
            answer=Answer(200, OpenedRenewals),
            problems=(409,),
        ),
        Route(
            "POST /reviews/{id}/renewals",
            _agree,
            Access.STAFF,
            "agreeToRenewal",
            "Agree to a new access token that another person has asked for; the old one ends",
            body=RenewalAgreement,
            answer=Answer(200, RenewalMade),
            problems=(409, 422),
        ),
    ),
)


def _waiting(case: ReviewCase) -> WaitingCase:
    return WaitingCase(
        id=case.record.id,
        revision=case.record.revision,
        cause=case.cause,
        since=case.since,
        due_at=case.due_at,
        opinions=len(case.opinions),
    )
