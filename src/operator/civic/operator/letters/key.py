"""The key under which the codes of an election are hashed."""

from civic.contracts.identifiers import ElectionId
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.model.secrets import ElectionKeys


def codes_key(target: Target, election: ElectionId) -> bytes:
    """Return the key that hashes an election's codes, decrypted by KMS for the operator.

    Raises:
        CommandFailed: There is no such election.
    """
    stored = DynamoDbElections(target.dynamodb, target.output("ElectionsTableName")).find(election)
    if stored is None:
        raise CommandFailed(f"there is no election {election}; see `civic elections list`")
    secrets = KmsElectionSecrets(target.kms, target.output("VotingKeyArn"))
    return ElectionKeys.derive(election, secrets.open(election, stored.sealed_secret)).codes
