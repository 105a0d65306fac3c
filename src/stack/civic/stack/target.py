"""The deployed system that a command works on, on AWS or in the embedded engine."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from civic.stack.engine import CREDENTIALS, REGION, Engine
from civic.stack.stacks import STACKS, named
from civic.terminal.failures import CommandFailed, StackMissing

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

LOCAL_STACK = "civic-local"
"""The stack name that means the embedded engine; every other name means AWS."""

_CONNECTIONS = 32
_LONGEST_INVOCATION_SECONDS = 900
_NO_CREDENTIALS = "no AWS credentials found; see `aws configure`, or use --profile"


@dataclass(frozen=True)
class Target:
    """One system, with clients that are made lazily and that threads may share.

    Attributes:
        stack: The name of its CloudFormation stack of registrations; the names of the others
        start with it (`civic.stack.stacks`).
        region: The AWS region; None for that of the profile.
        profile: A profile of the AWS configuration; None for the usual credential chain.
        endpoint: The embedded engine's URL; None for AWS.
    """

    stack: str
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None

    @property
    def is_local(self) -> bool:
        """Return whether the stack is in the embedded engine."""
        return self.endpoint is not None

    @cached_property
    def session(self) -> "boto3.Session":
        """The boto3 session; for the engine it ignores the user's AWS configuration."""
        import boto3  # noqa: PLC0415 - slow, and `civic --help` needs none of it

        if not self.is_local:
            return boto3.Session(profile_name=self.profile, region_name=self.region)
        return boto3.Session(*CREDENTIALS, region_name=self.region, botocore_session=_deaf_core())

    def client(self, service: str, **settings: Any) -> Any:
        """Make a client of any service. Those that have a property below are typed and made once.

        Args:
            service: The name that boto3 gives the service, such as ``s3``.
            settings: Further settings of botocore's Config.
        """
        from botocore.config import Config  # noqa: PLC0415 - as in `session`

        # Loopback is called without the proxy of the environment.
        proxies: dict[str, str] | None = {} if self.is_local else None
        config = Config(max_pool_connections=_CONNECTIONS, proxies=proxies, **settings)
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint, config=config)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """The CloudFormation client."""
        client: CloudFormationClient = self.client("cloudformation")
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The DynamoDB client."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    @cached_property
    def events(self) -> "EventBridgeClient":
        """The EventBridge client."""
        client: EventBridgeClient = self.client("events")
        return client

    @cached_property
    def kms(self) -> "KMSClient":
        """The KMS client."""
        client: KMSClient = self.client("kms")
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        """The Lambda client (`lambda` is a keyword), which waits for a function to end."""
        client: LambdaClient = self.client(
            "lambda",
            # Longer than a function may run, as a call that times out is repeated.
            read_timeout=_LONGEST_INVOCATION_SECONDS + 10,
            tcp_keepalive=True,
        )
        return client

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """The CloudWatch Logs client."""
        client: CloudWatchLogsClient = self.client("logs")
        return client

    @cached_property
    def s3(self) -> "S3Client":
        """The S3 client."""
        client: S3Client = self.client("s3")
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        """The SQS client."""
        client: SQSClient = self.client("sqs")
        return client

    def find_stack(self, name: str) -> "StackTypeDef | None":
        """Read what CloudFormation reports about a stack; None if there is no such stack."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as in `session`

        try:
            return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            # CloudFormation's code for an unknown stack.
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise

    def find_stacks(self) -> dict[str, Mapping[str, str]]:
        """Read the outputs of the system's stacks afresh, by the stack's name.

        Stacks that are not deployed are left out.
        """
        found = {name: self.find_stack(name) for name in self.stacks.values()}
        return {
            name: {pair["OutputKey"]: pair["OutputValue"] for pair in stack.get("Outputs", [])}
            for name, stack in found.items()
            if stack is not None
        }

    @cached_property
    def stacks(self) -> Mapping[str, str]:
        """The names of the system's stacks, deployed or not, by what each is (`STACKS`)."""
        return {stack: named(self.stack, stack) for stack in STACKS}

    @cached_property
    def deployed(self) -> Mapping[str, Mapping[str, str]]:
        """The outputs of the system's deployed stacks, by name, read once."""
        return self.find_stacks()

    @property
    def missing(self) -> list[str]:
        """The names of the system's stacks that are not deployed."""
        return [name for name in self.stacks.values() if name not in self.deployed]

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of all the system's stacks, by key, read once.

        Raises:
            StackMissing: None of them is deployed.
        """
        self._require_some()
        return {key: value for outputs in self.deployed.values() for key, value in outputs.items()}

    def outputs_of(self, stack: str) -> Mapping[str, str]:
        """Return the outputs of one of ``STACKS``, by key; none if it is not deployed.

        Raises:
            StackMissing: None of the system's stacks is deployed.
        """
        self._require_some()
        return self.deployed.get(self.stacks[stack], {})

    def output(self, key: str) -> str:
        """Return an output, whichever of the system's stacks has it.

        Raises:
            StackMissing: There is no such stack or output.
        """
        try:
            return self.outputs[key]
        except KeyError:
            raise StackMissing(
                f"no stack of {self.stack!r} has an output {key}{self._hint}"
            ) from None

    def resources(self, stack: str) -> Iterator[tuple[str, str]]:
        """Yield the logical and the physical ids of the resources of a stack, by its name."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for page in pages:
            for resource in page["StackResourceSummaries"]:
                yield resource["LogicalResourceId"], resource.get("PhysicalResourceId", "")

    def log_group(self, stack: str) -> str:
        """Return the log group of the functions of one of ``STACKS``."""
        return f"/civic/{self.stacks[stack]}/functions"

    def _require_some(self) -> None:
        if not self.deployed:
            raise StackMissing(f"there is no stack {self.stack!r} here{self._hint}")

    @property
    def _hint(self) -> str:
        return "; run `civic up`" if self.is_local else "; see docs/operations.md, Deploy"

    @property
    def api_url(self) -> str:
        """The base URL of the citizens' API, without a slash at its end, like those below.

        Raises:
            StackMissing: The stack that has the API is not deployed.
        """
        return self._url("Api")

    @property
    def review_api_url(self) -> str:
        """The base URL of the API for staff who review registrations."""
        return self._url("ReviewApi")

    @property
    def elections_api_url(self) -> str:
        """The base URL of the API for staff who run elections."""
        return self._url("ElectionsApi")

    @property
    def vote_api_url(self) -> str:
        """The base URL of the vote API."""
        return self._url("VoteApi")

    @property
    def log_api_url(self) -> str:
        """The base URL of the API of the public log."""
        return self._url("LogApi")

    def _url(self, api: str) -> str:
        if not self.is_local:
            return self.output(f"{api}Url").rstrip("/")
        return f"{self.endpoint}/_aws/execute-api/{self.output(f'{api}Id')}"


def choose(stack: str, region: str | None, profile: str | None, engine: Engine) -> Target:
    """Return the target that the global options name.

    Args:
        stack: `civic-local` for the embedded engine, any other name for AWS.
        region: An AWS region, or None.
        profile: An AWS profile, or None.
        engine: The engine of this workspace.
    """
    if stack == LOCAL_STACK:
        return Target(stack, region=REGION, endpoint=engine.endpoint)
    return Target(stack, region=region, profile=profile)


def explain(error: Exception) -> CommandFailed | None:
    """Turn the errors of boto3, such as for an engine that cannot be reached, into one clear line.

    Returns:
        The failure, or None for any other error.
    """
    from botocore import exceptions  # noqa: PLC0415 - as in `Target.session`

    cause = error.__cause__
    if isinstance(cause, exceptions.BotoCoreError | exceptions.ClientError):
        # An adapter's own error says what it could not do; the cause says why.
        return explain(cause)
    if isinstance(error, exceptions.ProfileNotFound):
        return CommandFailed(str(error))
    if isinstance(error, exceptions.ClientError):
        code = error.response["Error"]["Code"]
        return CommandFailed(f"AWS refused {error.operation_name}: {code}")
    for kind, message in (
        (
            exceptions.EndpointConnectionError,
            "nothing answers there; if it is the engine, start it with `civic up`",
        ),
        (exceptions.NoCredentialsError, _NO_CREDENTIALS),
        (exceptions.PartialCredentialsError, _NO_CREDENTIALS),
        (exceptions.NoRegionError, "no AWS region is chosen; use --region"),
    ):
        if isinstance(error, kind):
            return CommandFailed(message)
    return None


def _deaf_core() -> Any:
    from botocore.session import Session  # noqa: PLC0415 - as in `Target.session`

    unset = (None, None, None, None)
    nothing = (None, None, os.devnull, None)
    return Session(
        session_vars={"profile": unset, "config_file": nothing, "credentials_file": nothing}
    )
