"""The office's client of the elections API."""

from collections.abc import Mapping
from typing import Any

from civic.client.api_client import Json
from civic.operator.staff import SignedApi
from civic.stack.target import Target
from civic.voting.model.draft import DraftElection, NewCandidate, NewWindow


class ElectionOffice(SignedApi):
    """Calls the staff API of the voting stack; answers are as the API gives them."""

    hints = {  # noqa: RUF012 - a ClassVar by its base
        "404": "there is no such election; see `civic elections list`",
        "election_moved": "it was changed meanwhile; look at it again and start from that",
        "not_now": "its state does not allow that; see `civic elections show`",
        "ballots_waiting": (
            "ballots are, or may be, still on their way into the count; wait two minutes after"
            " the closing, then look at the ballot queue and its dead letters"
        ),
        "count_differs": (
            "the tally has another number of ballots; compare `civic results` with"
            " `civic elections recount`, and certify what both say"
        ),
        "bad_definition": "the election contradicts itself",
        "invalid_fields": "some fields are not as they must be",
        "body_too_large": "the election is too large",
    }
    fault_texts = {  # noqa: RUF012 - as above
        "ambiguous_time": "the clocks are changed then; give the offset, such as +01:00",
        "area_announced": "an area that was announced is missing",
        "area_given_twice": "another ballot style has this area",
        "given_twice": "it is there twice",
        "id_given_twice": "it is there twice",
        "max_over_options": "more than there are options",
        "min_over_max": "more than max",
        "min_over_options": "fewer than the voter has to select",
        "missing": "there must be at least one",
        "no_contest": "there is no contest that it could show",
        "no_options_named": "this ballot style shows all options anyway, or none of the contest",
        "not_after_opening": "must be after the opening",
        "not_in_future": "must be in the future",
        "style_announced": "a ballot style that was announced is missing",
        "too_few_options": "at least two, or write-ins",
        "too_large": "larger than 300 KiB",
        "too_many_areas": "more than 90 KiB of areas",
        "too_many_counts": "more styles times options than the certified count has room for",
        "unknown_contest": "there is no such contest",
        "unknown_id": "no such id has been given; leave it out for what is new",
        "unknown_option": "there is no such option",
        "unknown_time_zone": "no IANA time zone; such as Europe/Berlin",
    }
    list_command = "civic elections list"

    @staticmethod
    def base_url(target: Target) -> str:
        """Return the URL of the API of elections."""
        return target.elections_api_url

    def create(self, draft: DraftElection) -> Json:
        """Make a draft."""
        return self.call("POST", "/elections", _body(draft))

    def every(self) -> list[Json]:
        """Return all elections, the last to open first."""
        found: list[Json] = self.call("GET", "/elections")["elections"]
        return found

    def show(self, election: str) -> Json:
        """Return an election."""
        return self.call("GET", self._path(election))

    def update(self, election: str, draft: DraftElection) -> Json:
        """Let an election say what a draft says."""
        return self.call("PUT", self._path(election), _body(draft))

    def register_candidate(self, election: str, candidate: NewCandidate) -> Json:
        """Add an option to a contest."""
        return self.call("POST", self._path(election, "candidates"), _body(candidate))

    def publish(self, election: str) -> Json:
        """Announce a draft."""
        return self.call("PUT", self._path(election, "publication"))

    def open(self, election: str) -> Json:
        """Open an election before its time."""
        return self.call("PUT", self._path(election, "opening"))

    def suspend(self, election: str) -> Json:
        """Accept no votes."""
        return self.call("PUT", self._path(election, "suspension"))

    def resume(self, election: str) -> Json:
        """Accept votes again."""
        return self.call("DELETE", self._path(election, "suspension"))

    def finish(self, election: str) -> Json:
        """Close an election before its time."""
        return self.call("PUT", self._path(election, "closing"))

    def certify(self, election: str, ballots: int) -> Json:
        """Declare the count final."""
        return self.call("PUT", self._path(election, "certification"), {"ballots": ballots})

    def delete(self, election: str) -> None:
        """Give up a draft."""
        self.call("DELETE", self._path(election))

    def clone(self, election: str, window: NewWindow) -> Json:
        """Make a draft of an election for another time."""
        return self.call("POST", self._path(election, "clone"), _body(window))

    def add_codes(self, election: str, style: str, hashes: list[str]) -> int:
        """Let posted codes vote; up to 500 keyed hashes, base64url."""
        codes = {"style": style, "hashes": hashes}
        return int(self.call("POST", self._path(election, "codes"), codes)["stored"])

    def _path(self, election: str, *more: str) -> str:
        # An id is letters and digits; anything else would be another path.
        if not (election.isascii() and election.isalnum()):
            raise self.refused(404, "not_found")
        return "/".join(("/elections", election, *more))


def _body(model: DraftElection | NewCandidate | NewWindow) -> Mapping[str, Any]:
    document: Json = model.model_dump(mode="json", exclude_none=True)
    return document
