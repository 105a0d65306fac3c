"""What sealing evidence and the trust document do in every implementation."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.evidence_sealing_esdk import EsdkEvidenceOpener, EsdkEvidenceSealer
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.status_lists_dynamodb import (
    LIST_CHARACTERS_MOST,
    DynamoDbStatusLists,
)
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyWrapper
from civic.identity.adapters.trust_dynamodb import TRUST_CACHE, DynamoDbTrust
from civic.identity.adapters.wrapping_keys_kms import (
    KmsKey,
    KmsWrappingKeyRing,
    PrivateKeys,
    PublicKeys,
)
from civic.identity.errors import WrappingKeyMissing
from civic.identity.model.keys import AccessDigest, RecordId, SubjectKey, digest_of
from civic.identity.model.likeness import LikenessKey
from civic.identity.model.proof import ProofLevel, ProofMethod, ProofRefused
from civic.identity.model.rows import DecisionRow, Proof, Verdict
from civic.identity.model.trust import NO_TRUST, Trust
from civic.identity.ports import KeyWrapper
from civic.identity.ports.custody import WrappingKeyRing
from civic.identity.ports.proofs import (
    EvidenceOpener,
    EvidenceSealer,
    StatusListKeeper,
    TrustEditor,
)
from civic.lab.memory.identity import MemoryDecisions
from civic.lab.memory.keys import MemoryKeyRing, MemoryKeyWrapper
from civic.lab.memory.likenesses import MemoryLikenesses
from civic.lab.memory.proofs import MemoryEvidence, MemoryStatusLists, MemoryTrust
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA
from tests.fakes.proving import trust

NOW = datetime(2027, 1, 15, tzinfo=UTC)
ANSWER = b"an answer " * 1_200


@dataclass
class Kit:
    """One of each."""

    ring: WrappingKeyRing
    sealer: EvidenceSealer
    opener: EvidenceOpener
    wrapper: KeyWrapper


def in_memory() -> Kit:
    ring = MemoryKeyRing()
    sealing = MemoryEvidence(ring)
    return Kit(ring, sealing, sealing, MemoryKeyWrapper(ring))


def deployed(aws: Aws) -> Kit:
    kms = KmsKey(clients.kms(), aws.key_id)
    table, never = "wrapping-keys", timedelta(0)
    public = PublicKeys(clients.dynamodb(), table, never, lambda: NOW)
    private = PrivateKeys(clients.dynamodb(), table, kms, never, lambda: NOW)
    ring = KmsWrappingKeyRing(clients.dynamodb(), table, kms)
    sealer, opener = EsdkEvidenceSealer(public), EsdkEvidenceOpener(private)
    return Kit(ring, sealer, opener, EsdkKeyWrapper(public))


@pytest.fixture(params=["memory", "kms"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "memory":
        return in_memory()
    return deployed(request.getfixturevalue("aws"))


def test_what_was_sealed_opens_also_after_a_rotation(kit: Kit) -> None:
    kit.ring.add()
    sealed = kit.sealer.seal(ANSWER)
    assert ANSWER not in sealed
    kit.ring.add()
    assert kit.opener.open(sealed) == ANSWER
    assert kit.opener.open(kit.sealer.seal(b"x")) == b"x"


def test_without_a_wrapping_key_nothing_is_sealed(kit: Kit) -> None:
    with pytest.raises(WrappingKeyMissing):
        kit.sealer.seal(ANSWER)


def test_what_was_altered_or_cut_does_not_open(kit: Kit) -> None:
    kit.ring.add()
    sealed = kit.sealer.seal(ANSWER)
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for one in (b"", b"\x02", sealed[:-1], sealed[: len(sealed) // 2], flipped, ANSWER):
        with pytest.raises(ProofRefused):
            kit.opener.open(one)


def test_a_wrapped_subject_key_is_no_evidence(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(SubjectKey(bytes(32)), ADA, digest_of("a token"))
    with pytest.raises(ProofRefused):
        kit.opener.open(wrapped.blob)


def test_a_message_cannot_name_a_row_that_is_no_key_pair(aws: Aws) -> None:
    kit = deployed(aws)
    kit.ring.add()
    kit.ring.ensure_pepper()
    sealed = kit.sealer.seal(ANSWER)
    for name in (b"pepper-", b"current", b"wk-9999", b"\xff\xff-0001"):
        with pytest.raises(ProofRefused):
            kit.opener.open(sealed.replace(b"wk-0001", name))


# ------------------------------------------------------------------ status lists

lists = each_kind(
    "dynamodb",
    MemoryStatusLists,
    lambda: DynamoDbStatusLists(clients.dynamodb(), "trusted-providers"),
)


def test_the_list_that_was_fetched_last_counts(lists: StatusListKeeper) -> None:
    first, second = "https://pid.example/status/1", "https://pid.example/status/2"
    assert lists.at(first) is None
    lists.keep(first, "one")
    lists.keep(first, "two")
    assert lists.at(first) == "two"
    assert lists.at(second) is None
    lists.keep(second, "A" * LIST_CHARACTERS_MOST)
    assert lists.at(second) == "A" * LIST_CHARACTERS_MOST


# ------------------------------------------------------------------ the trust document

trusts = each_kind(
    "dynamodb",
    MemoryTrust,
    lambda: DynamoDbTrust(clients.dynamodb(), "trusted-providers", lambda: NOW, timedelta(0)),
)


def test_nobody_is_trusted_before_the_office_says_whom(trusts: TrustEditor) -> None:
    assert trusts.current() == NO_TRUST


def test_the_document_put_in_use_last_counts(trusts: TrustEditor) -> None:
    trusts.replace(trust())
    assert trusts.current() == trust()
    trusts.replace(NO_TRUST)
    assert trusts.current() == Trust()


@pytest.mark.usefixtures("aws")
def test_the_document_is_read_again_after_a_minute() -> None:
    now = NOW
    store = DynamoDbTrust(clients.dynamodb(), "trusted-providers", lambda: now)
    assert store.current() == NO_TRUST
    store.replace(trust())
    assert store.current() == NO_TRUST
    now += TRUST_CACHE
    assert store.current() == trust()


# ------------------------------------------------------------------ what the row keeps

type Decisions = DynamoDbDecisions | MemoryDecisions

decisions = each_kind(
    "dynamodb",
    lambda: MemoryDecisions(MemoryLikenesses()),
    lambda: DynamoDbDecisions(RevisionedTable(clients.dynamodb(), "decisions")),
)
PROOF = Proof(
    ProofMethod.OIDC, ProofLevel.HIGH, "https://id.example", date(2027, 1, 15), LikenessKey(b"1")
)
DIGEST = AccessDigest(bytes(32))


def row(revision: int, proof: Proof | None = None) -> DecisionRow:
    verdict = Verdict(Decision.REJECTED, (), "rules")
    record = RecordId(RegistrationId(ADA), Revision(revision))
    return DecisionRow(record, DIGEST, NOW, NOW, verdict, proof=proof)


def test_a_proof_is_kept_with_the_decision(decisions: Decisions) -> None:
    assert decisions.decide(row(1, PROOF)) is None
    assert decisions.get(ADA) == row(1, PROOF)
    pending = row(1, PROOF).corrected(Revision(2), NOW + timedelta(days=1))
    assert decisions.note_pending(pending) is None
    assert decisions.get(ADA) == pending
    later = row(2).after(pending)
    assert later.proof == PROOF
    assert decisions.decide(later) is None
    better = replace(PROOF, day=date(2027, 1, 16))
    assert row(3, better).after(later).proof == better
