"""The office's client of the elections API."""

from collections.abc import Mapping
from typing import Any

from civic.client.api_client import Json
from civic.operator.staff import SignedApi
from civic.stack.target import Target
from civic.voting.model.draft import DraftElection, NewCandidate, NewWindow


class ElectionOffice(SignedApi):
    """Calls the staff API of the elections stack, and returns its answers unchanged."""

    hints = {  # noqa: RUF012 - a ClassVar by its base
        "404": "there is no such election; see `civic elections list`",
        "election_moved": "it was changed in the meantime; look at it again and start from that",
        "not_now": "its state does not allow that; see `civic elections show`",
        "ballots_waiting": (
            "some ballots may still be waiting to be counted; wait until two minutes after the"
            " closing, then look at the ballot queue and its dead letters"
        ),
        "box_not_counted": (
            "the box is sealed and is being counted; ask again in a minute, and if that goes on for"
            " half an hour, look at the dead letters of Counter"
        ),
        "count_differs": (
            "not every count has that many ballots; `civic elections recount` shows the box beside"
            " the tally"
        ),
        "bad_definition": "the election contradicts itself",
        "invalid_fields": "some fields are not valid",
        "body_too_large": "the election is too large",
    }
    fault_texts = {  # noqa: RUF012 - as above
        "ambiguous_time": "the clocks change at that time; give the offset, such as +01:00",
        "before_opening": "before the day on which the election opens",
        "box_differs": "the box holds another number: certify that one, if your own count has it",
        "tally_differs": (
            "the tally has another number: if that stays, look at the log lines of tally"
        ),
        "log_differs": (
            "the public log has another number: if that stays, see operations, the log stops"
        ),
        "area_announced": "an area that was announced is missing",
        "area_given_twice": "another ballot style has this area",
        "forbidden_character": "hides text, reorders it or shows as nothing",
        "given_twice": "it is given twice",
        "id_given_twice": "it is given twice",
        "max_over_options": "more than the number of options",
        "min_over_max": "more than max",
        "min_over_options": "fewer than the voter must select",
        "missing": "there must be at least one",
        "no_contest": "it has no contest to show",
        "no_options_named": "this ballot style shows all options of the contest anyway, or none",
        "not_after_opening": "must be after the opening",
        "not_before_closing": "must be before the election closes",
        "not_in_future": "must be in the future",
        "roll_closed": "the roll has closed, which can no longer be changed",
        "style_announced": "a ballot style that was announced is missing",
        "too_few_options": "at least two, or write-ins",
        "too_large": "larger than 300 KiB",
        "too_many_areas": "more than 90 KiB of areas",
        "too_many_counts": "more styles times options than the certified count has room for",
        "unknown_contest": "there is no such contest",
        "unknown_id": "there is no such id; leave it out for something new",
        "unknown_option": "there is no such option",
        "unknown_time_zone": "not an IANA time zone, such as Europe/Berlin",
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
        """Return all elections, the latest opening first."""
        found: list[Json] = self.call("GET", "/elections")["elections"]
        return found

    def show(self, election: str) -> Json:
        """Return an election."""
        return self.call("GET", self._path(election))

    def update(self, election: str, draft: DraftElection) -> Json:
        """Replace an election by a draft."""
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
        """Delete a draft."""
        self.call("DELETE", self._path(election))

    def clone(self, election: str, window: NewWindow) -> Json:
        """Copy an election into a draft for another time."""
        return self.call("POST", self._path(election, "clone"), _body(window))

    def add_codes(self, election: str, style: str, hashes: list[str]) -> int:
        """Allow posted codes to vote; takes up to 500 keyed hashes in base64url."""
        codes = {"style": style, "hashes": hashes}
        return int(self.call("POST", self._path(election, "codes"), codes)["stored"])

    def _path(self, election: str, *more: str) -> str:
        # An id consists of letters and digits; anything else could change the path.
        if not (election.isascii() and election.isalnum()):
            raise self.refused(404, "not_found")
        return "/".join(("/elections", election, *more))


def _body(model: DraftElection | NewCandidate | NewWindow) -> Mapping[str, Any]:
    document: Json = model.model_dump(mode="json", exclude_none=True)
    return document
