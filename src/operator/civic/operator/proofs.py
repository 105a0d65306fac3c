"""What an operator does with the trust document."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from civic.identity.adapters.status_lists_dynamodb import DynamoDbStatusLists
from civic.identity.adapters.token_signer_kms import public_jwk
from civic.identity.adapters.trust_dynamodb import DynamoDbTrust
from civic.identity.model.trust import Jwk, Trust, TrustBroken
from civic.identity.ports.proofs import StatusListKeeper, TrustEditor
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed


def editor_of(target: Target) -> TrustEditor:
    """Return the trust document of a system, under the operator's own rights."""
    table = target.output("TrustedProvidersName")
    return DynamoDbTrust(target.dynamodb, table, lambda: datetime.now(UTC), timedelta(0))


def lists_of(target: Target) -> StatusListKeeper:
    """Return the status lists of a system, under the operator's own rights."""
    return DynamoDbStatusLists(target.dynamodb, target.output("TrustedProvidersName"))


def our_key(target: Target) -> Jwk:
    """Return the public key of proofing, which providers have to know."""
    return public_jwk(target.kms, target.output("ProofKeyArn"))


def read_trust(file: Path, key: Jwk) -> Trust:
    """Read a trust document, and add the key of proofing if it names no keys for statements.

    Raises:
        CommandFailed: It cannot be read, or is broken; says where.
    """
    try:
        trust = Trust.parse(file.read_bytes())
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from None
    except TrustBroken as error:
        raise CommandFailed(f"{file}: {error}") from None
    if trust.statement_keys:
        return trust
    return trust.model_copy(update={"statement_keys": (dict(key),)})
