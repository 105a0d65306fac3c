"""What proofs of identity need from the outside world; the rules of the other ports apply."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from civic.identity.model.keys import AccessDigest
from civic.identity.model.proof_session import ProofSession
from civic.identity.model.trust import Trust


class EvidenceSealer(Protocol):
    """Seals answers to the public wrapping key; who seals cannot open."""

    def seal(self, answer: bytes) -> bytes:
        """Return an answer sealed; raises WrappingKeyMissing."""
        ...


class EvidenceOpener(Protocol):
    """Opens what was sealed to the public wrapping key."""

    def open(self, sealed: bytes) -> bytes:
        """Return the answer.

        Raises:
            ProofRefused: It was not sealed to one of our keys for this purpose, or was altered.
            KeyServiceUnavailable, StoreUnavailable: The key could not be had; try again.
        """
        ...


class TrustStore(Protocol):
    """Whom the office trusts to say who somebody is."""

    def current(self) -> Trust:
        """Return the trust document in use; one without anybody if there is none."""
        ...


class StatusLists(Protocol):
    """What issuers have revoked, as they last said it."""

    def at(self, uri: str) -> str | None:
        """Return the status list token of an address, unverified; None if none was fetched."""
        ...


class StatusListKeeper(StatusLists, Protocol):
    """The same for the operator who fetches them."""

    def keep(self, uri: str, token: str) -> None:
        """Keep what an address answered, instead of what it answered before."""
        ...


class TrustEditor(TrustStore, Protocol):
    """The trust document, for the operator who puts another one in use."""

    def replace(self, trust: Trust) -> None:
        """Put a trust document in use, instead of the one before."""
        ...


class ProofSessions(Protocol):
    """Sessions that are under way, each for a quarter of an hour."""

    def put(self, session: ProofSession) -> None:
        """Keep a new session."""
        ...

    def get(self, session: str) -> ProofSession | None:
        """Return a session; None if there is none, or its time is over."""
        ...

    def use(self, session: ProofSession) -> bool:
        """Note that its state has come back; False if it has before."""
        ...

    def answered(self, session: ProofSession, evidence: bytes, code: AccessDigest) -> None:
        """Keep the sealed answer, and the digest of the code by which it is confirmed."""
        ...

    def evidence(self, session: ProofSession) -> tuple[bytes, AccessDigest] | None:
        """Return the sealed answer and the digest of its code; None if there is no answer yet."""
        ...


class TokenSigner(Protocol):
    """Signs tokens with the key that only ``proofing`` may use."""

    def sign(self, typ: str, claims: Mapping[str, Any], chain: Sequence[str] = ()) -> str:
        """Return a token in compact form, signed with ES256; raises KeyServiceUnavailable.

        Args:
            typ: Its type.
            claims: What it says.
            chain: The certificates of the key, in base64 of DER, if the token is to name them.
        """
        ...


class TokenEndpoint(Protocol):
    """The token endpoints of identity providers."""

    def redeem(self, url: str, form: Mapping[str, str]) -> bytes:
        """Return what a token endpoint answers to a form.

        Raises:
            ProviderFailed: It refused, or did not answer in time or at a length that is allowed.
        """
        ...
