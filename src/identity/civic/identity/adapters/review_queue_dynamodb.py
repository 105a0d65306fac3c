"""The review queue in DynamoDB: one row per registration that waits for a person.

Who adds a case may not write the attribute ``opinions``, so a case without it has none yet.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.items import Item, RevisionedTable, record_of, texts, texts_of
from civic.identity.errors import StoreUnavailable
from civic.identity.model.review import OfficeReason, Opinion, ReviewCase, ReviewCause
from civic.identity.ports import ReviewQueue
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_LATER = "(attribute_not_exists(id) OR revision < :r OR (revision = :r AND #round < :round))"
_AFTER = f"{_LATER} AND (attribute_not_exists(id) OR cause = :known)"


class DynamoDbReviewQueue(ReviewQueue):
    """The review queue."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table
        self._cases = RevisionedTable(client, table)

    @override
    def add(self, case: ReviewCase) -> None:
        # Whose case is there is a condition, as `rights` may not read any. While a case waits its
        # cause only grows, so going up meets every change that is made meanwhile.
        for known in ReviewCause:
            if self._put(replace(case, cause=case.cause.after(known)), known):
                return

    @override
    def bring_up(self, case: ReviewCase) -> None:
        values: Item = {":r": _revision(case), ":cause": {"S": ReviewCause.OFFICE}}
        # Updates, as `review` may put no case.
        begun = self._cases.update(
            case.record.id,
            "SET revision = :r, #round = :round, #since = :since, cause = :cause REMOVE opinions",
            _LATER,
            ExpressionAttributeNames={"#round": "round", "#since": "since"},
            ExpressionAttributeValues={
                **values,
                ":round": {"N": str(case.round or 0)},
                ":since": {"S": case.since.isoformat()},
            },
        )
        if not begun:
            self._cases.update(
                case.record.id,
                "SET cause = :cause",
                "revision = :r",
                ExpressionAttributeValues=values,
            )

    def _put(self, case: ReviewCase, known: ReviewCause) -> bool:
        """Put a case where there is none, or an earlier one with a known cause."""
        item: Item = {
            "id": {"S": case.record.id},
            "revision": _revision(case),
            "since": {"S": case.since.isoformat()},
            "cause": {"S": case.cause},
        }
        if case.round is not None:
            item["round"] = {"N": str(case.round)}
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=_AFTER,
                    ExpressionAttributeNames={"#round": "round"},
                    ExpressionAttributeValues={
                        ":r": _revision(case),
                        ":round": {"N": str(case.round or 0)},
                        ":known": {"S": known},
                    },
                )
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True

    @override
    def carry_over(self, case: ReviewCase, revision: Revision) -> None:
        self._cases.update(
            case.record.id,
            "SET revision = :later, #round = :first, cause = :cause REMOVE opinions",
            "revision = :r",
            ExpressionAttributeNames={"#round": "round"},
            ExpressionAttributeValues={
                ":r": _revision(case),
                ":later": {"N": str(revision)},
                ":first": {"N": "0"},
                ":cause": {"S": ReviewCause.DATA_SUBJECT.after(case.cause)},
            },
        )

    @override
    def get(self, registration: RegistrationId) -> ReviewCase | None:
        item = self._cases.read(registration)
        return _case(item) if item else None

    @override
    def waiting(self) -> Iterator[ReviewCase]:
        with unavailable_as(StoreUnavailable):
            for page in self._client.get_paginator("scan").paginate(TableName=self._table):
                yield from map(_case, page["Items"])

    @override
    def opine(self, case: ReviewCase, opinion: Opinion) -> ReviewCase | None:
        stated: Item = {
            "by": {"S": opinion.by},
            "decision": {"S": opinion.decision},
            "at": {"S": opinion.at.isoformat()},
        }
        if opinion.reason is not None:
            stated["reason"] = {"S": opinion.reason}
        if opinion.areas:
            stated["areas"] = texts(opinion.areas)
        if opinion.erase:
            stated["erase"] = {"BOOL": True}
        if opinion.beside:
            stated["beside"] = texts(sorted(opinion.beside))
        with unavailable_as(StoreUnavailable):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={"id": {"S": case.record.id}},
                    UpdateExpression=(
                        "SET opinions = list_append(if_not_exists(opinions, :none), :opinion)"
                    ),
                    ConditionExpression="revision = :r",
                    ExpressionAttributeValues={
                        ":r": _revision(case),
                        ":none": {"L": []},
                        ":opinion": {"L": [{"M": stated}]},
                    },
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if failed_condition(error):
                    return None
                raise
        return _case(answer["Attributes"])

    @override
    def close(self, registration: RegistrationId, up_to: Revision | None = None) -> None:
        key: Item = {"id": {"S": registration}}
        only: dict[str, Any] = {}
        if up_to is not None:
            only = {
                "ConditionExpression": "attribute_not_exists(id) OR revision <= :r",
                "ExpressionAttributeValues": {":r": {"N": str(up_to)}},
            }
        with unavailable_as(StoreUnavailable):
            try:
                self._client.delete_item(TableName=self._table, Key=key, **only)
            except ClientError as error:
                if not failed_condition(error):
                    raise


def _revision(case: ReviewCase) -> Item:
    return {"N": str(case.record.revision)}


def _case(item: Item) -> ReviewCase:
    return ReviewCase(
        record_of(item),
        datetime.fromisoformat(item["since"]["S"]),
        ReviewCause(item["cause"]["S"]),
        tuple(
            Opinion(
                one["M"]["by"]["S"],
                Decision(one["M"]["decision"]["S"]),
                datetime.fromisoformat(one["M"]["at"]["S"]),
                texts_of(one["M"].get("areas", texts(()))),
                OfficeReason(one["M"]["reason"]["S"]) if "reason" in one["M"] else None,
                one["M"].get("erase", {"BOOL": False})["BOOL"],
                frozenset(map(RegistrationId, texts_of(one["M"].get("beside", texts(()))))),
            )
            for one in item.get("opinions", {"L": []})["L"]
        ),
        int(item["round"]["N"]) if "round" in item else None,
    )
