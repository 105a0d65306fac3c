"""An election in memory in which any number of people have voted, for the next ones to vote in."""

from contextlib import AbstractContextManager
from datetime import datetime

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.lab.bench.repeat_vote import VOTES_PER_UNIT
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
    """The handlers of a simulation, whose stores hold what ``before`` voters have left."""

    def __init__(self, before: int, now: datetime) -> None:
        """Fill the stores without the handlers."""
        dice = Dice(before)
        self._stores = Stores(MemorySecrets(dice.bytes))
        self._environments = Environments(self._stores, lambda: now, dice, 0.0)
        self._delivery = Delivery(self._stores, self._environments, dice, 0.0)
        sealed = self._stores.secrets.make(_ELECTION)
        self._stores.elections.create(election_of(_ELECTION, official(), now), sealed)
        keys = ElectionKeys.derive(_ELECTION, self._stores.secrets.open(_ELECTION, sealed))
        style = style_of(official()[0].state)
        content = Ballot(_ELECTION, style, {"c1": ("o1",)}, {}).canonical()
        earlier = [Nullifier(number.to_bytes(32)) for number in range(before)]
        # Straight into the rows: counted instructions take too long to spend a million calls here.
        self._stores.codes.codes = dict.fromkeys(earlier, (_ELECTION, style))
        row = bytes(32), _ELECTION, content
        self._stores.box.rows = dict.fromkeys(earlier, row)
        self._dice, self._style, self._key = dice, style, keys.codes

    @property
    def ballots(self) -> int:
        """How many ballots are in the box."""
        return len(self._stores.box)

    def entered(self) -> AbstractContextManager[None]:
        """Have the entry points work on this election."""
        return self._environments.entered()

    def vote(self) -> None:
        """Let the next hundred vote, and count their votes."""
        for choice in range(VOTES_PER_UNIT):
            code = new_code(self._dice.bytes)
            self._stores.codes.add(_ELECTION, self._style, [hash_of(code, self._key)])
            self._delivery.post(vote_body(code, _ELECTION, choice % 5))
        self._delivery.drain_queue()
        self._delivery.drain_stream()
        self._delivery.publish()
