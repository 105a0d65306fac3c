"""What may follow what in the public log: docs/verification.md, "What may follow what".

The verifier refuses a whole log for one entry out of place, so the writer refuses that entry first.
It has an implementation of its own on purpose: tests/log_succession.toml holds both to one table,
and each shows up a mistake in the other.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Never

import rfc8785

from civic.audit.errors import EntryRefused
from civic.audit.model.tiles import MAX_ENTRY
from civic.contracts.base64url import OF_32_BYTES
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import BALLOT, EVENT
from civic.contracts.voting import ELECTION_ID_PATTERN, STYLE_ID_PATTERN

_MAX_COUNT = 2**32
"""The most that may be counted."""

_ELECTION = ELECTION_ID_PATTERN.strip("^$")
_BALLOT = re.compile(rf"{BALLOT}\n({_ELECTION})\n[A-Za-z0-9+/]{{42}}[AEIMQUYcgkosw048]=\n")
_EVENT = re.compile(rf"{EVENT}\n([A-Z][A-Za-z]{{0,63}})\n([^\n]+)\n")
_STYLE = STYLE_ID_PATTERN.strip("^$")
_CONTEST = "c[1-9][0-9]{0,5}"
_CHOICE = "o[1-9][0-9]{0,5}|write_ins"
_AUDIENCE = "public|auditors|sample"
_DIGEST = f"{OF_32_BYTES}="


@dataclass(slots=True)
class _Certifying:
    """A certification whose ballot styles are still to come."""

    ballots: int
    styles: dict[str, int] = field(default_factory=dict)


class Succession:
    """Where the elections of a log are after its entries so far."""

    def __init__(
        self, ballots: Mapping[ElectionId, int], certified: Mapping[ElectionId, Iterable[str]]
    ) -> None:
        """Begin where a log is.

        Args:
            ballots: How many ballots there are of each election that is not certified.
            certified: To which audiences each certified election is opened.
        """
        self.ballots = dict(ballots)
        self.certified = {election: frozenset(to) for election, to in certified.items()}
        self._certifying: tuple[ElectionId, _Certifying] | None = None

    def take(self, entries: Iterable[bytes]) -> None:
        """Let the entries of one fact follow, all of them or none.

        Raises:
            EntryRefused: The verifier would refuse one of them there.
        """
        before = self.ballots.copy(), self.certified.copy()
        try:
            for entry in entries:
                self.add(entry)
            self.finish()
        except EntryRefused:
            self.ballots, self.certified = before
            self._certifying = None
            raise

    def add(self, entry: bytes) -> None:
        """Let one entry follow; of a certification it may be one of several.

        Raises:
            EntryRefused: The verifier would refuse it there.
        """
        text = _text(entry)
        ballot = _BALLOT.fullmatch(text)
        if ballot is not None:
            self.finish()
            self._ballot(ElectionId(ballot[1]))
            return
        name, fields = _event(text)
        if name == "StyleCertified":
            self._style(fields)
            return
        self.finish()
        if name == "ElectionCertified":
            self._certify(fields)
        elif name == "OpeningsPublished":
            self._open(fields)

    def finish(self) -> None:
        """Let no style of a certification follow any more.

        Raises:
            EntryRefused: Its styles together do not have the certified number of ballots.
        """
        if self._certifying is None:
            return
        certification = self._certifying[1]
        if sum(certification.styles.values()) != certification.ballots:
            raise EntryRefused("the styles do not add up to what is certified")
        self._certifying = None

    def _ballot(self, election: ElectionId) -> None:
        if election in self.certified:
            raise EntryRefused("a ballot of an election that is certified")
        self.ballots[election] = self.ballots.get(election, 0) + 1

    def _certify(self, fields: Mapping[str, Any]) -> None:
        election = ElectionId(_member(fields, "election", _ELECTION))
        ballots = _count(fields.get("ballots"))
        if election in self.certified:
            raise EntryRefused("a second certification")
        if ballots != self.ballots.get(election, 0):
            raise EntryRefused("a certification of another number of ballots than are logged")
        self.ballots.pop(election, None)
        self.certified[election] = frozenset()
        self._certifying = election, _Certifying(ballots)

    def _style(self, fields: Mapping[str, Any]) -> None:
        election = _member(fields, "election", _ELECTION)
        style = _member(fields, "style", _STYLE)
        if self._certifying is None or self._certifying[0] != election:
            raise EntryRefused("a style that does not follow the certification of its election")
        styles = self._certifying[1].styles
        if style in styles:
            raise EntryRefused("a style that is certified already")
        for contest, choices in _object(fields.get("contests")).items():
            for choice, count in _object(choices).items():
                if not re.fullmatch(_CONTEST, contest) or not re.fullmatch(_CHOICE, choice):
                    raise EntryRefused("a contest or an option with an invalid id")
                _count(count)
        styles[style] = _count(fields.get("ballots"))

    def _open(self, fields: Mapping[str, Any]) -> None:
        election = ElectionId(_member(fields, "election", _ELECTION))
        audience = _member(fields, "audience", _AUDIENCE)
        _member(fields, "index", _DIGEST)
        if election not in self.certified:
            raise EntryRefused("openings of an election that is not certified")
        if audience in self.certified[election]:
            raise EntryRefused("openings for an audience that has them already")
        self.certified[election] |= {audience}


def certifications(entries: Iterable[bytes]) -> Iterator[tuple[ElectionId, tuple[str, ...]]]:
    """Yield the elections that entries of a log certify, and those they open, with the audience."""
    for entry in entries:
        kind, name, fields, *_ = [*entry.split(b"\n"), b"", b""]
        if kind == EVENT.encode() and name in {b"ElectionCertified", b"OpeningsPublished"}:
            event = json.loads(fields)
            audience = event.get("audience")
            yield ElectionId(event["election"]), () if audience is None else (audience,)


def _text(entry: bytes) -> str:
    if len(entry) > MAX_ENTRY:
        raise EntryRefused("an entry that is too long")
    try:
        return entry.decode()
    except UnicodeDecodeError:
        raise EntryRefused("an entry that is no text") from None


def _event(text: str) -> tuple[str, dict[str, Any]]:
    found = _EVENT.fullmatch(text)
    if found is None:
        raise EntryRefused("neither a ballot nor an event")
    try:
        fields = json.loads(found[2], parse_float=_no_number, parse_constant=_no_number)
        canonical = rfc8785.dumps(fields).decode() == found[2]
    except (ValueError, RecursionError):
        raise EntryRefused("an event whose fields are not JSON") from None
    if not canonical or not isinstance(fields, dict):
        raise EntryRefused("an event whose fields are no object of canonical JSON")
    return found[1], fields


def _no_number(_: str) -> Never:
    raise ValueError


def _member(fields: Mapping[str, Any], name: str, pattern: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise EntryRefused("a member of an event is absent or malformed")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise EntryRefused("a count is absent or malformed")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EntryRefused("contests are absent or malformed")
    return value
