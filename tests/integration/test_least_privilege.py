"""What each function's role may and may not do, tried with the role's own credentials.

The engine's administrator may assume the roles directly. On AWS only Lambda may: the roles' own
policies are read to check that they trust nobody else.
"""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from civic.stack.engine import REGION
from civic.stack.target import Target
from tests.integration.resources import physical_id
from tests.integration.rights import TRIED, Clients, Probe, expected, probes
from tests.rights import RIGHTS

_DENIALS = {"AccessDenied", "AccessDeniedException"}


type Roles = dict[str, dict[str, Any]]

# What it has read of the services' descriptions serves every role.
_SESSION = boto3.Session(region_name=REGION)


@pytest.fixture(scope="module")
def roles(target: Target) -> Roles:
    """Give the functions' roles by their logical ids."""
    iam = target.client("iam")
    return {name: iam.get_role(RoleName=physical_id(target, name))["Role"] for name in RIGHTS}


@pytest.fixture(scope="module")
def tried(target: Target) -> dict[str, Probe]:
    return probes(target)


def acting_as(target: Target, role: dict[str, Any]) -> Clients:
    """Return clients that act with a role's credentials and never retry."""
    taken = target.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="civic-test")
    credentials = taken["Credentials"]
    make: Any = partial(
        _SESSION.client,
        endpoint_url=target.endpoint,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return cache(make)


@pytest.fixture
def _no_traces(target: Target) -> Iterator[None]:
    yield
    target.s3.delete_object(Bucket=target.output("ReleaseBucketName"), Key="releases/probe")


@pytest.mark.usefixtures("_no_traces")
@pytest.mark.parametrize("role", TRIED)
def test_role_may_do_its_row_of_the_table_and_nothing_else(
    target: Target, roles: Roles, tried: dict[str, Probe], role: str
) -> None:
    clients = acting_as(target, roles[role])
    allowed = set()
    for name, probe in tried.items():
        try:
            probe(clients)
        except ClientError as error:
            if error.response["Error"]["Code"] in _DENIALS:
                continue
        allowed.add(name)
    may = expected(role)
    assert (allowed - may, may - allowed) == (set(), set())


def test_table_of_rights_names_probes_that_exist(tried: dict[str, Probe]) -> None:
    named = set().union(*map(expected, TRIED))
    assert named <= tried.keys()


def test_every_function_has_a_role_of_its_own(target: Target, roles: Roles) -> None:
    pages = target.functions.get_paginator("list_functions").paginate()
    functions = [one for page in pages for one in page["Functions"]]
    assert {one["Role"] for one in functions} == {role["Arn"] for role in roles.values()}
    assert len(functions) == len(RIGHTS)


@pytest.mark.parametrize("role", RIGHTS)
def test_role_is_trusted_to_lambda_alone(roles: Roles, role: str) -> None:
    (statement,) = roles[role]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("role", RIGHTS)
def test_role_cannot_become_another(target: Target, roles: Roles, role: str) -> None:
    other = next(name for name in RIGHTS if name != role)
    with pytest.raises(ClientError) as refusal:
        acting_as(target, roles[role])("sts").assume_role(
            RoleArn=roles[other]["Arn"], RoleSessionName="civic-test"
        )
    assert refusal.value.response["Error"]["Code"] in _DENIALS
