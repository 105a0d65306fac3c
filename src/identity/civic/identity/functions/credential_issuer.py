"""HTTP: sign a voter's blinded message, once for each election.

The log line has the registration and the outcome, but nothing of the request or its answer, not
even a digest: somebody who knows a blinded message must not find its registration here.
"""

import secrets
from datetime import timedelta
from functools import cache
from typing import Any

from civic.contracts import base64url
from civic.identity.adapters.access_renewals_dynamodb import DynamoDbAccessRenewals
from civic.identity.adapters.election_calendar_dynamodb import DynamoDbElectionCalendar
from civic.identity.adapters.issuer_keys_kms import IssuerKeyTable, KmsSigningKeys
from civic.identity.adapters.issuer_roll_dynamodb import DynamoDbIssuerRoll, IssuingTables
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.mark_keys_kms import KmsMarkKeys, MarkKeyTable
from civic.identity.adapters.people_dynamodb import DynamoDbPeople
from civic.identity.http.bodies import problem_of
from civic.identity.http.credential_bodies import (
    CredentialAnswer,
    CredentialOffer,
    CredentialOffers,
    CredentialRefusal,
    CredentialRequest,
    NotedRequest,
    RollDisclosure,
)
from civic.identity.http.paths import registration_id
from civic.identity.model.settings import CREDENTIAL_KEY_CACHE
from civic.identity.usecases.issuing import (
    Issuing,
    Offer,
    Refusal,
    issue_credential,
    list_offers,
    show_entry,
)
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings


class Environment(Settings):
    """Environment of the credential issuer."""

    access_renewals_table: str
    issuer_roll_table: str
    issuer_elections_table: str
    issuer_keys_table: str
    issued_marks_table: str
    mark_keys_table: str
    decisions_table: str
    credential_key_id: str
    searched_within_hours: int


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, ROUTES, problem_of, about=registration_id)


@cache
def issuing() -> Issuing:
    """Compose the adapters from the environment."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    keys = IssuerKeyTable(
        dynamodb, settings.issuer_keys_table, clients.kms(), settings.credential_key_id
    )
    mark_keys = MarkKeyTable(
        dynamodb, settings.mark_keys_table, clients.kms(), settings.credential_key_id
    )
    tables = IssuingTables(
        settings.issuer_roll_table, settings.decisions_table, settings.issued_marks_table
    )
    return Issuing(
        roll=DynamoDbIssuerRoll(RevisionedTable(dynamodb, tables.roll), dynamodb, tables),
        calendar=DynamoDbElectionCalendar(dynamodb, settings.issuer_elections_table),
        keys=KmsSigningKeys(keys, CREDENTIAL_KEY_CACHE, clients.now),
        clock=clients.now,
        entropy=secrets.token_bytes,
        renewals=DynamoDbAccessRenewals(dynamodb, settings.access_renewals_table),
        people=DynamoDbPeople(dynamodb, settings.decisions_table),
        mark_keys=KmsMarkKeys(mark_keys, CREDENTIAL_KEY_CACHE, clients.now),
        searched_within=timedelta(hours=settings.searched_within_hours),
    )


def _list(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    offers = list_offers(issuing(), registration, token)
    return answer(
        200,
        CredentialOffers(
            id=registration,
            elections=tuple(map(_offer, offers.offered)),
            refused=tuple(map(_refusal, offers.refused)),
        ),
    )


def _show(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    entry = show_entry(issuing(), registration, token)
    standing = entry.standing
    return answer(
        200,
        RollDisclosure(
            id=registration,
            on_the_roll=standing.accepted,
            revision=standing.revision,
            round=standing.round,
            areas=standing.areas,
            area_version=standing.area_version,
            eligible_from=standing.eligible_from,
            registered_at=standing.registered_at,
            credentials=tuple(
                NotedRequest(
                    election=election, style=noted.style, digest=base64url.encode(noted.digest)
                )
                for election, noted in sorted(entry.issued.items())
            ),
        ),
    )


def _issue(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    asked = request.body(CredentialRequest)
    blinded = base64url.decode(asked.blinded_message)
    signed = issue_credential(issuing(), registration, token, asked.election, blinded)
    line.count("CredentialsIssued")
    return answer(
        200,
        CredentialAnswer(
            election=signed.election,
            style=signed.style,
            blind_signature=base64url.encode(signed.signature),
        ),
    )


ROUTES = Routes(
    "Api",
    (
        Route(
            "GET /registrations/{id}/credentials",
            _list,
            Access.TOKEN,
            "listElections",
            "The elections this person may vote in, with the keys of their credentials",
            answer=Answer(200, CredentialOffers),
            problems=(409,),
        ),
        Route(
            "POST /registrations/{id}/credentials",
            _issue,
            Access.TOKEN,
            "issueCredential",
            "Have a blinded message signed, once for each election (RFC 9474)",
            body=CredentialRequest,
            answer=Answer(200, CredentialAnswer),
            problems=(403, 409),
        ),
        Route(
            "GET /registrations/{id}/roll",
            _show,
            Access.TOKEN,
            "showRollEntry",
            "What the roll of voters holds, with the credentials that were issued (GDPR Art. 15)",
            answer=Answer(200, RollDisclosure),
        ),
    ),
)


def _offer(offer: Offer) -> CredentialOffer:
    return CredentialOffer(
        election=offer.window.election,
        style=offer.style,
        public_key=base64url.encode(offer.public_key),
        opens_at=offer.window.opens_at,
        closes_at=offer.window.closes_at,
        issued=offer.issued,
    )


def _refusal(refusal: Refusal) -> CredentialRefusal:
    why, window = problem_of(refusal.why), refusal.window
    if why is None:
        raise refusal.why
    return CredentialRefusal(
        election=window.election,
        code=why.code,
        title=why.title,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        **why.extensions,
    )
