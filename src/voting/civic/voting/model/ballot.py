"""A ballot: selections that fit a ballot style, and the commitment to them.

The commitment is what a receipt and the public log show while voting goes on: SHA-256 over a salt
and the ballot in the canonical form of RFC 8785. The salt is a MAC over nullifier and ballot, so
the same ballot submitted again has the same receipt, no two voters ever share one, and somebody
who has only the receipt cannot find out by trial which ballot it belongs to.
"""

import hmac
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import rfc8785

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.contracts.log_entries import ballot_entry, commitment, leaf_hash
from civic.contracts.text import refused_character, shows, trimmed
from civic.voting.errors import BadSelections, SealBroken
from civic.voting.model.election import BallotStyle, Contest, Election, Option

MAX_WRITE_IN = 100
"""Characters of a write-in."""

type Selections = Mapping[str, Sequence[str]]
"""Chosen option ids by contest id."""

type Fault = tuple[str, str]
"""A stable code, and a JSON Pointer (RFC 6901) to the place."""


@dataclass(frozen=True, slots=True, repr=False)
class Ballot:
    """The selections of one voter, who is not named.

    Attributes:
        election: The election.
        style: The ballot style.
        selections: Option ids by contest id, sorted; a contest without a selection is absent.
        write_ins: Names by contest id, normalised (NFC) and sorted.
    """

    election: ElectionId
    style: StyleId
    selections: Mapping[str, tuple[str, ...]]
    write_ins: Mapping[str, tuple[str, ...]]

    def canonical(self) -> bytes:
        """Return the ballot as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(
            {
                "election": self.election,
                "selections": {name: list(chosen) for name, chosen in self.selections.items()},
                "style": self.style,
                "write_ins": {name: list(named) for name, named in self.write_ins.items()},
            }
        )

    @classmethod
    def parse(cls, canonical: str | bytes) -> Self:
        """Return the ballot that `canonical` wrote.

        Raises:
            SealBroken: It is not a ballot.
        """
        try:
            document = json.loads(canonical)
            return cls(
                ElectionId(document["election"]),
                StyleId(document["style"]),
                {name: tuple(chosen) for name, chosen in document["selections"].items()},
                {name: tuple(named) for name, named in document["write_ins"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SealBroken("not a ballot") from None


@dataclass(frozen=True, slots=True, repr=False)
class CommittedBallot:
    """A ballot under its nullifier, with the salt of its commitment."""

    nullifier: Nullifier
    salt: bytes
    election: ElectionId
    content: bytes
    """The ballot in canonical form."""

    @property
    def receipt(self) -> bytes:
        """The hash of the ballot's leaf in the public log (RFC 6962 section 2.1): 32 bytes."""
        return leaf_hash(self.entry())

    def entry(self) -> bytes:
        """Return the log entry: the election and the commitment, and nothing that opens it."""
        return ballot_entry(self.election, commitment(self.salt, self.content))


def commit(ballot: Ballot, nullifier: Nullifier, salt_key: bytes) -> CommittedBallot:
    """Return a ballot with the salt that belongs to it."""
    content = ballot.canonical()
    salt = hmac.digest(salt_key, nullifier + content, "sha256")
    return CommittedBallot(nullifier, salt, ballot.election, content)


def mark(
    election: Election, style: BallotStyle, selections: Selections, write_ins: Selections
) -> Ballot:
    """Return the ballot of a style with these selections.

    Raises:
        BadSelections: They do not form a valid ballot; says which contest and why, never what was
            chosen.
    """
    offered = election.offered(style)
    faults = [
        *_foreign(election, offered, selections, "selections"),
        *_foreign(election, offered, write_ins, "write_ins"),
    ]
    named = {contest: [_normal(text) for text in texts] for contest, texts in write_ins.items()}
    for contest_id, options in offered.items():
        contest = election.contest(contest_id)
        if contest is not None:
            chosen = selections.get(contest_id, ())
            faults += _faults(contest, options, chosen, named.get(contest_id, []))
    if faults:
        raise BadSelections(*faults)
    return Ballot(
        election.id,
        style.id,
        {name: tuple(sorted(chosen)) for name, chosen in selections.items() if chosen},
        {name: tuple(sorted(texts)) for name, texts in named.items() if texts},
    )


def only_contest(election: Election, style: BallotStyle, candidate: str) -> Selections:
    """Return the selection of one candidate, named by id or text, where there is one contest.

    Raises:
        BadSelections: There are several contests, or no candidate of that name.
    """
    offered = election.offered(style)
    if len(offered) != 1:
        raise BadSelections(("contest_not_named", "/candidate"))
    ((contest, options),) = offered.items()
    for option in options:
        if candidate in {option.id, option.text}:
            return {contest: (option.id,)}
    raise BadSelections(("unknown_option", "/candidate"))


def _foreign(
    election: Election, offered: Mapping[str, object], chosen: Selections, member: str
) -> list[Fault]:
    """Return a fault per contest that is not on the ballot, without repeating what was sent."""
    known = {contest.id for contest in election.contests}
    return [
        (code, f"/{member}")
        for code in sorted(
            "wrong_style" if contest in known else "unknown_contest"
            for contest in chosen
            if contest not in offered
        )
    ]


def _faults(
    contest: Contest, options: tuple[Option, ...], chosen: Sequence[str], named: Sequence[str]
) -> list[Fault]:
    where, written = f"/selections/{contest.id}", f"/write_ins/{contest.id}"
    offered = {option.id for option in options}
    known = {option.id for option in contest.options}
    faults: list[Fault] = []
    if not known.issuperset(chosen):
        faults.append(("unknown_option", where))
    elif not offered.issuperset(chosen):
        faults.append(("wrong_style", where))
    if len(set(chosen)) != len(chosen):
        faults.append(("selected_twice", where))
    if named and not contest.write_ins:
        faults.append(("no_write_ins", written))
    if len(set(named)) != len(named):
        faults.append(("selected_twice", written))
    if not all(map(_is_a_name, named)):
        faults.append(("not_a_name", written))
    count = len(chosen) + len(named)
    if count < contest.min:
        faults.append(("too_few", where))
    if count > contest.max:
        faults.append(("too_many", where))
    return faults


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", trimmed(text)).split())


def _is_a_name(text: str) -> bool:
    """Return False for what shows as nothing, hides text, or means nothing in Unicode yet."""
    return (
        len(text) <= MAX_WRITE_IN
        and refused_character(text) is None
        and shows(text)
        and all(unicodedata.category(character) != "Cn" for character in text)
    )
