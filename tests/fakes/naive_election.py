"""An election in a public log, and its openings, made literally as docs/verification.md says."""

import hashlib
import json
import random
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from tests.fakes.naive_log import leaf_hash, mth

ELECTION = "7k3m9qx2w5vb"
STYLES = ("berlin", "hamburg")
NAMES = ["Ada Lovelace", "Zoë \N{GRINNING FACE}", 'Émile "Z"\\']


def event(name: str, **fields: Any) -> bytes:
    return f"civic/event/1\n{name}\n".encode() + rfc8785.dumps(fields) + b"\n"


@dataclass(frozen=True)
class Vote:
    """A ballot with what opens its entry."""

    ballot: dict[str, Any]
    salt: bytes

    @property
    def entry(self) -> bytes:
        hashed = hashlib.sha256(b"civic/commitment/1|" + self.salt + rfc8785.dumps(self.ballot))
        committed = b64encode(hashed.digest()).decode()
        return f"civic/ballot/1\n{self.ballot['election']}\n{committed}\n".encode()

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.entry)

    @property
    def opening(self) -> bytes:
        return rfc8785.dumps({"ballot": self.ballot, "salt": b64encode(self.salt).decode()})


def votes(count: int, election: str = ELECTION, seed: int = 1) -> list[Vote]:
    """Ballots of two styles: one option of the first contest, sometimes names in the second."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        names = sorted(chance.sample(NAMES, chance.randrange(3)))
        ballot = {
            "election": election,
            "selections": {"c1": [chance.choice(["o1", "o2"])]} if chance.random() < 0.9 else {},
            "style": chance.choice(STYLES),
            "write_ins": {"c2": names} if names else {},
        }
        made.append(Vote(ballot, chance.randbytes(32)))
    return made


def counted(cast: Sequence[Vote]) -> list[dict[str, Any]]:
    """The fields of the StyleCertified entries: the count by style, contest and option."""
    found = []
    for style in STYLES:
        mine = [vote.ballot for vote in cast if vote.ballot["style"] == style]
        first = Counter(one for ballot in mine for one in ballot["selections"].get("c1", []))
        names = sum(len(ballot["write_ins"].get("c2", [])) for ballot in mine)
        found.append(
            {
                "ballots": len(mine),
                "contests": {
                    "c1": {"o1": first["o1"], "o2": first["o2"], "o3": 0},
                    "c2": {"write_ins": names},
                },
                "style": style,
            }
        )
    return found


def certified(cast: Sequence[Vote], election: str = ELECTION) -> list[bytes]:
    """The entries of a certification."""
    first = event("ElectionCertified", election=election, ballots=len(cast), revision=9)
    styles = [event("StyleCertified", election=election, **one) for one in counted(cast)]
    return [first, *styles]


def story(cast: Sequence[Vote]) -> list[bytes]:
    """All entries of a certified election."""
    return [
        event("ElectionPublished", election=ELECTION, revision=1, title="Wahl «2027»"),
        event("ElectionOpened", election=ELECTION, revision=2),
        *(vote.entry for vote in cast),
        event("ElectionEnded", election=ELECTION, revision=3),
        *certified(cast),
    ]


def publish_openings(
    folder: Path, cast: Sequence[Vote], audience: str = "public", chunk: int = 100, **more: Any
) -> bytes:
    """Write openings into ``<folder>/<election>``; return the entry that publishes them."""
    election = cast[0].ballot["election"]
    place = folder / election
    place.mkdir(parents=True)
    chunks: list[Any] = []
    for start in range(0, len(cast), chunk):
        held = cast[start : start + chunk]
        content = b"".join(vote.opening + b"\n" for vote in held)
        digest = hashlib.sha256(content).hexdigest()
        (place / f"{digest}.jsonl").write_bytes(content)
        chunks.append({"ballots": len(held), "sha256": digest})
    index = rfc8785.dumps(
        {
            "audience": audience,
            "ballots": len(cast),
            "chunks": chunks,
            "election": election,
            "version": 1,
            **more,
        }
    )
    (place / "index.json").write_bytes(index)
    return openings_published(index)


def openings_published(index: bytes) -> bytes:
    """The entry that publishes an index of openings."""
    fields = json.loads(index)
    digest = urlsafe_b64encode(hashlib.sha256(index).digest()).decode()
    return event(
        "OpeningsPublished",
        election=fields["election"],
        audience=fields["audience"],
        index=digest,
    )


def sample(
    cast: Sequence[Vote], root: bytes, size: int, least: int = 1000
) -> tuple[list[Vote], dict[str, Any]]:
    """The ballots of the sample, and the members of its index that determine them."""
    bound = min(2**256 // 10, 2**256 * least // len(cast))
    drawn = [
        vote
        for vote in cast
        if int.from_bytes(hashlib.sha256(b"civic/sample/1|" + root + vote.leaf).digest()) < bound
    ]
    return drawn, {"seed": size, "bound": f"{bound:064x}"}


def root_at(entries: Sequence[bytes], size: int) -> bytes:
    return mth([leaf_hash(entry) for entry in entries[:size]])
