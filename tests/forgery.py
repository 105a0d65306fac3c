"""What a function in other hands does to a person by publishing events about them.

The person has been accepted and asks for nothing. Events of one kind are forged with everything
that could be in them: any revision, round and time, and the access digest or another one. The
gateway, which may put subject keys, seals what it likes under keys of its own.

``python -m tests.forgery`` prints the table of docs/threat-model.md.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Any

from civic.contracts.events import Event, SealedRevision, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.registry import EVENTS
from civic.identity.errors import RevisionTaken
from civic.identity.model.keys import AccessDigest, RecordId, StoredSubjectKey, SubjectKey
from civic.identity.model.sealing import seal
from civic.lab.memory.keys import MemoryKeyWrapper
from civic.lab.schemas.samples import sample
from tests.fakes.pipeline import SUBSCRIPTIONS, Entropy
from tests.fakes.views import decision_of
from tests.lives import STATES, Life
from tests.moments import Moment
from tests.strategies.registrations import person

_OTHERS = AccessDigest(bytes(32))
_KEY = SubjectKey(b"k" * 32)
_FAR = 999_998
_TIMES = ("at", "created_at", "decided_at", "requested_at", "submitted_at")


class Victim:
    """A person who has been accepted, and whom forged events are about."""

    def __init__(self) -> None:
        self.life = Life()
        STATES["accepted"](self.life)
        self.moment = Moment(self.life)
        self.row = decision_of(self.life.pipeline, RegistrationId(self.life.receipt["id"]))

    def changes(self, event: type[Event], *, knowing: bool) -> frozenset[str]:
        """Return the stores that forged events of a kind change.

        Args:
            event: The kind.
            knowing: Whether the forger knows the person's access digest.
        """
        found: set[str] = set()
        for forged in self._forged(event, self.row.access_digest if knowing else _OTHERS):
            for consumer in SUBSCRIPTIONS[event]:
                if isinstance(forged, ValidationRequest):
                    self._put_key(forged)
                before = Moment(self.life)
                self.life.pipeline.deliver(consumer, forged)
                self.life.pipeline.drain(before.published)
                changed = before.changed()
                if self.row.record in self.life.pipeline.subject_keys.rows:
                    # A key of the forger's own may be gone, but not that of the person.
                    changed.discard("key")
                found |= changed
                self.moment.back()
        return frozenset(found)

    def _forged(self, event: type[Event], digest: AccessDigest) -> Iterator[Event]:
        newest, now = self.row.record.revision, self.life.pipeline.now
        choices: dict[str, list[Any]] = {
            "access_digest": [digest],
            "area_version": [0, 10**9],
            "decision": ["accepted", "rejected", "review"],
            "restriction": [0, 1, _FAR],
            "resume": [None, newest],
            "revision": [1, newest, newest + 1, _FAR],
            "round": [0, 1, 2, 10**9],
            "standing": [None, "accepted"],
            "sequence": [1, 2, _FAR, _FAR + 1],
            "time": [now - timedelta(days=1000), now, now + timedelta(days=1000)],
        }
        schema = str(event.model_json_schema())
        names = [one for one in choices if one == "time" or f"'{one}'" in schema]
        for drawn in product(*(choices[one] for one in names)):
            values = dict(zip(names, drawn, strict=True)) | {"id": self.row.record.id}
            values |= dict.fromkeys(_TIMES, values.pop("time"))
            if issubclass(event, SealedRevision):
                record = RecordId(self.row.record.id, Revision(values["revision"]))
                fields = person(username="forged").to_fields()
                values["sealed"] = seal(_KEY, record, fields, Entropy()).model_dump()
            yield sample(event, values)

    def _put_key(self, forged: ValidationRequest) -> None:
        pipeline, digest = self.life.pipeline, AccessDigest(forged.access_digest)
        wrapped = MemoryKeyWrapper(pipeline.ring).wrap(_KEY, forged.id, digest)
        with suppress(RevisionTaken):
            record = RecordId(forged.id, forged.revision)
            pipeline.subject_keys.put(StoredSubjectKey(record, wrapped, digest))


def table() -> str:
    """Return the table of docs/threat-model.md."""
    victim = Victim()
    head = ("forged event", "by", "knowing the access digest", "not knowing it")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, event in EVENTS.items():
        if SUBSCRIPTIONS[event] and "'id'" in str(event.model_json_schema()):
            cells = (
                ", ".join(sorted(victim.changes(event, knowing=knowing))) or "nothing"
                for knowing in (True, False)
            )
            lines.append(f"| {name} | {', '.join(event.SOURCES)} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
