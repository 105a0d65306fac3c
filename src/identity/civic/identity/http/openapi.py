"""What the OpenAPI documents of the public API and the staff API say besides their routes.

Nothing at run time uses this module; ``civic schemas`` writes the documents and the build fails
when they are stale.
"""

from civic.identity.proofs.vendor import Check
from civic.runtime.openapi import TRACE, Description, Json
from civic.runtime.request import IDEMPOTENCY_KEY_PATTERN

_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}

_STATE = {
    "name": "state",
    "in": "path",
    "required": True,
    "description": "Of a session with a wallet, from the address of its request",
    "schema": {"type": "string"},
}


def _of_a_wallet(operation: Json) -> Json:
    schema = {"type": "object", "properties": {"response": {"type": "string"}}}
    form = {"application/x-www-form-urlencoded": {"schema": schema}}
    return operation | {"requestBody": {"required": True, "content": form}}


def _of_a_vendor(operation: Json) -> Json:
    check = Check.model_json_schema()
    check["required"] = sorted(check["required"])
    content = {"application/json": {"schema": check}}
    return operation | {"requestBody": {"required": True, "content": content}}


PUBLIC = Description(
    title="Civic registration API",
    text="Register, follow, see, correct, export and erase. Errors are problem details (RFC 9457) "
    "and repeat nothing of what was sent but the code point of a character to remove.",
    tag="registrations",
    meanings={
        401: "No access token (token_required), or one that has ended because the election office "
        "gave out another (access_renewed, with renewed_on)",
        403: "The election is over (election_over), or this person may not vote in it: "
        "not_yet_eligible (with eligible_from and election_day), "
        "roll_closed (with roll_closes_at) or area_unsettled; or the code that confirms a proof is "
        "another one (confirmation_wrong)",
        404: "Unknown id, erased, or not this token's; the answer does not say which. Or the "
        "office trusts no such identity provider (provider_unknown)",
        409: "In conflict with the current state; may be repeated if Retry-After is given",
        422: "Invalid fields, each named by code and JSON Pointer",
        502: "The identity provider did not answer as it should (provider_failed)",
        503: "Temporarily unavailable; nothing was accepted",
    },
    path_parameters={"id": _ID, "state": _STATE},
    everywhere=(TRACE,),
    details={"answerFromWallet": _of_a_wallet, "hearFromVendor": _of_a_vendor},
    parameters={
        **{
            name: {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        },
        "confirmation": {
            "name": "code",
            "in": "query",
            "description": "To show",
            "schema": {"type": "string"},
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Unguessable, such as a UUID. Repeating it with the same payload gives "
            "the same answer and no second registration, until the registration is erased "
            "(registration_erased) or its access token has ended (access_renewed).",
            "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN},
        },
        **{
            name: {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
            for name, text in (
                ("state", "As it was in the address of the sign-in (RFC 6749 section 4.1.2)"),
                ("code", "Of the provider; absent if the sign-in failed"),
                ("iss", "The provider's issuer, if it says so (RFC 9207)"),
            )
        },
    },
)

STAFF = Description(
    title="Civic review API",
    text="For members of staff: the registrations that wait for a person (GDPR Art. 22(3)), and "
    "new access tokens for people who lost theirs. Every "
    "request is signed (AWS Signature Version 4, service execute-api), and every look at a record "
    "is logged. Errors are problem details (RFC 9457) and never repeat what was sent.",
    tag="reviews",
    meanings={
        404: "No such case, registration or renewal",
        409: "The case has changed in the meantime, or its record is not stored yet",
    },
    path_parameters={"id": _ID},
    everywhere=(TRACE,),
)
