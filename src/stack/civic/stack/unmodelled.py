"""Settings that the engine's CloudFormation ignores or misreads, set through the services.

On AWS the template does this; here the same lines of the template are read and applied.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civic.stack.samconfig import Deployment
from civic.stack.target import Target
from civic.stack.template import read_template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PointInTimeRecoverySpecificationTypeDef
    from mypy_boto3_s3.type_defs import DefaultRetentionTypeDef


def apply_settings(target: Target, stack: Deployment) -> None:
    """Set time to live, point-in-time recovery, Object Lock and CORS as the template does.

    Args:
        target: A system in the embedded engine.
        stack: One of its stacks, just deployed.
    """
    template = stack.template
    names = dict(target.resources(stack.name))
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
    # The engine keeps CORS under CloudFormation's names, and reads it under those of the API.
    for logical_id, cors in cross_origin(template, stack.parameters):
        target.client("apigatewayv2").update_api(ApiId=names[logical_id], CorsConfiguration=cors)


def cross_origin(
    template: Path, parameters: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the logical id of each API that browsers may call, and from where and how.

    Args:
        template: The template of a stack.
        parameters: The parameters of that stack, which take the place of references to them.
    """
    for logical_id, resource in read_template(template)["Resources"].items():
        cors = resource.get("Properties", {}).get("CorsConfiguration")
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and cors:
            origins = [
                origin if isinstance(origin, str) else parameters[origin["Ref"]]
                for origin in cors["AllowOrigins"]
            ]
            yield logical_id, {**cors, "AllowOrigins": origins}


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
    if not wanted:
        return
    current = target.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    enabled = current["TimeToLiveStatus"] == "ENABLED"
    # DynamoDB refuses to set this as it is already.
    if enabled is not wanted["Enabled"]:
        target.dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "AttributeName": wanted["AttributeName"],
                "Enabled": wanted["Enabled"],
            },
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
