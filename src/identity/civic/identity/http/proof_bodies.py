"""The bodies and the page of proofs of identity."""

from datetime import datetime
from html import escape
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from civic.contracts.events import UUID_PATTERN
from civic.identity.http.bodies import Body
from civic.identity.model.registration import Evidence
from civic.runtime.http import HEADERS
from civic.runtime.request import Response

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>You have proven who you are</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; }}</style>
<main>
<h1>One more step</h1>
<p>Type this confirmation code where you began. It is valid for a few minutes:</p>
<p><strong><code>{code}</code></strong></p>
<p>Did you not begin this yourself, but follow a link that somebody sent you? Then close this page,
and give the code to nobody: with it they could register in your name.</p>
</main>
</html>
"""
_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


class ProofRequest(Body):
    """How somebody wants to prove who they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    method: Literal["oidc", "wallet", "vendor"]
    provider: Annotated[str, Field(max_length=32, description="By its name, such as national")]


class ProofBegun(Body):
    """A proof has begun: go to the address, then come for the evidence."""

    id: Annotated[str, Field(pattern=UUID_PATTERN)]
    secret: str = Field(description="Bearer token for this proof; shown only here")
    url: str = Field(description="Where to sign in or be checked; of a wallet, what opens it")
    expires_at: datetime


class LedBack(Body):
    """Where to lead the person now: to a page with their confirmation code."""

    redirect_uri: str


class Confirmation(Body):
    """The code that was shown after the sign-in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    code: Annotated[str, Field(max_length=32)]


class ProofAnswered(Body):
    """What proves who the person is, ready to be part of a registration."""

    evidence: Evidence


def signed_request(token: str) -> Response:
    """Return a request to a wallet (RFC 9101 section 5.2.3)."""
    kind = "application/oauth-authz-req+jwt"
    return {"statusCode": 200, "headers": {**HEADERS, "content-type": kind}, "body": token}


def confirmation_page(code: str) -> Response:
    """Return a page that shows the confirmation code, loads nothing and runs nothing."""
    return {
        "statusCode": 200,
        "headers": {
            **HEADERS,
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": _CSP,
            # The address has the code of the provider in it.
            "referrer-policy": "no-referrer",
        },
        "body": _PAGE.format(code=escape(code)),
    }
