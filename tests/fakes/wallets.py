"""An issuer that is trusted, a wallet with its credential, and a request to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from civic.identity.model.proof import ProofLevel, Proven
from civic.identity.model.trust import IdentifyingClaim, PidIssuer
from civic.identity.proofs import wallet
from civic.lab.wallets.holding import Wallet
from civic.lab.wallets.issuing import PID_TYPE, Issued, Issuer

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
CLIENT = "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"
NONCE = "n-0S6_WzA2Mj"
STATUS = "https://pid.example/status/1"
ISSUER = "https://pid.example"
PERSON: Mapping[str, object] = {
    "family_name": "Lovelace",
    "given_name": "Ada",
    "birthdate": "1990-12-10",
    "personal_administrative_number": "12345678901",
    "nationalities": ["DE"],
}
ASKED = ("family_name", "given_name", "birthdate", "personal_administrative_number")


@dataclass(slots=True)
class Presenting:
    """Everything that takes part in one presentation; a test changes what it is about."""

    issuer: Issuer = field(default_factory=lambda: Issuer(ISSUER, STATUS))
    wallet: Wallet = field(default_factory=Wallet)
    nonce: str = NONCE
    audience: str = CLIENT
    bound_at: datetime = NOW - timedelta(seconds=10)
    answered_at: datetime = NOW

    def __post_init__(self) -> None:
        self.wallet.held = self.issue()

    def issue(
        self,
        *,
        changes: Mapping[str, object] | None = None,
        status: int | None = 7,
        claims: Mapping[str, object] = PERSON,
    ) -> Issued:
        """Have the wallet hold another credential, and return it."""
        issued = self.issuer.issue(
            claims, self.wallet.key, NOW - timedelta(days=30), changes=changes, status=status
        )
        self.wallet.held = issued
        return issued

    def present(self, *names: str) -> str:
        """Return the presentation of some claims, all that are asked for by default."""
        return self.wallet.present(
            names or ASKED, nonce=self.nonce, audience=self.audience, at=self.bound_at
        )

    def bind(self, unbound: str) -> str:
        """Return what the holder presents of an unbound presentation."""
        return self.wallet.bind(unbound, nonce=self.nonce, audience=self.audience, at=self.bound_at)

    @property
    def trusted(self) -> PidIssuer:
        """The entry of the issuer."""
        return PidIssuer.model_validate(
            {
                "issuer": self.issuer.issuer,
                "level": ProofLevel.HIGH,
                "types": (PID_TYPE,),
                "keys": (self.issuer.jwk,),
                "identifier": IdentifyingClaim(claim="personal_administrative_number", kind="DE"),
            }
        )

    def verify(
        self,
        presented: str,
        *trusted: PidIssuer,
        status_lists: Mapping[str, str] | None = None,
    ) -> Proven:
        """Return what a presentation proves."""
        lists = {STATUS: self.issuer.status_list(NOW - timedelta(hours=1))}
        return wallet.verify(
            answer(presented),
            wallet.Expected(NONCE, CLIENT, self.answered_at),
            trusted or (self.trusted,),
            (lists if status_lists is None else status_lists).get,
        )


def answer(presented: str) -> bytes:
    """Return the parameters of the response that holds a presentation."""
    return json.dumps({"vp_token": {"pid": [presented]}}).encode()
