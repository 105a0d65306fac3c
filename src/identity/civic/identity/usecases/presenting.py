"""What ``proofing`` does with wallets: ask for a presentation, and keep the answer unread.

The answer is encrypted to a key of its session. Its private half is sealed before the session is
kept, to a key that ``proofing`` cannot open: so it can read no answer, not even later.
"""

from dataclasses import replace
from urllib.parse import urlencode

from civic.identity.errors import ProofSessionUsed, ProviderFailed, ProviderUnknown
from civic.identity.model.proof import ProofMethod
from civic.identity.model.proof_session import begin_session
from civic.identity.model.trust import WalletService
from civic.identity.proofs.openid4vp import (
    REQUEST_TYPE,
    Asking,
    Posted,
    chain_of,
    client_id_of,
    is_encrypted,
    new_key,
    request_object,
)
from civic.identity.proofs.tokens import parse
from civic.identity.usecases.proofing import Proofing, Started, keep_answer, session_by


def begin_presentation(proofing: Proofing, provider: str) -> Started:
    """Begin a session with a wallet; its address opens one, or is shown as a QR code.

    Raises:
        ProviderUnknown: The office asks no wallets by that name.
    """
    service = _service(proofing, provider)
    begun = begin_session(ProofMethod.WALLET, provider, proofing.clock(), proofing.entropy)
    key, chain = new_key(proofing.entropy), chain_of(service.certificates)
    place = f"{service.address.rstrip('/')}/proofs/{begun.state}"
    asking = Asking(client_id_of(chain), begun.session.nonce, f"{place}/response", key.public)
    request = proofing.signer.sign(REQUEST_TYPE, request_object(asking, service.issuers), chain)
    sealed = proofing.sealer.seal(key.private)
    proofing.sessions.put(replace(begun.session, request=request, key=sealed))
    query = urlencode({"client_id": asking.client_id, "request_uri": f"{place}/request"})
    return Started(begun.session, begun.secret, f"{service.opened_by}?{query}")


def request_of(proofing: Proofing, state: str) -> str:
    """Return the signed request of a session.

    Raises:
        ProofSessionNotFound: The state is of no session with a wallet, or its time is over.
    """
    return session_by(proofing, state, ProofMethod.WALLET).request


def answer_request(proofing: Proofing, state: str, response: str | None) -> str:
    """Keep what a wallet answered, and return where it leads the person: to the confirmation code.

    Raises:
        ProofSessionNotFound: The state is of no session with a wallet, or its time is over.
        ProofSessionUsed: The request was answered before.
        ProviderFailed: The wallet did not answer, or not encrypted.
        ProviderUnknown: The office does not ask wallets by that name any more.
    """
    session = session_by(proofing, state, ProofMethod.WALLET)
    service = _service(proofing, session.provider)
    if response is None or not is_encrypted(response):
        raise ProviderFailed
    if not proofing.sessions.use(session):
        raise ProofSessionUsed
    asked_by = str(parse(session.request).claims["client_id"])
    posted = Posted(response, session.key, asked_by)
    code = keep_answer(proofing, session, posted.to_text())
    return confirmation_address(service.address, code)


def confirmation_address(address: str, code: str) -> str:
    """Return the page that shows a confirmation code to who has just proven who they are."""
    return f"{address.rstrip('/')}/proofs/confirmation?{urlencode({'code': code})}"


def _service(proofing: Proofing, name: str) -> WalletService:
    service = proofing.trust.current().wallets.get(name)
    if service is None:
        raise ProviderUnknown
    return service
