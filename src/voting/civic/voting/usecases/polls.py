"""Elections as the ballot functions see them: read at most every few seconds, keys opened once."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.ports import Clock
from civic.runtime.cache import ExpiringCache
from civic.voting.model.election import Election, State
from civic.voting.model.secrets import ElectionKeys
from civic.voting.ports import ElectionSecrets, ElectionStore, StoredElection

LIFETIME = timedelta(seconds=5)
"""How long a suspension may take to reach every function; the window is kept to the instant."""


@dataclass(frozen=True, slots=True)
class Poll:
    """An election ready for voting.

    Attributes:
        election: Its definition.
        keys: The public keys of its credentials.
        secrets: The keys derived from its secret.
    """

    election: Election
    keys: Mapping[StyleId, RSAPublicKey]
    secrets: ElectionKeys


class Polls:
    """A cache of elections; one per execution environment."""

    def __init__(self, store: ElectionStore, secrets: ElectionSecrets, clock: Clock) -> None:
        """Read elections from ``store`` and open their secrets with ``secrets``."""
        self._store = store
        self._secrets = secrets
        self._polls = ExpiringCache(self._read, LIFETIME, clock)
        self._running = ExpiringCache(self._list, LIFETIME, clock)
        self._opened: dict[ElectionId, Poll] = {}

    def find(self, election: ElectionId) -> Poll | None:
        """Return an election that was published; None if there is none."""
        return self._polls.get(election)

    def running(self) -> tuple[ElectionId, ...]:
        """Return the elections that are published and not certified."""
        return self._running.get(None)

    def _list(self, _: None) -> tuple[ElectionId, ...]:
        over = {State.DRAFT, State.CERTIFIED}
        return tuple(sorted(one.id for one in self._store.every() if one.state not in over))

    def _read(self, election: ElectionId) -> Poll | None:
        stored = self._store.find(election)
        if stored is None or stored.election.state is State.DRAFT:
            return None
        poll = self._open(stored, self._opened.get(election))
        self._opened[election] = poll
        return poll

    def _open(self, stored: StoredElection, before: Poll | None) -> Poll:
        if before is not None and before.keys.keys() == stored.keys.keys():
            # Neither a secret nor a key ever changes: KMS is not called, nor a key parsed, again.
            return Poll(stored.election, before.keys, before.secrets)
        secret = self._secrets.open(stored.election.id, stored.sealed_secret)
        keys: dict[StyleId, RSAPublicKey] = {}
        for style, der in stored.keys.items():
            key = load_der_public_key(der)
            if isinstance(key, RSAPublicKey):
                keys[style] = key
        return Poll(stored.election, keys, ElectionKeys.derive(stored.election.id, secret))


def offered(store: ElectionStore) -> tuple[ElectionId, ...]:
    """Return the ids of all elections except drafts, in the order in which they open."""
    found = [one for one in store.every() if one.state is not State.DRAFT]
    return tuple(one.id for one in sorted(found, key=lambda one: one.opens_at))


def published(store: ElectionStore, election: ElectionId, now: datetime) -> dict[str, Any] | None:
    """Return an election as a JSON document with its keys; None if it is a draft or unknown."""
    stored = store.find(election)
    if stored is None or stored.election.state is State.DRAFT:
        return None
    keys = {style: b64encode(key).decode() for style, key in stored.keys.items()}
    document = stored.election.model_dump(
        mode="json", exclude={"issued_ids", "ballots", "sealed_at"}
    )
    state, day = stored.election.state_at(now), stored.election.election_day.isoformat()
    return document | {"state": state, "day": day, "keys": keys}
