"""Environments of the functions.

Each entry point composes its own adapters from these, on first use, so that none loads what
another needs.
"""

from datetime import timedelta

from civic.runtime.settings import Settings


class GatewaySettings(Settings):
    """Environment of the gateway."""

    bus_name: str
    decisions_table: str
    request_log_table: str
    subject_keys_table: str
    wrapping_keys_table: str


class ValidatorSettings(Settings):
    """Environment of the validator."""

    bus_name: str
    decisions_table: str
    review_queue_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
    rule_set: str


class StorageSettings(Settings):
    """Environment of PII storage."""

    bus_name: str
    vault_table: str
    subject_keys_table: str


class RetentionSettings(Settings):
    """How long registrations are kept that lead to nothing."""

    rejected_retention_days: int
    abandoned_retention_days: int

    @property
    def rejected(self) -> timedelta:
        """How long a rejected registration is kept."""
        return timedelta(days=self.rejected_retention_days)

    @property
    def abandoned(self) -> timedelta:
        """How long a registration is kept that nobody decides."""
        return timedelta(days=self.abandoned_retention_days)


class AccessSettings(RetentionSettings):
    """Environment of subject access."""

    decisions_table: str
    request_log_table: str
    vault_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str


class RightsSettings(Settings):
    """Environment of the rights function."""

    bus_name: str
    decisions_table: str
    erasure_ledger_table: str
    request_log_table: str
    review_queue_table: str
    subject_keys_table: str
    rule_set: str


class ReviewSettings(Settings):
    """Environment of the review function."""

    bus_name: str
    decisions_table: str
    request_log_table: str
    review_queue_table: str
    vault_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
    rule_set: str
    people_needed: int


class AccountabilitySettings(Settings):
    """Environment of accountability."""

    bus_name: str
    erasure_ledger_table: str
    request_log_table: str
    receipt_key_id: str


class CredentialIssuerSettings(Settings):
    """Environment of the credential issuer."""

    issuer_roll_table: str
    issuer_elections_table: str
    issuer_keys_table: str
    credential_key_id: str


class CredentialRollSettings(CredentialIssuerSettings):
    """Environment of the roll, which announces what it does."""

    bus_name: str


class DeadlineSettings(RetentionSettings):
    """Environment of the deadlines function."""

    bus_name: str
    decisions_table: str
    erasure_ledger_table: str
    request_log_table: str


class NoticeSettings(RetentionSettings):
    """Environment of the function that serves documents."""

    controller_name: str
    controller_contact: str
    data_protection_officer: str


class CustodianSettings(Settings):
    """Environment of the key custodian."""

    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
