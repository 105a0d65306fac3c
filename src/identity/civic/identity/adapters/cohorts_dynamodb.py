"""What analytics holds of one person, for their access request: no other attribute of the row.

The attributes are those of `civic.analytics.join_store_dynamodb`.
"""

from typing import TYPE_CHECKING, override

from civic.contracts.events import Cohort
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import StoreUnavailable
from civic.identity.ports import Cohorts
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbCohorts(Cohorts):
    """Cohorts in the join table of analytics."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def get(self, registration: RegistrationId) -> Cohort | None:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table,
                Key={"id": {"S": registration}},
                ConsistentRead=True,
                ProjectionExpression="#region, age_band",
                # A word of DynamoDB's.
                ExpressionAttributeNames={"#region": "region"},
            ).get("Item")
        if not item:
            return None
        return Cohort(region=item["region"]["S"], age_band=item["age_band"]["S"])
