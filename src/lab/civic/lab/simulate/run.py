"""An election through the real handlers, from the first posted code to the recount."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path

from civic.contracts import base64url
from civic.contracts.identifiers import Nullifier, StyleId
from civic.contracts.voting import Audience, ElectionCertified
from civic.lab.memory.audit import FolderHeads, FolderShelf, MemoryLogSigner
from civic.lab.memory.issuer import MemoryIssuer
from civic.lab.memory.voting import MemorySecrets
from civic.lab.simulate.country import CHOICES, Cell, cells_of, election_of, style_of, vote_body
from civic.lab.simulate.delivery import Delivery
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.electorate import StateVote
from civic.lab.simulate.environments import Environments, Stores
from civic.lab.simulate.log_check import Tell, check_log
from civic.lab.simulate.log_delivery import LogDelivery
from civic.lab.simulate.log_environments import BoxOpenings, LogEnvironments, LogStores
from civic.lab.simulate.outcome import LogOutcome, Outcome
from civic.lab.simulate.voters import Attempt, Repeaters, shuffled
from civic.voting.model.certification import tally_of
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.credential import Credential, code_nullifier
from civic.voting.model.election import election_id
from civic.voting.model.secrets import ElectionKeys
from civic.voting.model.tally import Counts
from civic.voting.usecases.publishing import recount
from civic.voting.usecases.tallying import total

ROUND = 2_000
"""How many voters vote before the queue and the stream are delivered."""

ROUND_WITH_CREDENTIALS = 100
"""The same for runs in which each voter waits for a blind signature."""

CRASH_SHARE = 0.001
"""The share of adapter calls that fail in runs with crashes."""

LOG_CRASH_SHARE = CRASH_SHARE
"""The same for the log, whose functions make some tens of calls per invocation."""

_CREATED, _CONFLICT = 201, 409

type Voter = Credential | PostedCode
"""What entitles a person to vote."""

type Tick = Callable[[int], bool]
"""Called after each round with the number of its voters; returns False to end the voting."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate.

    Attributes:
        states: The electorate.
        duplicates: The share of voters who vote twice.
        redeliver: The share of messages and stream batches that are delivered twice.
        crash: Whether adapters sometimes fail.
        seed: The same seed repeats the run, except for the keys that sign credentials.
        credentials: Whether voters have credentials instead of posted codes.
    """

    states: tuple[StateVote, ...]
    duplicates: float
    redeliver: float
    crash: bool
    seed: int
    credentials: bool = False


class Simulation:
    """One run; `finish` also works if `vote` was stopped early."""

    def __init__(self, plan: Plan, published: Path) -> None:
        """Prepare the election, its voters and the handlers' environments.

        Args:
            plan: What to simulate.
            published: An empty folder for the public log.
        """
        self._plan = plan
        self._dice = Dice(plan.seed)
        self._stores = Stores(MemorySecrets(self._dice.bytes))
        self._environments = Environments(
            self._stores, lambda: datetime.now(UTC), self._dice, CRASH_SHARE if plan.crash else 0.0
        )
        self._published = published
        # Separate dice, so that with the same seed votes fare the same whatever the log does.
        log_dice = Dice(plan.seed + 1)
        self._log_environments = LogEnvironments(
            LogStores(
                FolderShelf(published),
                FolderHeads(published),
                MemoryLogSigner(log_dice.bytes(32)),
                BoxOpenings(self._stores.box),
            ),
            lambda: datetime.now(UTC),
            log_dice,
            LOG_CRASH_SHARE if plan.crash else 0.0,
        )
        self._log = LogDelivery(self._log_environments, log_dice, plan.redeliver)
        self._delivery = Delivery(
            self._stores, self._environments, self._dice, plan.redeliver, self._log
        )
        self._repeaters = Repeaters[Voter](self._dice, plan.duplicates)
        self._election = election_id(self._dice.bytes(8))
        sealed = self._stores.secrets.make(self._election)
        voting = [style_of(state.state) for state in plan.states if state.total]
        self._issuer = (
            MemoryIssuer(self._election, voting, self._dice.bytes) if plan.credentials else None
        )
        self._definition = election_of(self._election, plan.states, datetime.now(UTC))
        self._stores.elections.create(self._definition, sealed)
        if self._issuer:
            self._stores.elections.keep_keys(self._election, self._issuer.public_keys)
        secret = self._stores.secrets.open(self._election, sealed)
        self._key = ElectionKeys.derive(self._election, secret).codes
        self._styles = [style_of(state.state) for state in plan.states]
        self._rivals: list[tuple[Attempt[Voter], str]] = []
        self.outcome = Outcome(
            expected=[0] * (len(plan.states) * CHOICES), delivered=self._delivery.done
        )

    def vote(self, tick: Tick) -> None:
        """Let voters vote until ``tick`` returns False."""
        cells = shuffled(self._plan.states, self._dice)
        half = len(cells) // 2
        size = ROUND_WITH_CREDENTIALS if self._issuer else ROUND
        with self._environments.entered(), self._log_environments.entered():
            for round_, some in enumerate(batched(cells, size, strict=False)):
                before, started = self.outcome.voters, time.perf_counter()
                try:
                    self._round(round_, some)
                finally:
                    self.outcome.seconds += time.perf_counter() - started
                self._log.deliver()
                if before < half <= self.outcome.voters:
                    self._delivery.reshard()
                    # The remaining records of the parents precede those of their children.
                    self._log.deliver(least=1)
                if not tick(len(some)):
                    break

    def finish(self, tell: Tell = lambda *_: None) -> Outcome:
        """Deliver everything that is pending, then count, recount, verify and compare.

        Args:
            tell: Called to show the progress of verifying the log.
        """
        outcome, started = self.outcome, time.perf_counter()
        with self._environments.entered():
            for attempt in self._repeaters.left():
                self._again(attempt)
            self._deliver()
        outcome.seconds += time.perf_counter() - started
        self._settle()
        counts, _ = total(self._stores.tallies, self._election)
        outcome.counted = cells_of(counts, self._plan.states)
        outcome.recounted = cells_of(recount(self._stores.box, self._election), self._plan.states)
        outcome.ballots = len(self._stores.box)
        published = self._stores.snapshots.get(self._election)
        outcome.published = json.loads(published)["ballots"] if published else 0
        with self._environments.entered(), self._log_environments.entered():
            self._log.certify(self._certified(counts))
        key = self._log_environments.stores.key
        check = check_log(self._published, key, tell)
        outcome.log = LogOutcome(check, self._log.done, self._log.seconds, key)
        return outcome

    def _certified(self, counts: Counts) -> ElectionCertified:
        """Return the certification as the office would announce it."""
        return ElectionCertified(
            election=self._election,
            revision=self._definition.revision + 1,
            at=datetime.now(UTC),
            ballots=counts.ballots,
            openings=Audience.PUBLIC,
            tally=tally_of(self._definition, counts),
        )

    def _round(self, round_: int, cells: tuple[Cell, ...]) -> None:
        for cell in cells:
            voter = self._voter(self._styles[cell // CHOICES])
            receipt = self._submit(voter, cell)
            if receipt is None:
                self.outcome.unexplained += 1
                continue
            self.outcome.voters += 1
            self.outcome.expected[cell] += 1
            self._repeaters.consider(round_, voter, cell, receipt)
        for attempt in self._repeaters.due(round_):
            self._again(attempt)
        self._deliver()

    def _voter(self, style: StyleId) -> Voter:
        """Return the credential or posted code of a new voter."""
        if self._issuer is not None:
            return self._issuer.credential(style)
        code = new_code(self._dice.bytes)
        self._stores.codes.add(self._election, style, [hash_of(code, self._key)])
        return code

    def _nullifier(self, voter: Voter) -> Nullifier:
        if isinstance(voter, Credential):
            return voter.nullifier
        return code_nullifier(self._election, hash_of(voter, self._key))

    def _again(self, attempt: Attempt[Voter]) -> None:
        receipt = self._submit(attempt.voter, attempt.cell)
        if receipt is None:
            return
        if attempt.cell != attempt.first:
            self._rivals.append((attempt, receipt))
        elif receipt != attempt.receipt:
            # The same ballot submitted again has the same receipt.
            self.outcome.unexplained += 1

    def _submit(self, voter: Voter, cell: Cell) -> str | None:
        """Return the receipt of a vote, or None if the vote was not accepted."""
        status, answer = self._delivery.post(vote_body(voter, self._election, cell % CHOICES))
        self.outcome.submitted += 1
        if status == _CREATED:
            self.outcome.accepted += 1
            receipt: str = answer["receipt"]
            return receipt
        if status != _CONFLICT:
            self.outcome.unexplained += 1
        return None

    def _deliver(self) -> None:
        self._delivery.drain_queue()
        self._delivery.drain_stream()
        self._delivery.publish()

    def _settle(self) -> None:
        """Correct the expected votes of voters whose two differing votes were both accepted.

        One of their two receipts belongs to a ballot in the box, which is their vote.
        """
        for attempt, receipt in self._rivals:
            ballot = self._stores.box.find(self._nullifier(attempt.voter))
            held = ballot and base64url.encode(ballot.receipt)
            if held == receipt:
                self.outcome.expected[attempt.first] -= 1
                self.outcome.expected[attempt.cell] += 1
            elif held != attempt.receipt:
                self.outcome.unexplained += 1
