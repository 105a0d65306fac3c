"""Settings that the engine's CloudFormation ignores, set through DynamoDB and S3 themselves.

On AWS the template does this; here the same lines of the template are read and applied.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civic.stack.target import Target
from civic.stack.template import read_template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PointInTimeRecoverySpecificationTypeDef
    from mypy_boto3_s3.type_defs import DefaultRetentionTypeDef


def apply_settings(target: Target, stack: str, template: Path) -> None:
    """Set time to live, point-in-time recovery and Object Lock as the template does.

    Args:
        target: A system in the embedded engine.
        stack: The name of the stack that was deployed.
        template: Its template.
    """
    names = dict(target.resources(stack))
    for logical_id, settings in table_settings(template):
        table = names.get(logical_id)
        if table is not None:
            _apply_time_to_live(target, table, settings.get("TimeToLiveSpecification"))
            _apply_recovery(target, table, settings.get("PointInTimeRecoverySpecification"))
    for logical_id, retention in locked_buckets(template):
        target.s3.put_object_lock_configuration(
            Bucket=names[logical_id],
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": retention},
            },
        )


def locked_buckets(template: Path) -> Iterator[tuple[str, "DefaultRetentionTypeDef"]]:
    """Yield the logical id and the local default retention of each bucket with Object Lock."""
    document = read_template(template)
    for logical_id, resource in document["Resources"].items():
        if resource["Properties"].get("ObjectLockEnabled") is True:
            # `FindInMap [Locks, Environment, ...]`: the row of this machine.
            yield logical_id, document["Mappings"]["Locks"]["local"]


def table_settings(template: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the logical id and the properties of each table in a template."""
    for logical_id, resource in read_template(template)["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            yield logical_id, resource["Properties"]


def _apply_time_to_live(target: Target, table: str, wanted: dict[str, Any] | None) -> None:
    if not wanted or wanted.get("Enabled") is not True:
        return
    current = target.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    # DynamoDB refuses to enable this if it is enabled already.
    if current["TimeToLiveStatus"] == "DISABLED":
        target.dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"AttributeName": wanted["AttributeName"], "Enabled": True},
        )


def _apply_recovery(target: Target, table: str, wanted: dict[str, Any] | None) -> None:
    if not wanted or wanted.get("PointInTimeRecoveryEnabled") is not True:
        return
    setting: PointInTimeRecoverySpecificationTypeDef = {"PointInTimeRecoveryEnabled": True}
    if "RecoveryPeriodInDays" in wanted:
        setting["RecoveryPeriodInDays"] = wanted["RecoveryPeriodInDays"]
    target.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification=setting
    )
