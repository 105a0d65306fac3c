"""What ``proofing`` does with a vendor of checks: lead people there, and keep the signed result."""

from dataclasses import replace
from urllib.parse import urlencode, urlsplit, urlunsplit

from civic.identity.errors import ProofSessionUsed, ProviderUnknown
from civic.identity.model.keys import digest_of
from civic.identity.model.proof import ProofMethod
from civic.identity.model.proof_session import begin_session
from civic.identity.model.trust import VendorService
from civic.identity.proofs.vendor import Webhook, check_signed, reference_for, reference_of
from civic.identity.usecases.presenting import confirmation_address
from civic.identity.usecases.proofing import Proofing, Started, keep_answer, session_by


def begin_check(proofing: Proofing, provider: str) -> Started:
    """Begin a session at a vendor.

    Raises:
        ProviderUnknown: The office trusts no vendor of that name.
    """
    service = _service(proofing, provider)
    begun = begin_session(ProofMethod.VENDOR, provider, proofing.clock(), proofing.entropy)
    reference = reference_for(begun.session.id, begun.session.nonce)
    session = replace(begun.session, state=digest_of(reference))
    proofing.sessions.put(session)
    parts = urlsplit(service.starts_at)
    query = urlencode({"reference": reference})
    place = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))
    return Started(session, begun.secret, place)


def keep_check(proofing: Proofing, webhook: Webhook) -> str:
    """Keep what a vendor found, and return where it leads the person: to the confirmation code.

    Raises:
        ProofRefused: The message is not signed by the vendor, or was not sent just now.
        ProofSessionNotFound: It is of no session, or its time is over.
        ProofSessionUsed: A message of this session came before.
        ProviderUnknown: The office does not trust the vendor any more.
        ProviderFailed: It is too long.
    """
    session = session_by(proofing, reference_of(webhook.body), ProofMethod.VENDOR)
    service = _service(proofing, session.provider)
    check_signed(webhook, service, proofing.clock())
    if not proofing.sessions.use(session):
        raise ProofSessionUsed
    code = keep_answer(proofing, session, webhook.to_text())
    return confirmation_address(service.address, code)


def _service(proofing: Proofing, name: str) -> VendorService:
    service = proofing.trust.current().vendors.get(name)
    if service is None:
        raise ProviderUnknown
    return service
