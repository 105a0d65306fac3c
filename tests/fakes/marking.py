"""What a credential is issued under, of somebody whose row a test has."""

from civic.contracts.identifiers import ElectionId, RegistrationId
from civic.identity.model.credentials import Noted
from civic.identity.model.marks import Marking, marks_of
from civic.identity.ports import DecisionStore
from civic.lab.memory.credentials import MemoryMarkKeys
from tests.fakes.pipeline import NOW


def marking(
    decisions: DecisionStore, registration: RegistrationId, election: ElectionId, request: Noted
) -> Marking:
    """Return what the issuer would make of somebody's row, under the key of the fakes."""
    keys = MemoryMarkKeys()
    keys.ensure(election, NOW)
    key, row = keys.find(election), decisions.get(registration)
    assert key is not None
    listed = row.listed if row else ()
    return Marking(listed, marks_of(key, registration, listed, request, NOW))
