"""Not one character of a proof can be altered."""

import string
from secrets import token_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.identity.model.proof import ProofLevel, ProofRefused
from civic.identity.model.trust import VendorService
from civic.identity.proofs import openid4vp, vendor, wallet
from civic.lab.wallets.checking import Vendor, body_of
from civic.lab.wallets.holding import encrypt
from tests.fakes.wallets import CLIENT, NONCE, NOW, STATUS, Presenting, answer

PRESENTING = Presenting()
PRESENTED = PRESENTING.present()
LIST = PRESENTING.issuer.status_list(NOW)
KEY = openid4vp.new_key(token_bytes)
ENCRYPTED = encrypt(
    {"vp_token": {"pid": [PRESENTED]}},
    KEY.public,
    "A256GCM",
)
VENDOR = Vendor()
TRUSTED = VendorService(
    vendor="checks.example",
    level=ProofLevel.BASIC,
    starts_at="https://checks.example/start",
    address="https://civic.example",
    keys=(VENDOR.public_key,),
)
BODY = body_of(
    {
        "reference": NONCE,
        "status": "approved",
        "liveness": "passed",
        "document_hash": "ab" * 32,
        "full_name": "Ada Lovelace",
        "birth_date": "1990-12-10",
    }
)
HEADERS = VENDOR.headers("msg_1", BODY, NOW)
CHARACTERS = string.printable + "é\0"


def _altered(text: str) -> st.SearchStrategy[str]:
    """Draw the text with one character replaced, left out, or put in."""

    def alter(place: int, character: str, *, keep: bool, drop: bool) -> str:
        return text[:place] + ("" if drop else character) + text[place + (not keep) :]

    alterations = st.builds(
        alter,
        st.integers(0, len(text) - 1),
        st.sampled_from(CHARACTERS),
        keep=st.booleans(),
        drop=st.booleans(),
    )
    return alterations.filter(lambda altered: altered != text)


def _verify(presented: str, listed: str) -> None:
    expected = wallet.Expected(NONCE, CLIENT, NOW)
    wallet.verify(answer(presented), expected, [PRESENTING.trusted], {STATUS: listed}.get)


def test_whole_it_verifies() -> None:
    _verify(PRESENTED, LIST)
    assert openid4vp.open_answer(ENCRYPTED, KEY.private) == answer(PRESENTED)
    _webhook(dict(HEADERS), BODY)


@given(_altered(PRESENTED))
def test_altered_presentation_is_refused(altered: str) -> None:
    with pytest.raises(ProofRefused):
        _verify(altered, LIST)


@given(_altered(LIST))
def test_altered_status_list_is_refused(altered: str) -> None:
    with pytest.raises(ProofRefused):
        _verify(PRESENTED, altered)


@given(_altered(ENCRYPTED))
def test_altered_answer_is_refused(altered: str) -> None:
    with pytest.raises(ProofRefused):
        openid4vp.open_answer(altered, KEY.private)


def _webhook(headers: dict[str, str], body: bytes) -> None:
    webhook = vendor.Webhook(
        headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body
    )
    vendor.verify(webhook, TRUSTED, reference=NONCE, answered_at=NOW)


@given(_altered(BODY.decode()))
def test_altered_webhook_is_refused(altered: str) -> None:
    with pytest.raises(ProofRefused):
        _webhook(dict(HEADERS), altered.encode())


@given(
    st.sampled_from(sorted(HEADERS)).flatmap(lambda n: st.tuples(st.just(n), _altered(HEADERS[n])))
)
def test_altered_header_of_a_webhook_is_refused(altered: tuple[str, str]) -> None:
    name, value = altered
    with pytest.raises(ProofRefused):
        _webhook({**HEADERS, name: value}, BODY)
