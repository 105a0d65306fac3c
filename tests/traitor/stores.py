"""The pipeline with its real adapters over tables in this process.

Keys are wrapped in memory, and what signs credentials is a small key.
"""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.identity.adapters.access_renewals_dynamodb import (
    DynamoDbAccessRenewals,
    DynamoDbRegistrations,
)
from civic.identity.adapters.candidates_dynamodb import DynamoDbCandidates
from civic.identity.adapters.cohorts_dynamodb import DynamoDbCohorts
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.election_calendar_dynamodb import DynamoDbElectionCalendar
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.issued_marks_dynamodb import DynamoDbIssuedMarks
from civic.identity.adapters.issuer_keys_kms import (
    IssuerKeyTable,
    KmsIssuerKeyRing,
    KmsSigningKeys,
)
from civic.identity.adapters.issuer_roll_dynamodb import DynamoDbIssuerRoll, IssuingTables
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.likenesses_dynamodb import DynamoDbLikenesses
from civic.identity.adapters.mark_keys_kms import KmsMarkKeyRing, KmsMarkKeys, MarkKeyTable
from civic.identity.adapters.people_dynamodb import DynamoDbPeople
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.sweep_overview_dynamodb import DynamoDbOverview, SweptTables
from civic.identity.adapters.sweep_progress_dynamodb import DynamoDbProgress
from tests.fakes.faults import Guard
from tests.fakes.pipeline import Pipeline
from tests.fakes.rows import Rows

_SWEPT = SweptTables(
    *("decisions", "vault", "subject-keys", "issuer-roll", "joins", "erasure-ledger"),
    *("review-queue", "request-log", "office-areas"),
)


@cache
def _pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - it protects nothing, and is fast


def _kms() -> Any:
    private = _pair().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = _pair().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    made = {"PublicKey": public, "PrivateKeyCiphertextBlob": b"sealed"}
    opened = {b"sealed": private, b"marks": bytes(32)}
    return SimpleNamespace(
        generate_data_key_pair_without_plaintext=lambda **_: made,
        generate_data_key_without_plaintext=lambda **_: {"CiphertextBlob": b"marks"},
        decrypt=lambda **asked: {"Plaintext": opened[asked["CiphertextBlob"]]},
    )


class PipelineInTables(Pipeline):
    """The pipeline, whose stores are tables."""

    def __init__(self) -> None:
        self.rows = Rows()
        super().__init__()

    def _compose(self, guard: Guard) -> None:
        rows: Any = self.rows
        likenesses = DynamoDbLikenesses(rows, "likenesses")
        adapters = {
            "subject_keys": DynamoDbSubjectKeys(rows, "subject-keys"),
            "decisions": DynamoDbDecisions(RevisionedTable(rows, "decisions"), likenesses),
            "likenesses": likenesses,
            "vault": DynamoDbVault(RevisionedTable(rows, "vault")),
            "joins": DynamoDbJoins(rows, "joins"),
            "requests": DynamoDbRequestLog(rows, "request-log"),
            "reviews": DynamoDbReviewQueue(rows, "review-queue"),
            "ledger": DynamoDbErasureLedger(rows, "erasure-ledger"),
            "renewals": DynamoDbAccessRenewals(rows, "access-renewals"),
            "roll": DynamoDbIssuerRoll(
                RevisionedTable(rows, "issuer-roll"),
                rows,
                IssuingTables("issuer-roll", "decisions", "issued-marks"),
            ),
            "marks": DynamoDbIssuedMarks(rows, "issued-marks"),
            "seen_people": DynamoDbPeople(rows, "decisions"),
            "calendar": DynamoDbElectionCalendar(rows, "issuer-elections"),
            "overview": DynamoDbOverview(rows, _SWEPT),
            "progress": DynamoDbProgress(rows, "sweep-progress"),
            "candidates": DynamoDbCandidates(rows, "decisions"),
        }
        vars(self).update(adapters)
        super()._compose(guard)
        registrations = DynamoDbRegistrations(rows, "decisions")
        keys = IssuerKeyTable(rows, "issuer-keys", _kms(), "credentials")
        signing = KmsSigningKeys(keys, timedelta(0), self.issuing.clock)
        of_marks = MarkKeyTable(rows, "mark-keys", _kms(), "credentials")
        opening = KmsMarkKeys(of_marks, timedelta(0), self.issuing.clock)
        self.access = replace(self.access, cohorts=DynamoDbCohorts(rows, "joins"))
        self.front_desk = replace(self.front_desk, registrations=registrations)
        self.roll_keeping = replace(
            self.roll_keeping,
            keys=KmsIssuerKeyRing(keys),
            mark_keys=opening,
            mark_ring=KmsMarkKeyRing(of_marks),
        )
        self.issuing = replace(self.issuing, keys=signing, mark_keys=opening)
