"""An election whose tables a traitor writes to, and what can be seen of it from outside.

Some have voted, others are about to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.audit.model.notes import verifier_key
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.log_entries import leaf_hash
from civic.contracts.voting import (
    Audience,
    CredentialKey,
    CredentialKeysPublished,
    ElectionCertified,
)
from civic.verifier.errors import Refused
from civic.verifier.folder import Folder
from civic.verifier.heads import Trust
from civic.verifier.kept import Kept
from civic.verifier.log import verify_log
from civic.verifier.notes import VerifierKey
from civic.verifier.progress import Progress
from civic.voting.errors import BallotsWaiting, BoxNotCounted, VotingError
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.credential import Credential
from civic.voting.model.election import Election, State
from civic.voting.model.secrets import ElectionKeys
from civic.voting.model.tally import BALLOTS
from civic.voting.usecases.elections import COUNTED_WITHIN, add_codes, certify, publish
from civic.voting.usecases.publishing import recount
from civic.voting.usecases.submission import Paper, submit
from tests.fakes.ballots import CLOSES, DURING, ELECTION, NORTH, OPENS, OTHER, SOUTH, definition
from tests.fakes.log import ORIGIN
from tests.fakes.pipeline import Entropy
from tests.fakes.polling import SETTLING
from tests.traitor.polling import WAITS, PollingInTables

THIEF = 3
"""The number of the key pair that the traitor has made."""
SIGNERS = {NORTH: 1, SOUTH: 2}
_ALARMS = {"BallotsAltered", "BallotsSetAside", "EntriesRefused", "Errors"}
"""The metrics that tell an operator of something."""
type Counts = Counter[tuple[str, str, str]]
"""By ballot style, contest and option."""


@cache
def _pair(number: int) -> rsa.RSAPrivateKey:
    assert number
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - it protects nothing, and is fast


@cache
def public_key(number: int) -> bytes:
    """Return the public half of a pair as an issuer announces it."""
    return _pair(number).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def credential(number: int, style: StyleId, signer: int | None = None) -> Credential:
    """Return the credential of one voter, by default under the key of its ballot style."""
    randomizer, token = b"r" * 32, number.to_bytes(32)
    pair = _pair(signer or SIGNERS[style])
    signature = pair.sign(randomizer + token, PSS(MGF1(SHA384()), 48), SHA384())
    return Credential(ELECTION, style, token, randomizer, signature)


class Poll(PollingInTables):
    """Two elections, of which one is attacked."""

    _changing = (*PollingInTables._changing, "told")

    def __init__(self) -> None:
        super().__init__()
        self.told: Counts = Counter()
        """What those chose who were told that their vote is in."""
        self._verdicts: dict[str, str] = {}
        with self._composed():
            self.letters, self.receipts = self._open()

    def _open(self) -> tuple[dict[str, PostedCode], list[bytes]]:
        """Let the elections begin, and some people vote; return all codes, and their receipts."""
        self.now = OPENS - timedelta(days=7)
        entropy, letters = Entropy("letters"), {}
        for id_ in (ELECTION, OTHER):
            draft = _draft(id_)
            secret = self.office.secrets.make(id_)
            self.elections.announced(self.elections.create(draft, secret))
            publish(self.office, id_)
            keys = (CredentialKey(style=of, public_key=public_key(n)) for of, n in SIGNERS.items())
            self.bus.publish([CredentialKeysPublished(election=id_, keys=tuple(keys))])
            key = ElectionKeys.derive(id_, self.office.secrets.open(id_, secret)).codes
            for who, style in (("bob", SOUTH), ("dave", NORTH), ("thief", SOUTH)):
                letters[f"{who} {id_}"] = code = new_code(entropy)
                add_codes(self.office, id_, style, [hash_of(code, key)])
        self.now = DURING
        self.keep_calendar()
        self.follow()
        voters: Sequence[Credential | str] = (credential(1, NORTH), letters[f"bob {ELECTION}"])
        receipts = []
        for voter, choice in zip(voters, ("o1", "o2"), strict=True):
            receipts.append(self._submit(voter, choice))
            self.told += _vote_for(choice)
        self.follow()
        return letters, receipts

    def _vote(self, voter: Credential | str, choice: str = "o2") -> bool:
        """Cast a vote; return whether it is accepted and in the log then."""
        try:
            receipt = self._submit(voter, choice)
        except VotingError:
            return False
        except (LookupError, TypeError, ValueError):
            self.failures.add("vote")
            return False
        self.follow()
        accepted = self.logged(receipt)
        if accepted:
            self.told += _vote_for(choice)
        return accepted

    def logged(self, receipt: bytes) -> bool:
        """Return whether a receipt leads to an entry of the log."""
        return receipt in map(leaf_hash, self.public_log.entries())

    def cast_the_rest(self) -> dict[str, object]:
        """Let those vote who have not, those who have, and the traitor; return what came of it."""
        dave, bob, thief = (self.letters[f"{who} {ELECTION}"] for who in ("dave", "bob", "thief"))
        other = self.letters[f"thief {OTHER}"]
        forged: Sequence[Credential | str] = (
            credential(8, NORTH, THIEF),
            credential(9, SOUTH, THIEF),
            other,
        )
        return {
            "vote": [self._vote(credential(2, SOUTH)), self._vote(dave)],
            "second vote": [self._vote(credential(1, NORTH)), self._vote(bob)],
            # The traitor has a letter as well, whose ballot style does not have this option.
            "vote of another": [*(self._vote(one) for one in forged), self._vote(thief, "o3")],
        }

    def seal(self) -> None:
        """Let the time of voting be over, and have the box counted."""
        self._end()
        with suppress(BoxNotCounted):
            certify(self.office, ELECTION, 0)
        self.follow()

    def seen(self) -> dict[str, object]:
        """Return what voters, the office and everybody see."""
        self._try("calendar", self.keep_calendar)
        self.follow()
        shown = self.snapshots.said[ELECTION]
        return {
            "ballot paper": self._paper(),
            "state": shown["state"],
            "results": self._in_box() == _numbers(shown["styles"]),
            "receipts": [self.logged(one) for one in self.receipts],
            "box": self._chosen() == self.told,
        }

    def announced(self) -> dict[str, object]:
        """Return what is announced when the time has come to certify what was published."""
        self._end()
        self._try("certification", self._certify)
        seen = self.seen()
        found = [one for one in self.bus.of(ElectionCertified) if one.election == ELECTION]
        return seen | {
            "certification": seen.pop("state"),
            "certified counts": all(self._in_box() == _certified(one) for one in found),
            "log": self.verdict(),
        }

    def verdict(self) -> str:
        """Return what the verifier says of the log; nothing if it finds nothing wrong."""
        log = self.public_log
        published = str((log.heads.newest(), sorted(log.shelf.objects.items())))
        if published not in self._verdicts:
            self._verdicts[published] = self._verified()
        return self._verdicts[published]

    def _verified(self) -> str:
        key = VerifierKey.parse(verifier_key(ORIGIN, self.public_log.signer.public_key()))
        with TemporaryDirectory() as place:
            self.public_log.save(Path(place))
            try:
                verify_log(Folder(Path(place)), Trust(key), Kept(), Progress())
            except Refused as refused:
                return type(refused).__name__
        return ""

    def alarms(self) -> set[str]:
        """Return what would have told somebody: an operator, the office or everybody."""
        lines = {name for one in self.log.lines for name in _ALARMS if one.get(name, [0]) != [0]}
        wrong = self.verdict()
        return lines | self.failures | ({wrong} if wrong else set())

    def _paper(self) -> object:
        try:
            poll = self.polls.find(ELECTION)
        except (VotingError, LookupError, TypeError, ValueError):
            self.failures.add("ballot paper")
            return None
        return poll and (poll.election.contests, poll.election.styles)

    def _in_box(self) -> Counts | None:
        """Return how often each option is in the box; None if that cannot be read."""
        try:
            return recount(self.box, ELECTION).cells
        except (VotingError, LookupError, TypeError, ValueError):
            self.failures.add("recount")
            return None

    def _chosen(self) -> Counts:
        """Return how often each option was chosen, whatever the ballot style."""
        chosen: Counts = Counter()
        for (_, contest, option), count in (self._in_box() or Counter()).items():
            chosen["", contest, option] += count
        return chosen

    def _end(self) -> None:
        self.now = max(self.now, CLOSES + SETTLING)
        self._try("calendar", self.keep_calendar)
        self.follow()

    def _submit(self, voter: Credential | str, choice: str) -> bytes:
        return submit(self.booth, Paper(voter, ELECTION, {"c1": [choice]}))

    def _certify(self) -> None:
        for _ in range(WAITS):
            said = self.snapshots.said[ELECTION]["ballots"]
            try:
                certify(self.office, ELECTION, said)
            except (BallotsWaiting, BoxNotCounted):
                self.follow()
                self.now += COUNTED_WITHIN / 2
            else:
                return
        self.failures.add("not certified")


def _vote_for(option: str) -> Counts:
    return Counter({("", BALLOTS, ""): 1, ("", "c1", option): 1})


def _numbers(styles: Sequence[Mapping[str, Any]]) -> Counts:
    """Return what published results say."""
    found: Counts = Counter()
    for style in styles:
        found[style["id"], BALLOTS, ""] = style["ballots"]
        for contest in style["contests"]:
            for option in contest["options"]:
                found[style["id"], contest["id"], option["id"]] = option["count"]
    return found


def _certified(event: ElectionCertified) -> Counts:
    """Return what a certification says."""
    found: Counts = Counter()
    for style in event.tally or ():
        found[style.style, BALLOTS, ""] = style.ballots
        for contest, options in style.contests.items():
            for option, count in options.items():
                found[style.style, contest, option] = count
    return found


def _draft(election: ElectionId) -> Election:
    draft = definition(id=election, state=State.DRAFT, openings=Audience.PUBLIC)
    mayor, council = draft.contests
    # Nobody needs to vote for the council.
    return draft.model_copy(update={"contests": (mayor, council.model_copy(update={"min": 0}))})
