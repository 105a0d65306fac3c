"""What a wallet presents of its person identification data (OpenID4VP 1.0, SD-JWT VC).

The claims are those of the PID Rulebook of the European Digital Identity Wallet. Its personal
number is optional; which claim identifies a person is entered with the issuer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from civic.identity.model.proof import Identifier, ProofMethod, ProofRefused, Proven
from civic.identity.model.trust import IdentifyingClaim, PidIssuer
from civic.identity.proofs import sd_jwt, status_list, tokens
from civic.identity.proofs.certificates import check_signed
from civic.identity.proofs.openid4vp import CREDENTIAL_TYPE, NAME_AND_BIRTH, QUERY_ID
from civic.identity.proofs.sd_jwt import Presentation
from civic.identity.proofs.tokens import Json

_NEVER_DISCLOSED = frozenset({"iss", "nbf", "exp", "iat", "cnf", "vct", "status", "aud"})
"""What an issuer signs in clear (SD-JWT VC section 3.2.2.2)."""
_SHORT_LIVED = timedelta(days=1)
"""A credential that lives no longer need not be revocable (ARF 2.4, topic 7)."""
_MAX_VALUE = 512


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must have been made for."""

    nonce: str
    client_id: str
    """The full client identifier, with its prefix."""
    answered_at: datetime
    """When the answer arrived."""


def verify(
    answer: bytes,
    expected: Expected,
    trusted: Sequence[PidIssuer],
    status_list_at: Callable[[str], str | None],
) -> Proven:
    """Return what a wallet's answer proves.

    Args:
        answer: The parameters of the response (OpenID4VP section 8.1), as JSON.
        expected: What it must have been made for.
        trusted: Whose credentials are believed.
        status_list_at: Returns the status list token of an address, if it is at hand.

    Raises:
        ProofRefused: It proves nothing; the message says why.
    """
    presentation = sd_jwt.parse(_presented(answer))
    at = expected.answered_at
    issuer = _issuer_of(presentation, trusted, at)
    sd_jwt.check_binding(presentation, nonce=expected.nonce, audience=expected.client_id, at=at)
    _check_valid(presentation, issuer, status_list_at, at)
    claims = sd_jwt.disclosed(presentation)
    if (claims.keys() - presentation.issued.claims.keys()) & _NEVER_DISCLOSED:
        raise ProofRefused("a disclosure is of a claim that is there, or may not be")
    family, given, birth = (_text(claims, name) for name in NAME_AND_BIRTH)
    if family is None or given is None or birth is None:
        raise ProofRefused("a claim that was asked for is not disclosed")
    return Proven(
        method=ProofMethod.WALLET,
        level=issuer.level,
        issuer=issuer.issuer,
        day=at.astimezone(UTC).date(),
        full_name=f"{given} {family}",
        birth_date=tokens.day_of(birth),
        identifier=_identifier(claims, issuer.identifier),
    )


def _presented(answer: bytes) -> str:
    vp_token = tokens.parse_object(answer).get("vp_token")
    if not isinstance(vp_token, dict) or vp_token.keys() != {QUERY_ID}:
        raise ProofRefused("the wallet did not answer what it was asked")
    presentations = vp_token[QUERY_ID]
    if not isinstance(presentations, list) or len(presentations) != 1:
        raise ProofRefused("the wallet did not answer with one presentation")
    presented = presentations[0]
    if not isinstance(presented, str):
        raise ProofRefused("the presentation is not of the format that was asked for")
    return presented


def _issuer_of(presentation: Presentation, trusted: Sequence[PidIssuer], at: datetime) -> PidIssuer:
    """Return whose the credential is, by its signature."""
    token = presentation.issued
    named, of_type = token.claims.get("iss"), token.claims.get("vct")
    # Without a name the certificate says who the issuer is (SD-JWT VC section 3.5).
    by_certificate = named is None and "x5c" in token.header
    candidates = [
        issuer
        for issuer in trusted
        if of_type in issuer.types and (by_certificate or named == issuer.issuer)
    ]
    refused = ProofRefused("the issuer is not trusted for credentials of this type")
    for issuer in candidates:
        try:
            check_signed(issuer, token, CREDENTIAL_TYPE, at)
        except ProofRefused as error:
            refused = error
        else:
            return issuer
    raise refused


def _check_valid(
    presentation: Presentation,
    issuer: PidIssuer,
    status_list_at: Callable[[str], str | None],
    at: datetime,
) -> None:
    claims = presentation.issued.claims
    tokens.check_times(claims, at)
    expiry = tokens.moment(claims, "exp")
    if expiry is None:
        raise ProofRefused("the credential does not say when it expires")
    reference = status_list.reference_of(claims)
    if reference is None:
        if expiry - at > _SHORT_LIVED:
            raise ProofRefused("the credential can neither be revoked nor expires within a day")
        return
    text = status_list_at(reference.uri)
    if text is None:
        raise ProofRefused("the status list of the credential is not at hand")
    listed = tokens.parse(text)
    check_signed(issuer, listed, "statuslist+jwt", at)
    status_list.check_list(listed, reference, at)


def _identifier(
    claims: Mapping[str, Json], identified_by: IdentifyingClaim | None
) -> Identifier | None:
    if identified_by is None:
        return None
    value = _text(claims, identified_by.claim)
    return None if value is None else Identifier(identified_by.kind, value)


def _text(claims: Mapping[str, Json], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > _MAX_VALUE:
        raise ProofRefused("a claim is not text of a usual length")
    return value
