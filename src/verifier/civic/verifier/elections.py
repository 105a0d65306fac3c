"""What the entries say about elections (check 4), kept for the recount and for receipts.

It keeps a number per leaf and counts per election: about a hundred megabytes for a million ballots.
"""

import re
from array import array
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from civic.verifier.encodings import MAX_SIZE
from civic.verifier.entries import ELECTION, BallotEntry, EventEntry, parse_entry
from civic.verifier.errors import Malformed, ObjectRefused
from civic.verifier.tree import Bundle

type Cell = tuple[str, str, str]
"""Ballot style, contest and option; (style, "", "") counts the ballots of a style."""

STYLE = "[a-z0-9][a-z0-9-]{0,31}"
CONTEST = "c[1-9][0-9]{0,5}"
OPTION = "o[1-9][0-9]{0,5}"
WRITE_INS = "write_ins"
"""The option that counts all names that voters wrote in."""

STYLE_CERTIFIED = "StyleCertified"

NO_ELECTION = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry is."""

    path: str
    index: int

    def refused(self, why: str) -> ObjectRefused:
        """Return an error that names this place."""
        return ObjectRefused(self.path, why, self.index)


@dataclass(frozen=True, slots=True)
class Published:
    """The hash of an index of openings, as the log states it."""

    place: Place
    sha256: bytes


@dataclass(slots=True)
class Election:
    """What the log says about one election."""

    id: str
    number: int
    ballots: int = 0
    certified: int | None = None
    certified_at: Place | None = None
    cells: Counter[Cell] = field(default_factory=Counter)
    openings: dict[str, Published] = field(default_factory=dict)

    def styles(self) -> int:
        """Return the number of certified ballots of all styles together."""
        return sum(count for (_, contest, _), count in self.cells.items() if not contest)


class Register:
    """Every entry of a log.

    What may follow what is in docs/verification.md; the log's writer has an implementation of its
    own, and each shows up a mistake in the other.

    Attributes:
        elections: By their ids, in the order of their first entry.
        leaves: The index of every entry by its leaf hash.
        events: How many entries there are of each event.
        ballots: How many entries are ballots.
    """

    def __init__(self) -> None:
        self.elections: dict[str, Election] = {}
        self.leaves: dict[bytes, int] = {}
        self.events: Counter[str] = Counter()
        self.ballots = 0
        self._election_of = array("I")
        self._certifying: Election | None = None

    def add(self, bundle: Bundle) -> None:
        """Add the entries of a bundle.

        Raises:
            ObjectRefused: An entry has no known form, appears twice, or contradicts another.
        """
        for index, (entry, leaf) in enumerate(
            zip(bundle.entries, bundle.leaves, strict=True), bundle.first
        ):
            other = self.leaves.setdefault(leaf, index)
            if other != index:
                raise ObjectRefused(bundle.path, f"repeats entry {other}", index)
            try:
                parsed = parse_entry(entry)
                self._election_of.append(self._add(parsed, Place(bundle.path, index)))
            except Malformed as malformed:
                raise ObjectRefused(bundle.path, str(malformed), index) from None

    def finish(self) -> None:
        """Let no style of a certification follow any more.

        Raises:
            ObjectRefused: Its styles together do not have the certified number of ballots.
        """
        election, self._certifying = self._certifying, None
        if election is None or election.certified_at is None:
            return
        if election.certified != election.styles():
            why = f"certifies {election.certified} ballots of {election.id}"
            raise election.certified_at.refused(
                f"{why}, but its styles together have {election.styles()}"
            )

    def election_of(self, index: int) -> int | None:
        """Return the number of the election that an entry is a ballot of, if it is a ballot."""
        number = self._election_of[index]
        return None if number == NO_ELECTION else number

    def _add(self, parsed: BallotEntry | EventEntry, place: Place) -> int:
        if isinstance(parsed, BallotEntry):
            self.finish()
            election = self._election(parsed.election)
            if election.certified_at is not None:
                raise place.refused(f"is a ballot of {election.id}, which is already certified")
            election.ballots += 1
            self.ballots += 1
            return election.number
        self.events[parsed.name] += 1
        if parsed.name != STYLE_CERTIFIED:
            self.finish()
        read = _READERS.get(parsed.name)
        if read is not None:
            read(
                self,
                self._election(_text(parsed.fields, "election", ELECTION)),
                parsed.fields,
                place,
            )
        return NO_ELECTION

    def certify(self, election: Election, fields: Mapping[str, Any], place: Place) -> None:
        """Note a certification; its styles follow."""
        if election.certified_at is not None:
            raise place.refused(f"certifies {election.id} a second time")
        ballots = _count(fields.get("ballots"))
        if ballots != election.ballots:
            why = f"certifies {ballots} ballots of {election.id}"
            raise place.refused(f"{why}, but the log has {election.ballots}")
        election.certified, election.certified_at = ballots, place
        self._certifying = election

    def certify_style(self, election: Election, fields: Mapping[str, Any], place: Place) -> None:
        """Note the count of a ballot style of the election that is being certified."""
        style = _text(fields, "style", STYLE)
        if election.certified_at is None:
            raise place.refused(f"is about {election.id}, which is not certified yet")
        if (style, "", "") in election.cells:
            raise place.refused(f"certifies the style {style} of {election.id} a second time")
        if election is not self._certifying:
            raise place.refused(f"does not follow the certification of {election.id}")
        election.cells[style, "", ""] = _count(fields.get("ballots"))
        for contest, options in _object(fields.get("contests")).items():
            for option, count in _object(options).items():
                if not re.fullmatch(CONTEST, contest) or not re.fullmatch(
                    f"{OPTION}|{WRITE_INS}", option
                ):
                    raise Malformed("a contest or an option has an invalid id")
                election.cells[style, contest, option] = _count(count)

    def open(self, election: Election, fields: Mapping[str, Any], place: Place) -> None:
        """Note that openings are published for an audience."""
        _, audience, digest = published_openings(fields)
        if election.certified_at is None:
            raise place.refused(f"is about {election.id}, which is not certified yet")
        if audience in election.openings:
            raise place.refused(f"publishes openings of {election.id} a second time ({audience})")
        election.openings[audience] = Published(place, digest)

    def _election(self, name: str) -> Election:
        election = self.elections.get(name)
        if election is None:
            election = self.elections[name] = Election(name, len(self.elections))
        return election


def published_openings(fields: Mapping[str, Any]) -> tuple[str, str, bytes]:
    """Return the election, the audience and the index's SHA-256 that an entry of openings states.

    Raises:
        Malformed: One of them is absent or malformed.
    """
    election = _text(fields, "election", ELECTION)
    audience = _text(fields, "audience", "public|auditors|sample")
    digest = _text(fields, "index", "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]=")
    return election, audience, urlsafe_b64decode(digest)


_READERS = {
    "ElectionCertified": Register.certify,
    STYLE_CERTIFIED: Register.certify_style,
    "OpeningsPublished": Register.open,
}


def _text(fields: Mapping[str, Any], name: str, pattern: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise Malformed(f"{name} is absent or malformed")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_SIZE:
        raise Malformed("a count is absent or malformed")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("contests are absent or malformed")
    return value
