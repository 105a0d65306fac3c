"""HTTP: lead people to where they prove who they are, and seal what they come back with.

It has no right to anything about a registration, and can open nothing that it has sealed.
"""

import re
import secrets
from functools import cache
from typing import Any

from civic.identity.adapters.evidence_sealing_esdk import EsdkEvidenceSealer
from civic.identity.adapters.proof_sessions_dynamodb import DynamoDbProofSessions
from civic.identity.adapters.token_endpoint_http import HttpTokenEndpoint
from civic.identity.adapters.token_signer_kms import KmsTokenSigner
from civic.identity.adapters.trust_dynamodb import DynamoDbTrust
from civic.identity.adapters.wrapping_keys_kms import PublicKeys
from civic.identity.errors import ProofSessionNotFound
from civic.identity.http.bodies import problem_of
from civic.identity.http.proof_bodies import (
    Confirmation,
    LedBack,
    ProofAnswered,
    ProofBegun,
    ProofRequest,
    confirmation_page,
    signed_request,
)
from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.identity.proofs.vendor import MAX_BODY, Webhook
from civic.identity.usecases.checking import begin_check, keep_check
from civic.identity.usecases.presenting import answer_request, begin_presentation, request_of
from civic.identity.usecases.proofing import Proofing, Returned, begin, come_back, hand_over
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings


class Environment(Settings):
    """Environment of proofing."""

    proof_sessions_table: str
    trusted_providers_table: str
    wrapping_keys_table: str
    proof_key_id: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, ROUTES, problem_of)


@cache
def proofing() -> Proofing:
    """Compose the adapters from the environment."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    keys = PublicKeys(dynamodb, settings.wrapping_keys_table, WRAPPING_KEY_CACHE, clients.now)
    return Proofing(
        sessions=DynamoDbProofSessions(dynamodb, settings.proof_sessions_table, clients.now),
        trust=DynamoDbTrust(dynamodb, settings.trusted_providers_table, clients.now),
        sealer=EsdkEvidenceSealer(keys),
        signer=KmsTokenSigner(clients.kms(), settings.proof_key_id),
        endpoint=HttpTokenEndpoint(),
        clock=clients.now,
        entropy=secrets.token_bytes,
    )


def _begin(request: Request, line: Invocation) -> Response:
    wanted = request.body(ProofRequest)
    started = _BEGIN[wanted.method](proofing(), wanted.provider)
    line.note(session=started.session.id)
    line.count("ProofsBegun")
    body = ProofBegun(
        id=started.session.id,
        secret=started.secret,
        url=started.url,
        expires_at=started.session.expires,
    )
    return answer(201, body)


def _come_back(request: Request, line: Invocation) -> Response:
    state, code, issuer = (request.query(name) for name in ("state", "code", "iss"))
    confirmation = come_back(proofing(), Returned(state or "", code, issuer))
    line.count("ProofsAnswered")
    return confirmation_page(confirmation)


def _ask_wallet(request: Request, _line: Invocation) -> Response:
    return signed_request(request_of(proofing(), request.path("state")))


def _hear_wallet(request: Request, line: Invocation) -> Response:
    place = answer_request(proofing(), request.path("state"), request.form().get("response"))
    line.count("ProofsAnswered")
    return answer(200, LedBack(redirect_uri=place))


def _hear_vendor(request: Request, line: Invocation) -> Response:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    name, timestamp, signature = (request.header(one) or "" for one in names)
    body = request.json_text(MAX_BODY).encode()
    place = keep_check(proofing(), Webhook(name, timestamp, signature, body))
    line.count("ProofsAnswered")
    return answer(200, LedBack(redirect_uri=place))


def _show_code(request: Request, _line: Invocation) -> Response:
    code = request.query("code") or ""
    # Nobody is to have us say anything else on this page.
    if not _CODE.fullmatch(code):
        raise ProofSessionNotFound
    return confirmation_page(code)


def _hand_over(request: Request, line: Invocation) -> Response:
    name, secret = request.path("id"), request.token
    evidence = hand_over(proofing(), name, secret, request.body(Confirmation).code)
    line.count("ProofsHandedOver")
    return answer(200, ProofAnswered(evidence=evidence))


_BEGIN = {"oidc": begin, "wallet": begin_presentation, "vendor": begin_check}
_CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", re.ASCII)

ROUTES = Routes(
    "Api",
    (
        Route(
            "POST /proofs",
            _begin,
            Access.PUBLIC,
            "beginProof",
            "Begin to prove who you are, at an identity provider that the election office trusts",
            body=ProofRequest,
            answer=Answer(201, ProofBegun),
            problems=(404,),
        ),
        Route(
            "GET /proofs/callback",
            _come_back,
            Access.PUBLIC,
            "comeBackFromProvider",
            "Where the identity provider leads back to: a page with a confirmation code",
            answer=Answer(200, None, ("text/html",)),
            problems=(404, 409, 502),
            parameters=("state", "code", "iss"),
        ),
        Route(
            "GET /proofs/{state}/request",
            _ask_wallet,
            Access.PUBLIC,
            "askWallet",
            "What a wallet is asked for (OpenID4VP), signed",
            answer=Answer(200, None, ("application/oauth-authz-req+jwt",)),
        ),
        Route(
            "POST /proofs/{state}/response",
            _hear_wallet,
            Access.PUBLIC,
            "answerFromWallet",
            "Where a wallet sends its encrypted answer (OpenID4VP, direct_post.jwt)",
            answer=Answer(200, LedBack),
            problems=(400, 409, 413, 415, 422, 502),
        ),
        Route(
            "POST /proofs/webhook",
            _hear_vendor,
            Access.PUBLIC,
            "hearFromVendor",
            "Where a vendor sends what its check found (Standard Webhooks, v1a)",
            answer=Answer(200, LedBack),
            problems=(400, 404, 409, 413, 415, 422, 502),
            parameters=("webhook-id", "webhook-timestamp", "webhook-signature"),
        ),
        Route(
            "GET /proofs/confirmation",
            _show_code,
            Access.PUBLIC,
            "showConfirmation",
            "Where a wallet or a vendor leads back to: a page with a confirmation code",
            answer=Answer(200, None, ("text/html",)),
            problems=(404,),
            parameters=("confirmation",),
        ),
        Route(
            "POST /proofs/{id}/evidence",
            _hand_over,
            Access.TOKEN,
            "takeEvidence",
            "The evidence of a proof, for whoever has its secret and its confirmation code",
            body=Confirmation,
            answer=Answer(200, ProofAnswered),
            problems=(403, 409),
        ),
    ),
)
