"""Pairs: two registrations that share a weak key, and what people make of it.

Weak keys say that two registrations may be of one person, and nothing more: twins, and strangers
who happen to live behind the same number, share some too. So a pair decides nothing. Two people
compare both; until then the later of the two gets no credential, but not for longer than
``HELD_FOR``, so that nobody loses a vote to a slow office.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations, groupby
from operator import itemgetter
from typing import NamedTuple, Self
from uuid import UUID

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import RecordId
from civic.identity.model.likeness import KEY_BYTES, Kind, LikenessKey, kinds

HELD_FOR = timedelta(days=7)
"""How long the office has to compare two people; after that the later one is given credentials."""
LEFT_TO_VOTE = timedelta(days=2)
"""Of an election: so long before it closes nobody is held back any more."""
MOST_HOLDERS = 10
"""A key that more people share says nothing of any of them: it is counted, and pairs nobody."""

_ID_BYTES = 16
ENTRY_BYTES = KEY_BYTES + _ID_BYTES

type Kinds = frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Pairs:
    """With whom somebody shares weak keys, and of which kinds."""

    open: Mapping[RegistrationId, Kinds] = field(default_factory=dict)
    """Those with whom nobody has compared them yet."""
    apart: Mapping[RegistrationId, Kinds] = field(default_factory=dict)
    """Those who are somebody else, as people have said."""
    held_until: datetime | None = None
    """Until when the person is given no credential, if nobody has compared them before."""

    def knows(self, other: RegistrationId, common: Kinds) -> bool:
        """Return whether a pair is open, or people have said that these are two.

        They are asked once more if the two have come to share what they did not share then.
        """
        return other in self.open or common <= self.apart.get(other, frozenset())

    def opened(self, other: RegistrationId, common: Kinds, now: datetime) -> "Pairs":
        """Return these with one more.

        One more does not hold a person back for longer, or somebody could for ever.
        """
        until = self.held_until or now + HELD_FOR
        return replace(self, open={**self.open, other: common}, held_until=until)

    def told_apart(self, others: Mapping[RegistrationId, Kinds]) -> "Pairs":
        """Return what is left once people have said that somebody is none of these."""
        seen = {
            one: common | self.open.get(one, frozenset()) | self.apart.get(one, frozenset())
            for one, common in others.items()
        }
        return Pairs(apart={**self.apart, **seen})

    def without_open(self) -> "Pairs":
        """Return what is left once nobody is there to compare with."""
        return Pairs(apart=self.apart)


NO_PAIRS = Pairs()


def holds_back(
    ends: Iterable[datetime | None], closes_at: datetime, now: datetime
) -> datetime | None:
    """Return until when somebody gets no credential for an election.

    Args:
        ends: Until when an open pair holds them back, and until when no search has come round.
        closes_at: When the election closes.
        now: The time.

    Returns:
        None if they are not held back, or no longer.
    """
    last_days = closes_at - LEFT_TO_VOTE
    later = [min(end, last_days) for end in ends if end is not None]
    return max((end for end in later if now < end), default=None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is compared of a registration: no field, no digest of its access, no reason."""

    record: RecordId
    round: int
    created: datetime
    accepted: bool
    """Whether an acceptance is in force."""
    waits: bool
    """Whether the newest revision waits for the rules or for people."""
    restricted: bool
    keys: frozenset[LikenessKey] = field(repr=False)
    """The weak ones of the last decision, and of the acceptance in force."""
    pairs: Pairs = NO_PAIRS

    @property
    def id(self) -> RegistrationId:
        """Whose it is."""
        return self.record.id

    @property
    def counts(self) -> bool:
        """Whether the person is on the roll, or may come onto it."""
        return self.accepted or self.waits

    def common(self, other: "Candidate") -> Kinds:
        """Return of which kinds the keys are that two share."""
        return kinds(self.keys & other.keys)


def later_first(one: Candidate, other: Candidate) -> tuple[Candidate, Candidate]:
    """Return two candidates, the one first who is not on the roll, or else registered later."""
    later, earlier = sorted(
        (one, other), key=lambda each: (not each.accepted, each.created, each.id), reverse=True
    )
    return later, earlier


class Pair(NamedTuple):
    """Two who share a key, in the order of their ids."""

    first: RegistrationId
    second: RegistrationId


@dataclass(frozen=True, slots=True)
class Joined:
    """What a shard holds."""

    pairs: tuple[Pair, ...]
    crowded: int
    """How many keys more than ``MOST_HOLDERS`` people share."""


def entries_of(candidate: Candidate) -> Iterator[bytes]:
    """Return an entry for each key of a registration: the key, and whose it is."""
    holder = UUID(candidate.id).bytes
    return (key + holder for key in candidate.keys)


def shard_of(entry: bytes, shards: int) -> int:
    """Return into which of so many shards an entry goes: equal keys go into the same."""
    # The first byte is the kind, the second random.
    return entry[1] % shards


def join(data: bytes) -> Joined:
    """Return who of a shard share a key.

    Args:
        data: Its entries in any order; an entry that is there twice counts once.
    """
    # No set, which would take twice the memory.
    entries = [data[at : at + ENTRY_BYTES] for at in range(0, len(data), ENTRY_BYTES)]
    entries.sort()
    found: dict[Pair, None] = {}
    crowded = 0
    for _, same in groupby(entries, key=itemgetter(slice(KEY_BYTES))):
        holders = list(dict.fromkeys(entry[KEY_BYTES:] for entry in same))
        if len(holders) > MOST_HOLDERS:
            crowded += 1
            continue
        for one, other in combinations(holders, 2):
            found[Pair(_id(one), _id(other))] = None
    return Joined(tuple(found), crowded)


def _id(packed: bytes) -> RegistrationId:
    return RegistrationId(str(UUID(bytes=packed)))


def mask_of(common: Iterable[Kind]) -> int:
    """Return kinds as one number."""
    return sum(1 << kind for kind in set(common))


def kinds_in(mask: int) -> Kinds:
    """Return the kinds of a number."""
    return frozenset(kind for kind in Kind if mask >> kind & 1)


@dataclass(frozen=True, slots=True)
class Run:
    """How far a search through everybody has come.

    It collects the keys slice by slice into shards, and then joins shard by shard.
    """

    began: datetime
    position: str | None = None
    """Where the next slice begins; None at the beginning, and after the last."""
    slices: int = 0
    """How many have been collected."""
    collected: bool = False
    joined: int = 0
    """How many shards have been."""
    ended: bool = False

    @property
    def encoded(self) -> str:
        """The run as JSON."""
        return json.dumps({**asdict(self), "began": self.began.isoformat()})

    @classmethod
    def parse(cls, encoded: str) -> Self:
        """Return the run that was encoded."""
        fields = json.loads(encoded)
        return cls(**{**fields, "began": datetime.fromisoformat(fields["began"])})
