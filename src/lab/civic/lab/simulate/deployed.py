"""An election over HTTP in the deployed stack, from the posted codes to the recount."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import batched
from typing import Any

from civic.client.api_client import Refused
from civic.client.submission import in_parallel
from civic.contracts import base64url
from civic.contracts.identifiers import ElectionId
from civic.lab.simulate.country import CHOICES, WRITTEN_IN, Cell, style_of
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.hall import Hall, draft_of
from civic.lab.simulate.outcome import Outcome
from civic.lab.simulate.run import Plan, Tick
from civic.lab.simulate.voters import Attempt, Repeaters, shuffled
from civic.operator.certifying import certify_once_counted
from civic.operator.letters.making import make_codes, store_codes
from civic.terminal.console import err
from civic.terminal.failures import CommandFailed
from civic.terminal.waiting import PATIENCE_SECONDS, TookTooLong, until
from civic.voting.model.codes import PostedCode
from civic.voting.model.tally import WRITE_INS, Counts

ROUND = 200
"""How many vote before immediate second attempts are made and Ctrl-C is checked."""

_NO_BALLOT = HTTPStatus.UNPROCESSABLE_ENTITY

_SLOWEST = 5
"""Votes per second: if counting is slower than this, it is stuck."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer to a vote: a receipt, 409 without one, or something unexpected."""

    receipt: str | None = None
    expected: bool = True


class DeployedElection:
    """One election; enter ``held``, then call `post_codes`, `vote`, `finish` and `certify`."""

    def __init__(self, hall: Hall, plan: Plan, workers: int) -> None:
        """Draft the election, which nobody can see yet."""
        self._hall = hall
        self._plan = plan
        self._workers = workers
        self._dice = Dice(plan.seed)
        self._repeaters = Repeaters[PostedCode](self._dice, plan.duplicates)
        self._election = ElectionId(hall.office.create(draft_of(plan.states, _now()))["id"])
        self._codes: list[list[PostedCode]] = []
        self._opened = False
        self._rivals: list[tuple[Attempt[PostedCode], str]] = []
        self.outcome = Outcome(expected=[0] * (len(plan.states) * CHOICES))
        contest, *_ = hall.office.show(self._election)["contests"]
        self._contest: str = contest["id"]
        self._options: list[str] = [option["id"] for option in contest["options"]]

    @classmethod
    @contextmanager
    def held(cls, hall: Hall, plan: Plan, workers: int) -> "Iterator[DeployedElection]":
        """Announce an election, and close it if the block ends early.

        Args:
            hall: Where it is held.
            plan: The electorate, and how many of it try twice.
            workers: Number of simultaneous requests.
        """
        election = cls(hall, plan, workers)
        hall.office.publish(election._election)
        try:
            yield election
        except BaseException:
            with suppress(CommandFailed):
                election._close()
            raise

    def post_codes(self, tick: Tick) -> bool:
        """Make a code for every voter, store the codes' hashes in the stack, and open the polls.

        Returns:
            True, or False with the polls closed if ``tick`` said to stop.
        """
        hall, key = self._hall, self._hall.codes_key(self._election)
        for state in self._plan.states:
            codes = make_codes(state.total, secrets.token_bytes)
            self._codes.append(codes)
            before = 0
            style = style_of(state.state)
            for stored in store_codes(hall.office, self._election, style, codes, key):
                if not tick(stored - before):
                    return False
                before = stored
        self._open()
        someone = next(code for codes in self._codes for code in codes)
        until("the polls are open", lambda: self._nonsense(someone) == _NO_BALLOT)
        return True

    def vote(self, tick: Tick) -> None:
        """Let voters vote until ``tick`` returns False, and wait until all votes are counted."""
        started = time.perf_counter()
        cells = shuffled(self._plan.states, self._dice)
        for round_, some in enumerate(batched(cells, ROUND, strict=False)):
            self._first(round_, some)
            self._again(self._repeaters.due(round_))
            if not tick(len(some)):
                break
        self._again(list(self._repeaters.left()))
        patience = PATIENCE_SECONDS + self.outcome.voters / _SLOWEST
        with suppress(TookTooLong):
            # Votes that do not arrive are missing from the closing table, which says more.
            until("every ballot is counted", self._all_counted, patience)
        self.outcome.seconds = time.perf_counter() - started

    def finish(self) -> Outcome:
        """Close the polls, recount, and compare with the published results."""
        hall, outcome = self._hall, self.outcome
        self._close()
        if outcome.voters:
            document = until("the closing is published", self._closed)
            outcome.published = document["ballots"]
            outcome.counted = self._published_cells(document)
        else:
            outcome.counted = [0] * len(outcome.expected)
        self._settle()
        found = hall.recount(self._election)
        outcome.ballots = found.box.ballots
        outcome.recounted = self._cells(found.box)
        outcome.unexplained += sum(abs(by) for by in found.differences.values())
        return outcome

    def certify(self) -> None:
        """Certify the result; no later vote is looked up in an election that is over."""
        certify_once_counted(self._hall.office, self._election, self.outcome.ballots, err.print)

    def _open(self) -> None:
        self._hall.office.open(self._election)
        self._opened = True

    def _close(self) -> None:
        if not self._opened:
            # An announced election can be closed only after it was opened.
            self._open()
        self._hall.office.finish(self._election)

    def _first(self, round_: int, cells: Sequence[Cell]) -> None:
        ballots = [(self._codes[cell // CHOICES].pop(), cell) for cell in cells]
        for code, cell, answer in in_parallel(self._cast, ballots, self._workers):
            self._note(answer)
            if answer.receipt is None:
                # A first vote must not be refused as a second one.
                self.outcome.unexplained += answer.expected
                continue
            self.outcome.voters += 1
            self.outcome.expected[cell] += 1
            self._repeaters.consider(round_, code, cell, answer.receipt)

    def _again(self, attempts: list[Attempt[PostedCode]]) -> None:
        def cast(attempt: Attempt[PostedCode]) -> tuple[Attempt[PostedCode], _Answer]:
            return attempt, self._cast((attempt.voter, attempt.cell))[2]

        for attempt, answer in in_parallel(cast, attempts, self._workers):
            self._note(answer)
            if answer.receipt is None:
                continue
            if attempt.cell != attempt.first:
                self._rivals.append((attempt, answer.receipt))
            elif answer.receipt != attempt.receipt:
                # The same ballot submitted again has the same receipt.
                self.outcome.unexplained += 1

    def _cast(self, ballot: tuple[PostedCode, Cell]) -> tuple[PostedCode, Cell, _Answer]:
        code, cell = ballot
        choice, contest = cell % CHOICES, self._contest
        listed = choice < len(self._options)
        selections = {contest: [self._options[choice]]} if listed else {}
        write_ins = None if listed else {contest: [WRITTEN_IN]}
        try:
            answer = _Answer(self._hall.polling.vote(code, selections, write_ins))
        except Refused as refused:
            answer = _Answer(expected=refused.status == HTTPStatus.CONFLICT)
        return code, cell, answer

    def _note(self, answer: _Answer) -> None:
        outcome = self.outcome
        outcome.submitted += answer.expected
        outcome.accepted += answer.receipt is not None
        outcome.unexplained += not answer.expected

    def _settle(self) -> None:
        """Correct the expected votes of voters whose two differing votes were both accepted.

        One of their two receipts belongs to a ballot in the box, which is their vote.
        """
        held = {base64url.encode(ballot.receipt) for ballot in self._hall.ballots(self._election)}
        for attempt, receipt in self._rivals:
            if receipt in held:
                self.outcome.expected[attempt.first] -= 1
                self.outcome.expected[attempt.cell] += 1
            elif attempt.receipt not in held:
                self.outcome.unexplained += 1

    def _nonsense(self, code: PostedCode) -> int:
        """Return the status of an invalid ballot's refusal, which costs the voter nothing."""
        try:
            self._hall.polling.vote(code, {self._contest: ["o999999"]})
        except Refused as refused:
            return refused.status
        raise CommandFailed("a vote for an unknown option was accepted")

    def _results(self) -> dict[str, Any]:
        try:
            return self._hall.polling.results({"election": self._election})
        except Refused:
            # Nothing is published before the first ballot is counted.
            return {"ballots": 0, "state": ""}

    def _all_counted(self) -> bool:
        return int(self._results()["ballots"]) >= self.outcome.voters

    def _closed(self) -> dict[str, Any] | None:
        found = self._results()
        return found if found["state"] == "closed" else None

    def _published_cells(self, document: dict[str, Any]) -> list[int]:
        found = {
            (style["id"], row["id"]): int(row["count"])
            for style in document["styles"]
            for contest in style["contests"]
            for row in contest["options"]
        }
        return [
            found[style_of(one.state), option] for one in self._plan.states for option in self._rows
        ]

    def _cells(self, counts: Counts) -> list[int]:
        return [
            counts.of(style_of(one.state), self._contest, option)
            for one in self._plan.states
            for option in self._rows
        ]

    @property
    def _rows(self) -> list[str]:
        return [*self._options, WRITE_INS]


def _now() -> datetime:
    return datetime.now(UTC)
