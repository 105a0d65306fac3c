"""A wallet that is asked over HTTP: it fetches the request, looks who asks, and answers."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from civic.contracts import base64url
from civic.lab.wallets.holding import Wallet
from civic.terminal.failures import CommandFailed

_REQUEST_TYPE = "oauth-authz-req+jwt"
_LONGEST_HEADER = 16_384


def answer_over_http(
    wallet: Wallet, url: str, roots: Sequence[x509.Certificate], at: datetime
) -> str:
    """Answer the request that an address leads to, and return where the person is led.

    Raises:
        CommandFailed: The request is not one that a wallet may answer, or nobody took the answer.
    """
    query = dict(parse_qsl(urlsplit(url).query))
    with httpx.Client(trust_env=False) as http:
        fetched = http.get(query["request_uri"])
        if fetched.status_code != httpx.codes.OK:
            raise CommandFailed("there is no request at this address")
        request = read_request(fetched.text, query["client_id"], roots)
        form = {"response": wallet.answer(request, at)}
        taken = http.post(request["response_uri"], data=form)
    if taken.status_code != httpx.codes.OK:
        raise CommandFailed("nobody took the answer of the wallet")
    return str(taken.json()["redirect_uri"])


def read_request(
    token: str, client_id: str, roots: Sequence[x509.Certificate]
) -> Mapping[str, Any]:
    """Return what a request asks for, once it is known who asks (OpenID4VP, section 5.9.3).

    Raises:
        CommandFailed: It is not signed by whom it names, or no root vouches for them.
    """
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.max_header_length = _LONGEST_HEADER
    try:
        der = b64decode(jws.extract_compact(token.encode(), registry=registry).headers()["x5c"][0])
        certificate = x509.load_der_x509_certificate(der)
        root = next(one for one in roots if one.subject == certificate.issuer)
        certificate.verify_directly_issued_by(root)
        key = ECKey.import_key(certificate.public_key())  # type: ignore[arg-type]
        read = jwt.decode(token, key, registry=registry)
    except (JoseError, ValueError, LookupError, StopIteration, InvalidSignature):
        raise CommandFailed("the request is not signed by somebody who may ask") from None
    named = f"x509_hash:{base64url.encode(sha256(der).digest())}"
    if client_id != named or read.claims["client_id"] != named:
        raise CommandFailed("the request names somebody else than its certificate")
    if read.header.get("typ") != _REQUEST_TYPE:
        raise CommandFailed("this is no request")
    return read.claims
