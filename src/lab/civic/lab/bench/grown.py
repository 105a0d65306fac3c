"""An election in memory in which any number of people have already voted."""

from contextlib import AbstractContextManager
from datetime import datetime

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.lab.memory.voting import MemorySecrets
from civic.lab.simulate.country import election_of, style_of, vote_body
from civic.lab.simulate.delivery import Delivery
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.electorate import official
from civic.lab.simulate.environments import Environments, Stores
from civic.voting.model.ballot import Ballot
from civic.voting.model.codes import hash_of, new_code
from civic.voting.model.secrets import ElectionKeys

_ELECTION = ElectionId("0123456789ab")


class GrownElection:
    """The handlers of a simulation, whose stores also hold the rows of earlier voters."""

    def __init__(self, now: datetime) -> None:
        """Hold an election in which nobody has voted."""
        dice = Dice(1)
        self._stores = Stores(MemorySecrets(dice.bytes))
        self._environments = Environments(self._stores, lambda: now, dice, 0.0)
        self._delivery = Delivery(self._stores, self._environments, dice, 0.0)
        sealed = self._stores.secrets.make(_ELECTION)
        self._stores.elections.create(election_of(_ELECTION, official(), now), sealed)
        keys = ElectionKeys.derive(_ELECTION, self._stores.secrets.open(_ELECTION, sealed))
        self._dice, self._key, self._filled = dice, keys.codes, 0
        self._style = style_of(official()[0].state)

    @property
    def ballots(self) -> int:
        """How many ballots are in the box."""
        return len(self._stores.box)

    def entered(self) -> AbstractContextManager[None]:
        """Make the entry points work on this election."""
        return self._environments.entered()

    def fill(self, voters: int) -> None:
        """Bring the number of people who have voted up to ``voters``."""
        content = Ballot(_ELECTION, self._style, {"c1": ("o1",)}, {}).canonical()
        more = [Nullifier(number.to_bytes(32)) for number in range(self._filled, voters)]
        # Directly into the rows: a million calls would take too long under callgrind.
        self._stores.codes.codes.update(dict.fromkeys(more, (_ELECTION, self._style)))
        self._stores.box.rows.update(dict.fromkeys(more, (bytes(32), _ELECTION, content)))
        self._filled = voters

    def vote(self, voters: int) -> None:
        """Let some more people vote, and count their votes."""
        for choice in range(voters):
            code = new_code(self._dice.bytes)
            self._stores.codes.add(_ELECTION, self._style, [hash_of(code, self._key)])
            self._delivery.post(vote_body(code, _ELECTION, choice % 5))
        self._delivery.drain_queue()
        self._delivery.drain_stream()
        self._delivery.publish()
