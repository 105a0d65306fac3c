"""What sessions of proofs and signers of tokens do in every implementation."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from civic.identity.adapters.proof_sessions_dynamodb import DynamoDbProofSessions
from civic.identity.adapters.token_signer_kms import KmsTokenSigner, public_jwk
from civic.identity.errors import KeyServiceUnavailable
from civic.identity.model.keys import digest_of
from civic.identity.model.proof import ProofMethod
from civic.identity.model.proof_session import SESSION_LIFETIME, ProofSession, begin_session
from civic.identity.ports.proofs import ProofSessions
from civic.identity.proofs.jose import verified
from civic.identity.proofs.tokens import parse
from civic.lab.memory.proofs import MemoryProofSessions, MemoryTokenSigner
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.pipeline import Entropy

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)


class Clock:
    """A clock that a test can move."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    yield CLOCK
    CLOCK.now = NOW


CLOCK = Clock()
sessions = each_kind(
    "dynamodb",
    lambda: MemoryProofSessions(CLOCK),
    lambda: DynamoDbProofSessions(clients.dynamodb(), "proof-sessions", CLOCK),
)
CODE = digest_of("a code")


def begun(seed: str = "") -> ProofSession:
    return begin_session(ProofMethod.OIDC, "national", NOW, Entropy(seed)).session


def test_a_session_is_found_as_it_began(sessions: ProofSessions) -> None:
    assert sessions.get(begun().id) is None
    sessions.put(begun())
    assert sessions.get(begun().id) == begun()
    assert sessions.evidence(begun()) is None


def test_what_a_wallet_is_asked_is_kept_with_its_sealed_key(sessions: ProofSessions) -> None:
    made = replace(begun(), method=ProofMethod.WALLET, request="a.b.c", key=b"sealed")
    sessions.put(made)
    assert sessions.get(made.id) == made


def test_a_session_is_over_after_its_time(sessions: ProofSessions, clock: Clock) -> None:
    sessions.put(begun())
    sessions.use(begun())
    sessions.answered(begun(), b"evidence", CODE)
    clock.now = NOW + SESSION_LIFETIME
    assert sessions.get(begun().id) is None
    assert sessions.evidence(begun()) is None


def test_a_session_is_used_once(sessions: ProofSessions) -> None:
    assert not sessions.use(begun())
    sessions.put(begun())
    assert sessions.use(begun())
    assert not sessions.use(begun())
    sessions.put(begun())
    assert not sessions.use(begun())


def test_an_answer_is_kept_once_and_not_before_the_session_is_used(
    sessions: ProofSessions,
) -> None:
    sessions.put(begun())
    sessions.answered(begun(), b"too early", CODE)
    assert sessions.evidence(begun()) is None
    sessions.use(begun())
    sessions.answered(begun(), b"evidence", CODE)
    sessions.answered(begun(), b"another", digest_of("another"))
    assert sessions.evidence(begun()) == (b"evidence", CODE)


def test_a_session_opens_nothing(sessions: ProofSessions) -> None:
    made = begin_session(ProofMethod.OIDC, "national", NOW, Entropy())
    sessions.put(made.session)
    there = sessions.get(made.session.id)
    assert made.secret not in repr(there)
    assert made.session.verifier not in repr(there)
    assert made.secret not in repr(made)


# ------------------------------------------------------------------ tokens


def test_a_token_verifies_under_the_public_key(aws: Aws) -> None:
    kms, memory = KmsTokenSigner(clients.kms(), aws.proof_key_id), MemoryTokenSigner()
    for signer, key in (
        (kms, public_jwk(clients.kms(), aws.proof_key_id)),
        (memory, memory.public()),
    ):
        claims = {"one": "two", "three": 4}
        token = signer.sign("some+jwt", claims)
        assert verified(token, (key,), ("ES256",), "some+jwt") == claims
        assert "x5c" not in parse(token).header
        named = signer.sign("some+jwt", claims, ("AAAA", "BBBB"))
        assert parse(named).header["x5c"] == ["AAAA", "BBBB"]
        assert verified(named, (key,), ("ES256",), "some+jwt") == claims


def test_without_kms_nothing_is_signed(aws: Aws) -> None:
    signer = KmsTokenSigner(clients.kms(), aws.proof_key_id)
    aws.fail("kms", "Sign", "KMSInternalException")
    with pytest.raises(KeyServiceUnavailable):
        signer.sign("some+jwt", {})


def test_a_key_that_is_not_on_a_curve_is_no_key_for_tokens(aws: Aws) -> None:
    made = clients.kms().create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    with pytest.raises(TypeError):
        public_jwk(clients.kms(), made["KeyMetadata"]["KeyId"])
    assert aws.key_id
