"""Invoked by CloudFormation at deployment and by ``civic keys``: looks after wrapping keys.

CloudFormation calls it as a custom resource: creating the stack makes the first wrapping pair and
the pepper, deleting it leaves them to the table's own deletion policy. The command invokes it with
``{"action": "rotate"}`` and then, page by page, ``{"action": "rewrap", "cursor": ...}``.
"""

import json
import urllib.request
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper, EsdkKeyWrapper
from civic.identity.adapters.wrapping_keys_kms import (
    KmsKey,
    KmsWrappingKeyRing,
    PrivateKeys,
    PublicKeys,
)
from civic.identity.errors import KeyRefused
from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.identity.usecases.custody import (
    Custody,
    ensure_keys,
    rewrap_page,
    rotate_wrapping_key,
)
from civic.runtime import clients
from civic.runtime.observability import Invocation, describe, invocation
from civic.runtime.settings import Settings

_PAGE = 100


class Command(BaseModel):
    """What the operator's command asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["ensure", "rotate", "rewrap"]
    cursor: str | None = None
    page_size: Annotated[int, Field(ge=1, le=1000)] = _PAGE


class Environment(Settings):
    """Environment of the key custodian."""

    subject_keys_table: str
    wrapping_keys_table: str
    kms_key_id: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Carry out one command, or answer CloudFormation."""
    with invocation() as line:
        if "ResponseURL" in event:
            return _answer_cloudformation(event, line)
        return _run(Command.model_validate(event), line)


def custody() -> Custody:
    """Compose the custodian's adapters; public keys are read afresh after a rotation."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    table = settings.wrapping_keys_table
    kms = KmsKey(clients.kms(), settings.kms_key_id)
    return Custody(
        ring=KmsWrappingKeyRing(dynamodb, table, kms),
        queue=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
        wrapper=EsdkKeyWrapper(PublicKeys(dynamodb, table, WRAPPING_KEY_CACHE, clients.now)),
        unwrapper=EsdkKeyUnwrapper(
            PrivateKeys(dynamodb, table, kms, WRAPPING_KEY_CACHE, clients.now)
        ),
    )


def _run(command: Command, line: Invocation) -> dict[str, Any]:
    line.note(action=command.action)
    match command.action:
        case "ensure":
            return {"version": ensure_keys(custody().ring)}
        case "rotate":
            line.count("WrappingKeysMade")
            return {"version": rotate_wrapping_key(custody().ring)}
        case "rewrap":
            progress = rewrap_page(custody(), command.cursor, command.page_size)
            line.count("SubjectKeysRewrapped", progress.rewrapped)
            if progress.refused:
                line.count(KeyRefused.METRIC, progress.refused)
            return {
                "seen": progress.seen,
                "rewrapped": progress.rewrapped,
                "refused": progress.refused,
                "cursor": progress.cursor,
            }


def _answer_cloudformation(event: dict[str, Any], line: Invocation) -> dict[str, Any]:
    """Report to CloudFormation whatever happens; otherwise the deployment hangs for an hour."""
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId", "civic-wrapping-key"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    if event["RequestType"] != "Delete":
        try:
            answer["Data"] = _run(Command(action="ensure"), line)
        except Exception as error:  # noqa: BLE001 - the failure is what is reported
            answer |= {"Status": "FAILED", "Reason": describe(error)}
            line.note(error=describe(error))
    request = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's own
        event["ResponseURL"],
        data=json.dumps(answer).encode(),
        method="PUT",
        headers={"content-type": ""},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
        return answer


@cache
def _settings() -> Environment:
    return Environment.from_environment()
