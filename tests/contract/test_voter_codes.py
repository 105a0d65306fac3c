"""What every store of voters' codes does."""

import pytest

from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.memory.voting import MemoryCodes
from civic.runtime import clients
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.errors import CodeTaken, StoreUnavailable
from civic.voting.ports import VoterCodes
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind

ONE, TWO = ElectionId("0123456789ab"), ElectionId("ba9876543210")
NORTH, SOUTH = StyleId("north"), StyleId("south")
A, B = bytes(32), bytes(range(32))


def deployed() -> DynamoDbVoterCodes:
    return DynamoDbVoterCodes(clients.dynamodb(), "voter-codes")


codes = each_kind("dynamodb", MemoryCodes, deployed)


def test_added_codes_are_found_by_their_hash_alone(codes: VoterCodes) -> None:
    for _ in range(2):
        codes.add(ONE, NORTH, [A, B])
    assert codes.find(A) == codes.find(B) == (ONE, NORTH)
    assert codes.find(b"c" * 32) is None


@pytest.mark.parametrize(("election", "style"), [(TWO, NORTH), (ONE, SOUTH)])
def test_code_stays_what_it_is(codes: VoterCodes, election: ElectionId, style: StyleId) -> None:
    codes.add(ONE, NORTH, [A])
    with pytest.raises(CodeTaken):
        codes.add(election, style, [B, A])
    assert codes.find(A) == (ONE, NORTH)


def test_refusal_by_dynamodb_is_unavailability(aws: Aws) -> None:
    aws.fail("dynamodb", "PutItem", "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        deployed().add(ONE, NORTH, [A])


def test_adding_codes_twice_leaves_one_row_each(aws: Aws) -> None:
    for _ in range(2):
        deployed().add(ONE, NORTH, [A, B])
    assert len(aws.items("voter-codes")) == 2
