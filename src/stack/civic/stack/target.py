"""The deployed stack that a command works on, on AWS or in the embedded engine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from civic.stack.engine import CREDENTIALS, REGION, Engine
from civic.terminal.failures import CommandFailed, StackMissing

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
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
    """One stack, with lazily made clients that threads may share.

    Attributes:
        stack: The name of the CloudFormation stack.
        region: The AWS region; None leaves it to the profile.
        profile: A profile of the AWS configuration; None for the usual credential chain.
        endpoint: The embedded engine's URL; None for AWS.
    """

    stack: str
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None

    @property
    def is_local(self) -> bool:
        """Tell whether the stack is in the embedded engine."""
        return self.endpoint is not None

    @cached_property
    def voting(self) -> "Target":
        """The voting stack that belongs to this identity stack."""
        return replace(self, stack=f"{self.stack}-voting")

    @cached_property
    def audit(self) -> "Target":
        """The audit stack that belongs to this identity stack."""
        return replace(self, stack=f"{self.stack}-audit")

    @cached_property
    def session(self) -> "boto3.Session":
        """The boto3 session; in the engine's case deaf to the AWS configuration of the user."""
        import boto3  # noqa: PLC0415 - slow, and `civic --help` needs none of it

        if not self.is_local:
            return boto3.Session(profile_name=self.profile, region_name=self.region)
        return boto3.Session(*CREDENTIALS, region_name=self.region, botocore_session=_deaf_core())

    def client(self, service: str, **settings: Any) -> Any:
        """Make a client of any service, as boto3 names it. Those below are made once and typed.

        Args:
            service: Such as ``s3``.
            settings: Of botocore's Config, beside our own.
        """
        from botocore.config import Config  # noqa: PLC0415 - as in `session`

        # A proxy of the environment has no business on loopback.
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
            # Longer than a function may run: one whose answer is not awaited is called again.
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

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the stack, by key, read once.

        Raises:
            StackMissing: There is no such stack.
        """
        found = self.find_outputs()
        if found is None:
            hint = "; run `civic up`" if self.is_local else ""
            raise StackMissing(f"there is no stack {self.stack!r} here{hint}")
        return found

    def find_outputs(self) -> Mapping[str, str] | None:
        """Read the outputs of the stack afresh; None where there is no such stack."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as in `session`

        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            # CloudFormation's code for an unknown stack.
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        pairs = stacks[0].get("Outputs", [])
        return {pair["OutputKey"]: pair["OutputValue"] for pair in pairs}

    def output(self, key: str) -> str:
        """Give one output of the stack.

        Raises:
            StackMissing: There is no such stack or output.
        """
        try:
            return self.outputs[key]
        except KeyError:
            raise StackMissing(
                f"stack {self.stack!r} has no output {key}; deploy it again"
            ) from None

    @property
    def api_url(self) -> str:
        """The base URL of the HTTP API, without a slash at its end.

        Raises:
            StackMissing: There is no such stack, or it has no API.
        """
        if not self.is_local:
            return self.output("ApiUrl").rstrip("/")
        url = f"{self.endpoint}/_aws/execute-api/{self.output('ApiId')}"
        stage = self.outputs.get("ApiStage", "$default")
        return url if stage == "$default" else f"{url}/{stage}"

    @property
    def staff_api_url(self) -> str:
        """The base URL of the staff API, without a slash at its end.

        Raises:
            StackMissing: There is no such stack, or it has no staff API.
        """
        if not self.is_local:
            return self.output("StaffApiUrl").rstrip("/")
        return f"{self.endpoint}/_aws/execute-api/{self.output('StaffApiId')}"

    @property
    def vote_api_url(self) -> str:
        """The base URL of the vote API of this identity stack, without a slash at its end.

        Raises:
            StackMissing: There is no voting stack.
        """
        voting = self.voting
        if not voting.is_local:
            return voting.output("VoteApiUrl").rstrip("/")
        return f"{voting.endpoint}/_aws/execute-api/{voting.output('VoteApiId')}"


def choose(stack: str, region: str | None, profile: str | None, engine: Engine) -> Target:
    """Give the target that the global options name.

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
    """Turn what boto3 raises when AWS or the engine cannot be reached into one clear line.

    Returns:
        The failure, or None for an error that is none of those.
    """
    from botocore import exceptions  # noqa: PLC0415 - as in `Target.session`

    cause = error.__cause__
    if isinstance(cause, exceptions.BotoCoreError | exceptions.ClientError):
        # An adapter of the product says only what it could not do; what it met says why.
        return explain(cause)
    if isinstance(error, exceptions.ProfileNotFound):
        return CommandFailed(str(error))
    if isinstance(error, exceptions.ClientError):
        code = error.response["Error"]["Code"]
        return CommandFailed(f"AWS refused {error.operation_name}: {code}")
    for kind, message in (
        (exceptions.EndpointConnectionError, "nothing answers there; is the engine up? `civic up`"),
        (exceptions.NoCredentialsError, _NO_CREDENTIALS),
        (exceptions.PartialCredentialsError, _NO_CREDENTIALS),
        (exceptions.NoRegionError, "no AWS region chosen; use --region"),
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
