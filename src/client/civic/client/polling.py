"""A voter's client of the vote API, which sends nothing that would reveal who votes."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import httpx

from civic.client.api_client import ApiClient, Json, document_of, require_success
from civic.client.device import Credential


class PollingPlace(ApiClient):
    """Calls the vote API of one stack."""

    def vote(
        self,
        voter: Credential | str,
        selections: Mapping[str, Sequence[str]],
        write_ins: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Submit a ballot.

        Args:
            voter: A credential, or a posted code.
            selections: Option ids by contest id.
            write_ins: Names by contest id.

        Returns:
            The receipt.
        """
        key = "id" if isinstance(voter, str) else "credential"
        proof = voter if isinstance(voter, str) else json.loads(voter.to_json())
        ballot: Json = {key: proof, "selections": {k: list(v) for k, v in selections.items()}}
        if write_ins:
            ballot["write_ins"] = {k: list(v) for k, v in write_ins.items()}
        return str(self.call("POST", "/votes", json=ballot)["receipt"])

    def results(self, query: Mapping[str, str]) -> Json:
        """Return the latest results; ``query`` may name an election, an area, an option."""
        return self.call("GET", _with("/votes", query))

    def newer_results(self, query: Mapping[str, str], tag: str | None) -> tuple[Json, str] | None:
        """Return the latest results and their entity tag, asking once only.

        Args:
            query: As for ``results``.
            tag: The entity tag of the results that the caller has.

        Returns:
            None if these are already the latest.

        Raises:
            Refused: There are no results, or none at the moment.
            CommandFailed: The API does not answer.
        """
        answer = self.once(_with("/votes", query), {"if-none-match": tag} if tag else {})
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        require_success(answer)
        return document_of(answer), answer.headers["etag"]

    def results_as_csv(self, query: Mapping[str, str]) -> str:
        """Return the latest results as CSV."""
        answer = self.answer("GET", _with("/votes", {**query, "format": "csv"}))
        require_success(answer)
        return answer.text

    def election(self, election: str) -> Json:
        """Return a published election, with the keys of its credentials."""
        return self.call("GET", _with(f"/elections/{_safe(election)}", {}))

    def health(self) -> Json:
        """Return whether the parts that a vote needs are up."""
        return self.call("GET", "/health")


def _with(path: str, query: Mapping[str, str]) -> str:
    pairs = "&".join(f"{name}={_safe(value)}" for name, value in query.items())
    return f"{path}?{pairs}" if pairs else path


def _safe(text: str) -> str:
    return quote(text, safe="")
