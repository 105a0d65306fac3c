"""Following a log: looking at its newest checkpoint again and again, and signing when it grew."""

from collections.abc import Callable

from civic.monitor.published_log import CHECKPOINT, PublishedLog
from civic.monitor.witness.witness import FIRST_SIGHT, Older, Outcome, Signed, Witness
from civic.terminal.failures import CommandFailed
from civic.verifier.errors import Refused

LONGEST_PAUSE_SECONDS = 600.0
"""The longest pause in seconds before a log that cannot be read is tried again."""

type Say = Callable[[str], None]


class Follower:
    """Looks at a log, and reports what is new."""

    def __init__(self, witness: Witness, published: PublishedLog, say: Say, warn: Say) -> None:
        """Follow a log.

        Args:
            witness: The witness that signs.
            published: The log.
            say: Reports what was signed.
            warn: Reports what went wrong, once as long as it stays the same.
        """
        self._witness = witness
        self._published = published
        self._say = say
        self._warn = warn
        self._trouble = ""
        self._failures = 0

    def once(self) -> None:
        """Look once.

        Raises:
            Contradicted: The log contradicts what was signed.
            CommandFailed: It cannot be read, or what it publishes does not verify.
        """
        try:
            self._tell(self._look())
        except Refused as refused:
            raise CommandFailed(f"nothing signed: {refused}") from None

    def forever(self, every: float, pause: Callable[[float], None]) -> None:
        """Look until `pause` raises something.

        Args:
            every: Seconds from one look to the next; after each failure they double.
            pause: Waits for a number of seconds.

        Raises:
            Contradicted: The log contradicts what was signed.
        """
        while True:
            try:
                outcome = self._look()
            except Refused as refused:
                self._failures += 1
                self._complain(f"nothing signed: {refused}")
            else:
                self._failures = 0
                self._tell(outcome)
            pause(min(every * 2**self._failures, max(every, LONGEST_PAUSE_SECONDS)))

    def _look(self) -> Outcome:
        note = self._published.read(CHECKPOINT)
        return self._witness.look(note, self._published.read)

    def _tell(self, outcome: Outcome) -> None:
        if isinstance(outcome, Older):
            self._complain(_older(outcome))
            return
        if self._trouble:
            self._trouble = ""
            self._warn("the log is in order again")
        if isinstance(outcome, Signed):
            if outcome.first:
                self._warn(FIRST_SIGHT)
            self._say(f"signed {outcome.head.size} entries, root {outcome.head.root.hex()}")

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._warn(trouble)


def _older(outcome: Older) -> str:
    text = (
        f"not signed: the log shows {outcome.head.size} entries, but has signed"
        f" {outcome.last.size}; "
    )
    if outcome.consistent:
        return text + "it is an old copy, or was rolled back"
    return text + "its tiles do not show whether one contains the other"
