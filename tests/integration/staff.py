"""Members of staff: IAM users who may or may not call the staff API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from civic.stack.engine import REGION
from civic.stack.target import Target
from civic.terminal.waiting import PATIENCE_SECONDS
from tests.integration.resources import physical_id
from tests.integration.waiting import eventually


@dataclass(frozen=True, slots=True)
class Member:
    """A person with or without AWS credentials."""

    url: str
    credentials: Credentials | None

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send one request to the staff API."""
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"content-type": "application/json"}
        request = AWSRequest(method, self.url + path, data=content, headers=headers)
        if self.credentials is not None:
            SigV4Auth(self.credentials, "execute-api", REGION).add_auth(request)
        signed = dict(request.headers.items())
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            return client.request(method, self.url + path, content=content, headers=signed)

    def cases(self) -> list[dict[str, Any]]:
        """Return the waiting cases."""
        found: list[dict[str, Any]] = self.ask("GET", "/reviews").json()["cases"]
        return found

    def decide(self, registration: str, decision: str, revision: int = 1) -> httpx.Response:
        """Give an opinion on a case."""
        opinion = {"revision": revision, "decision": decision}
        return self.ask("POST", f"/reviews/{registration}", opinion)


@contextmanager
def member(
    target: Target, name: str, api: str = "ReviewApi", *, may: bool = True
) -> Iterator[Member]:
    """Employ somebody while the block runs; ``may`` lets them call a staff API."""
    iam = target.client("iam")
    iam.create_user(UserName=name)
    policy = "staff"
    key = None
    try:
        if may:
            iam.put_user_policy(
                UserName=name, PolicyName=policy, PolicyDocument=json.dumps(_policy(target, api))
            )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        url = f"{target.endpoint}/_aws/execute-api/{target.output(f'{api}Id')}"
        yield Member(url, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    finally:
        if key is not None:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        if may:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        iam.delete_user(UserName=name)


@contextmanager
def two_people_needed(target: Target) -> Iterator[None]:
    """Require two members of staff to agree on every decision while the block runs."""
    name = physical_id(target, "ReviewFunction")
    configuration = target.functions.get_function_configuration(FunctionName=name)
    before = configuration["Environment"]["Variables"]

    def have(variables: dict[str, str]) -> None:
        target.functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
        eventually(
            "the function has its environment",
            lambda: (
                target.functions.get_function_configuration(FunctionName=name)["LastUpdateStatus"]
                == "Successful"
            ),
        )

    have(before | {"PEOPLE_NEEDED": "2"})
    try:
        yield
    finally:
        have(before)


def _policy(target: Target, api: str) -> dict[str, Any]:
    arn = f"arn:aws:execute-api:{REGION}:*:{target.output(f'{api}Id')}/*"
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}],
    }
