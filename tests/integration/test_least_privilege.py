"""What each function's role may and may not do, tried with the role's own credentials.

The engine's administrator may assume the roles directly. On AWS only Lambda may: the roles' own
policies are read to check that they trust nobody else.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from civic.stack.engine import REGION
from civic.stack.target import Target
from tests.integration.resources import physical_id
from tests.integration.rights import TRIED, Clients, expected, probes
from tests.rights import RIGHTS

_DENIALS = {"AccessDenied", "AccessDeniedException"}


def role_of(target: Target, name: str) -> dict[str, Any]:
    role_name = physical_id(target, name)
    role: dict[str, Any] = target.client("iam").get_role(RoleName=role_name)["Role"]
    return role


def acting_as(target: Target, role: str) -> Clients:
    """Return clients that act with a role's credentials and never retry."""
    arn = role_of(target, role)["Arn"]
    taken = target.client("sts").assume_role(RoleArn=arn, RoleSessionName="civic-test")
    credentials = taken["Credentials"]
    session = boto3.Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        region_name=REGION,
    )
    make: Any = session.client
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    return cache(lambda service: make(service, endpoint_url=target.endpoint, config=config))


@pytest.fixture(autouse=True)
def _no_traces(target: Target) -> Iterator[None]:
    yield
    target.s3.delete_object(Bucket=target.output("ReleaseBucketName"), Key="releases/probe")


@pytest.mark.parametrize("role", TRIED)
def test_role_may_do_its_row_of_the_table_and_nothing_else(target: Target, role: str) -> None:
    clients = acting_as(target, role)
    allowed = set()
    for name, probe in probes(target).items():
        try:
            probe(clients)
        except ClientError as error:
            if error.response["Error"]["Code"] in _DENIALS:
                continue
        allowed.add(name)
    may = expected(role)
    assert (allowed - may, may - allowed) == (set(), set())


def test_table_of_rights_names_probes_that_exist(target: Target) -> None:
    named = set().union(*map(expected, TRIED))
    assert named <= probes(target).keys()


def test_every_function_has_a_role_of_its_own(target: Target) -> None:
    pages = target.functions.get_paginator("list_functions").paginate()
    functions = [one for page in pages for one in page["Functions"]]
    roles = {one["Role"] for one in functions}
    assert roles == {role_of(target, name)["Arn"] for name in RIGHTS}
    assert len(functions) == len(RIGHTS)


@pytest.mark.parametrize("role", RIGHTS)
def test_role_is_trusted_to_lambda_alone(target: Target, role: str) -> None:
    (statement,) = role_of(target, role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("role", RIGHTS)
def test_role_cannot_become_another(target: Target, role: str) -> None:
    other = next(name for name in RIGHTS if name != role)
    with pytest.raises(ClientError) as refusal:
        acting_as(target, role)("sts").assume_role(
            RoleArn=role_of(target, other)["Arn"], RoleSessionName="civic-test"
        )
    assert refusal.value.response["Error"]["Code"] in _DENIALS
