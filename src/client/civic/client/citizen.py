"""A citizen's client of the HTTP API: what anyone could do with curl."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from httpx import codes

from civic.client.api_client import ApiClient, Refused, require_success


@dataclass(frozen=True, slots=True)
class Receipt:
    """The id of a registration and its access token, which is a secret."""

    id: str
    access_token: str = field(repr=False)

    @property
    def path(self) -> str:
        """The path of the registration; any id is quoted, so it stays one part of a path."""
        return f"/registrations/{quote(self.id, safe='')}"


class Citizen(ApiClient):
    """Calls the API of one stack; safe to share between threads."""

    def register(self, payload: dict[str, Any], idempotency_key: str) -> Receipt:
        """Register a person; if it is sent again, the same key keeps it one registration."""
        body = self.call(
            "POST", "/registrations", json=payload, headers={"idempotency-key": idempotency_key}
        )
        return Receipt(body["id"], body["access_token"])

    def status(self, receipt: Receipt) -> dict[str, Any]:
        """Return the status and the decision."""
        return self.call("GET", receipt.path, receipt.access_token)

    def data(self, receipt: Receipt) -> dict[str, Any]:
        """Return everything that is held (GDPR Art. 15)."""
        return self.call("GET", receipt.path + "/data", receipt.access_token)

    def rectify(self, receipt: Receipt, payload: dict[str, Any]) -> dict[str, Any]:
        """Replace the data (GDPR Art. 16)."""
        return self.call("PUT", receipt.path, receipt.access_token, json=payload)

    def erase(self, receipt: Receipt) -> dict[str, Any]:
        """Ask for erasure (GDPR Art. 17)."""
        return self.call("DELETE", receipt.path, receipt.access_token)

    def withdraw(self, receipt: Receipt) -> dict[str, Any]:
        """Withdraw consent, which erases (GDPR Art. 7(3))."""
        return self.call("DELETE", receipt.path + "/consent", receipt.access_token)

    def erasure(self, receipt: Receipt) -> dict[str, Any]:
        """Return how far an erasure has come, with its receipt once it is complete."""
        return self.call("GET", receipt.path + "/erasure", receipt.access_token)

    def restrict(self, receipt: Receipt) -> dict[str, Any]:
        """Restrict processing: the data is kept and not used otherwise (GDPR Art. 18)."""
        return self.call("PUT", receipt.path + "/restriction", receipt.access_token)

    def lift(self, receipt: Receipt) -> dict[str, Any]:
        """Lift a restriction (GDPR Art. 18(3))."""
        return self.call("DELETE", receipt.path + "/restriction", receipt.access_token)

    def object(self, receipt: Receipt) -> dict[str, Any]:
        """Object to being counted (GDPR Art. 21)."""
        return self.call("PUT", receipt.path + "/objection", receipt.access_token)

    def dispute(self, receipt: Receipt) -> dict[str, Any]:
        """Ask that a person decide (GDPR Art. 22(3))."""
        return self.call("POST", receipt.path + "/review", receipt.access_token)

    def explanation(self, receipt: Receipt) -> dict[str, Any]:
        """Return how the decision was made (GDPR Art. 15(1)(h), 22)."""
        return self.call("GET", receipt.path + "/explanation", receipt.access_token)

    def requests(self, receipt: Receipt) -> dict[str, Any]:
        """Return what was asked for, and when it is due (GDPR Art. 12(3))."""
        return self.call("GET", receipt.path + "/requests", receipt.access_token)

    def roll_entry(self, receipt: Receipt) -> dict[str, Any]:
        """Return what the roll of voters holds about this person (GDPR Art. 15)."""
        return self.call("GET", receipt.path + "/roll", receipt.access_token)

    def everything(self, receipt: Receipt) -> dict[str, Any]:
        """Return all that is held, with the entry on the roll under ``roll`` (GDPR Art. 15).

        It is None if the roll has heard of no decision yet.
        """
        return self.data(receipt) | {"roll": self.roll_entry_if_any(receipt)}

    def roll_entry_if_any(self, receipt: Receipt) -> dict[str, Any] | None:
        """Return what the roll holds about this person, None if it has heard of no decision."""
        try:
            return self.roll_entry(receipt)
        except Refused as refused:
            if refused.status != codes.NOT_FOUND:
                raise
            return None

    def elections(self, receipt: Receipt) -> dict[str, Any]:
        """Return the elections this person may vote in."""
        return self.call("GET", receipt.path + "/credentials", receipt.access_token)

    def credential(self, receipt: Receipt, election: str, blinded_message: str) -> dict[str, Any]:
        """Have a blinded message signed; the same message always gets the same signature."""
        body = {"election": election, "blinded_message": blinded_message}
        return self.call("POST", receipt.path + "/credentials", receipt.access_token, json=body)

    def notice(self) -> dict[str, Any]:
        """Return the privacy notice (GDPR Art. 13)."""
        return self.call("GET", "/privacy-notice")

    def data_as_csv(self, receipt: Receipt) -> str:
        """Return the data as CSV, to take elsewhere (GDPR Art. 20)."""
        answer = self.answer(
            "GET", receipt.path + "/data", receipt.access_token, headers={"accept": "text/csv"}
        )
        require_success(answer)
        return answer.text
