"""However somebody moves, asks and asks again: one message is signed, for one ballot style."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from civic.client.blinding import SignerKey, blind, prepare
from civic.contracts.identifiers import Revision, StyleId
from civic.contracts.voting import StyleAreas
from civic.identity.errors import CredentialAlreadyIssued, ElectionNotFound
from civic.identity.model.credentials import RollEntry, Standing
from civic.identity.usecases.issuing import BlindSignature, issue_credential, list_offers
from tests.fakes.elections import ELECTION, published
from tests.fakes.pipeline import NOW, Consumer, Entropy, Pipeline
from tests.strategies.registrations import person

STYLES = {StyleId("north"): "DE-BE-N1", StyleId("south"): "DE-BE-S1", StyleId("rest"): "DE"}
HOMES = {
    "north": ("DE-BE-N1", "DE-BE", "DE"),
    "south": ("DE-BE-S1", "DE-BE", "DE"),
    "rest": ("DE-BB", "DE"),
    "nowhere": ("FR-IDF", "FR"),
}
MESSAGES = 3


@cache
def messages() -> tuple[bytes, ...]:
    """Return messages that are below the modulus of every key."""
    pipeline = Pipeline()
    entropy = Entropy("messages")
    keys = [SignerKey.parse(pipeline.issuer_keys.ensure(ELECTION, style)) for style in STYLES]
    smallest = min(keys, key=lambda key: key.n)
    drawn = (blind(smallest, prepare(entropy(32), entropy), entropy) for _ in range(MESSAGES))
    return tuple(one.message for one in drawn)


homes = st.sampled_from([*HOMES])
numbers = st.integers(0, MESSAGES - 1)


class Asking:
    """Somebody on the roll, and everything that was signed for them."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self.who = self.pipeline.register(person())
        self.pipeline.drain()
        styles = tuple(StyleAreas(style=one, areas=(area,)) for one, area in STYLES.items())
        event = published(NOW).model_copy(update={"styles": styles})
        assert self.pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)
        self.signed: dict[bytes, BlindSignature] = {}

    @property
    def standing(self) -> Standing:
        entry = self.pipeline.roll.rows[self.who.id]
        assert isinstance(entry, RollEntry)
        return entry.standing

    def move(self, home: str) -> None:
        known = self.standing
        moved = replace(known, revision=Revision(known.revision + 1), areas=HOMES[home])
        self.pipeline.roll.decided(moved)

    def ask(self, number: int) -> None:
        message = messages()[number]
        try:
            answer = issue_credential(
                self.pipeline.issuing, self.who.id, self.who.access_token, ELECTION, message
            )
        except CredentialAlreadyIssued:
            assert self.signed
            assert message not in self.signed, "a request is not answered any more"
        except ElectionNotFound:
            assert not self.signed
            assert self.standing.areas == HOMES["nowhere"]
        else:
            assert self.signed.setdefault(message, answer) == answer, "signed for another style"

    def check(self) -> None:
        assert len(self.signed) <= 1
        offers = list_offers(self.pipeline.issuing, self.who.id, self.who.access_token).offered
        for answer in self.signed.values():
            assert [(one.style, one.issued) for one in offers] == [(answer.style, True)]


@settings(deadline=timedelta(seconds=10))
@given(homes, st.lists(homes | numbers, max_size=8))
def test_one_message_is_signed_for_one_style(home: str, steps: list[str | int]) -> None:
    asking = Asking()
    asking.move(home)
    for step in steps:
        if isinstance(step, str):
            asking.move(step)
        else:
            asking.ask(step)
        asking.check()
