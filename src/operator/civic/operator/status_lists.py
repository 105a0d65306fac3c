"""What issuers of credentials have revoked, fetched for the validator, which reaches nobody.

Whole lists are fetched, of all issuers, and not when somebody presents: so no issuer learns who
proves what to whom.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx

from civic.identity.adapters.status_lists_dynamodb import LIST_CHARACTERS_MOST
from civic.identity.model.proof import ProofRefused
from civic.identity.model.trust import PidIssuer, Trust
from civic.identity.ports.proofs import StatusListKeeper
from civic.identity.proofs import tokens
from civic.identity.proofs.certificates import check_signed

_TYPE = "statuslist+jwt"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one list."""

    uri: str
    failed: str | None = None
    """Why the list of before stays, or None."""


def fetch_lists(
    trust: Trust, keeper: StatusListKeeper, http: httpx.Client, at: datetime
) -> Iterator[Fetched]:
    """Fetch the status lists of every issuer that is trusted, and keep those that verify."""
    for service in trust.wallets.values():
        for issuer in service.issuers:
            for uri in issuer.status_lists:
                yield _fetch(issuer, uri, keeper, http, at)


def _fetch(
    issuer: PidIssuer, uri: str, keeper: StatusListKeeper, http: httpx.Client, at: datetime
) -> Fetched:
    try:
        text = _body(http, uri)
        token = tokens.parse(text)
        check_signed(issuer, token, _TYPE, at)
        tokens.check_times(token.claims, at)
    except httpx.HTTPError:
        return Fetched(uri, "no answer")
    except ProofRefused as refused:
        return Fetched(uri, str(refused))
    if token.claims.get("sub") != uri:
        return Fetched(uri, "the status list is another one")
    keeper.keep(uri, text)
    return Fetched(uri)


def _body(http: httpx.Client, uri: str) -> str:
    read = b""
    with http.stream("GET", uri, headers={"accept": f"application/{_TYPE}"}) as response:
        if response.status_code != httpx.codes.OK:
            raise ProofRefused("the issuer does not give the list")
        for piece in response.iter_bytes():
            read += piece
            if len(read) > LIST_CHARACTERS_MOST:
                raise ProofRefused("a status list is too large")
    return read.decode("ascii", errors="replace").strip()
