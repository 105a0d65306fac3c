"""Environments of the functions.

Each entry point composes its own adapters from these, on first use, so that none loads what
another needs.
"""

from civic.runtime.settings import Settings


class GatewaySettings(Settings):
    """Environment of the gateway."""

    bus_name: str
    decisions_table: str
    subject_keys_table: str
    wrapping_keys_table: str


class ValidatorSettings(Settings):
    """Environment of the validator."""

    bus_name: str
    decisions_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
    rule_set: str


class StorageSettings(Settings):
    """Environment of PII storage."""

    bus_name: str
    vault_table: str
    subject_keys_table: str


class AccessSettings(Settings):
    """Environment of subject access."""

    vault_table: str
    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str


class CustodianSettings(Settings):
    """Environment of the key custodian."""

    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str
