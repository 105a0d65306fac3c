"""What a function in other hands does to an election by writing to the stores of voting."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from civic.contracts.voting import (
    ElectionCertified,
    ElectionChange,
    ElectionDeleted,
    ElectionEnded,
    ElectionSealed,
    StyleTally,
)
from civic.voting.model.election import Election, State
from tests.fakes.ballots import CLOSES, DURING, ELECTION, NORTH, OTHER, SOUTH
from tests.fakes.rows import Item, key_names
from tests.traitor.attacks import Attack, Target
from tests.traitor.poll import THIEF, Poll, credential, public_key
from tests.traitor.polling import TABLES, Held
from tests.traitor.registrations import Effect, kinds
from tests.traitor.roles import Role

_CALLS = {"DeleteItem": "delete_item", "PutItem": "put_item", "UpdateItem": "update_item"}
_JUNK: Item = {"S": "{}"}
_SWAPPED = '{"north":{"ballots":{"":1},"c1":{"o3":1}},"south":{"ballots":{"":1},"c1":{"o1":1}}}'
_MORE = '{"north":{"ballots":{"":5},"c1":{"o3":5}}}'

type Seen = tuple[dict[str, object], dict[str, object]]


class Ambush:
    """An election, and what becomes of it: attacked while it is open, or when its box is sealed."""

    def __init__(self) -> None:
        self.poll = poll = Poll()
        self._known: dict[str, Effect] = {}
        with poll._composed():
            moments = [poll.held()]
            poll.cast_the_rest()
            poll.seal()
            moments.append(poll.held())
            self._moments = [(held, self._calm(held)) for held in moments]

    def effect(self, role: Role, resource: str) -> Effect:
        """Return what a role can do by writing to a table."""
        found = Effect()
        with self.poll._composed():
            for moment, _ in self._moments:
                self.poll.back(moment)
                for target in list(_targets(self.poll, resource)):
                    for attack in target.attacks(role):
                        found.add(self._after(moment, TABLES[resource], attack))
        return found

    def _calm(self, held: Held) -> Seen:
        self.poll.back(held)
        seen = self._stages()
        assert not self.poll.alarms()
        return seen

    def _after(self, moment: Held, table: str, attack: Attack) -> Effect:
        operation, request = attack
        self.poll.back(moment)
        rows = self.poll.rows
        before = dict(rows.tables[table])
        getattr(rows, _CALLS[operation])(TableName=table, **request)
        if rows.tables[table] == before:
            return Effect()
        changed = f"{self.poll.now} {table} {sorted(rows.tables[table].items(), key=str)}"
        if changed not in self._known:
            self._known[changed] = self._compared(moment)
        return self._known[changed]

    def _compared(self, moment: Held) -> Effect:
        calm, calm_later = next(seen for held, seen in self._moments if held is moment)
        at_once, left = self._stages()
        first = {one for one in calm if at_once[one] != calm[one]}
        second = {one for one in calm_later if left[one] != calm_later[one]}
        return Effect(first, second, set() if self.poll.alarms() else first | second)

    def _stages(self) -> Seen:
        seen = self.poll.seen()
        return seen | self.poll.cast_the_rest(), self.poll.announced()


def _targets(poll: Poll, resource: str) -> Iterator[Target]:
    table = TABLES[resource]
    names = key_names(table)
    rows = poll.rows.items(table)

    def bare(row: Item) -> Item:
        return {name: value for name, value in row.items() if name not in names}

    keys = [{name: row[name] for name in names} for row in rows if _of(ELECTION, row)]
    for key in [*keys, *_ABSENT[table]]:
        there = next((bare(row) for row in rows if key.items() <= row.items()), {})
        others = kinds([bare(row) for row in rows if not key.items() <= row.items()])
        yield Target(resource, key, there, [*_harmful(poll, table, key, there), *others])


def _of(election: str, row: Item) -> bool:
    return {"S": election} in (row.get("election"), row.get("id"))


_ABSENT: dict[str, list[Item]] = {
    "elections": [
        {"id": {"S": ELECTION}, "part": {"S": "box"}},
        {"id": {"S": ELECTION}, "part": {"S": "key#another"}},
    ],
    # The processor knows whose ballot is in its queue.
    "ballots": [{"nullifier": {"B": one}} for one in (bytes(32), credential(2, SOUTH).nullifier)],
    "tallies": [{"election": {"S": ELECTION}, "shard": {"S": "shardId-2"}}],
    "voter-codes": [{"code": {"B": bytes(32)}}],
}
"""The keys of rows that are not there, or not yet."""


def _harmful(poll: Poll, table: str, key: Item, row: Item) -> Iterator[Item]:
    """Yield what a traitor who knows the rows and the code would write."""
    if table == "ballots":
        return _ballots(poll)
    if table == "tallies":
        return _tallies(row)
    if table == "voter-codes":
        return iter([{"election": {"S": of}, "style": {"S": style}} for of, style in _STYLES])
    if key["part"] == {"S": "definition"}:
        return _definitions(poll, row)
    if key["part"]["S"].startswith("key#"):
        return iter(_KEYS)
    return iter([])


_KEYS: tuple[Item, ...] = (
    {"public_key": {"B": public_key(THIEF)}},
    {"public_key": {"B": b"none"}},
    {"seal": {"N": "1"}, "in_box": {"N": "1"}},
    {"tree_size": {"N": "1"}, "in_log": {"N": "1"}},
)
"""What is in a row of a key: that of a traitor, none, or what is in other rows."""
_STYLES = ((ELECTION, NORTH), (ELECTION, SOUTH), (OTHER, NORTH), (ELECTION, "none"))


def _ballots(poll: Poll) -> Iterator[Item]:
    first = poll.rows.items("ballots")[0]
    same = {name: first[name] for name in ("salt", "election", "ballot")}
    yield same
    yield same | {"salt": {"B": bytes(32)}}
    for old, new in (("o1", "o3"), ("north", "none"), (ELECTION, OTHER)):
        marked = same["ballot"]["S"].replace(old, new)
        yield same | {"salt": {"B": bytes(32)}, "ballot": {"S": marked}}
    yield same | {"election": {"S": OTHER}}
    yield same | {"ballot": _JUNK}
    yield {"election": {"S": ELECTION}}


def _tallies(row: Item) -> Iterator[Item]:
    like = row or {"revision": {"N": "1"}, "last": {"S": "0" * 40}}
    for counts in (_SWAPPED, _MORE, "{}", "not a count"):
        yield like | {"counts": {"S": counts}}
    yield like | {"counts": {"S": _SWAPPED}, "last": {"S": "9" * 40}}


def _definitions(poll: Poll, row: Item) -> Iterator[Item]:
    stored = poll.elections.find(ELECTION)
    assert stored is not None
    election = stored.election
    mayor, council = election.contests
    north, south = election.styles
    options = mayor.options
    renamed = [
        one.model_copy(update={"text": other.text})
        for one, other in zip(options, (*options[1:], options[0]), strict=True)
    ]
    changes: Sequence[dict[str, Any]] = (
        *({"state": state} for state in State if state is not election.state),
        {"state": State.CERTIFIED, "ballots": 0},
        {"closes_at": DURING - timedelta(hours=1)},
        {"closes_at": CLOSES + timedelta(days=1)},
        {"opens_at": CLOSES},
        {"sealed_at": poll.now},
        {"sealed_at": None},
        {"contests": (mayor.model_copy(update={"options": tuple(renamed)}), council)},
        {"contests": (council,), "styles": ()},
        {"styles": (north, south.model_copy(update={"contests": north.contests}))},
        {"styles": (north,)},
        {"revision": election.revision + 7},
    )
    for change in changes:
        yield row | _written(election.model_copy(update=change))
    yield row | {"document": _JUNK}
    for event in _events(election):
        told = {"unannounced": _told(event)}
        yield row | told
        if isinstance(event, ElectionCertified):
            change = {"state": State.CERTIFIED, "ballots": event.ballots}
            yield row | _written(election.model_copy(update=change)) | told
    yield {"revision": row["revision"], "unannounced": _told(_events(election)[-1])}


def _written(election: Election) -> Item:
    return {
        "document": {"S": election.model_dump_json(exclude_none=True)},
        "state": {"S": str(election.state)},
        "revision": {"N": str(election.revision)},
    }


def _told(event: ElectionChange) -> Item:
    detail = {"type": {"S": event.detail_type()}, "detail": {"S": event.model_dump_json()}}
    return {"L": [{"M": detail}]}


def _events(election: Election) -> tuple[ElectionChange, ...]:
    """Return what an election could be said to have become: with false counts, ended, deleted."""
    known: Any = {"election": ELECTION, "revision": election.revision, "at": DURING}
    votes = {"c1": {"o1": 0, "o2": 0, "o3": 0}, "c2": {"o4": 0, "o5": 0, "write_ins": 0}}

    def certified(ballots: int) -> ElectionCertified:
        north = StyleTally(
            style=NORTH, ballots=ballots, contests=votes | {"c1": {"o1": 0, "o2": 0, "o3": ballots}}
        )
        return ElectionCertified(
            **known, ballots=ballots, openings=election.openings, tally=(north,)
        )

    ended = (ElectionSealed(**known), ElectionEnded(**known), ElectionDeleted(**known))
    return (certified(2), certified(4), *ended)
