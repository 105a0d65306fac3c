"""Every call a role could try on the stack, and which of them each role may make.

A probe changes nothing even if it is allowed: its condition never holds, or its receipt handle,
ciphertext or object does not exist. It counts as allowed unless AWS denies access, since any error
about a missing row comes after the check of the policies.

Of the services' condition keys the engine evaluates only those for reads from DynamoDB. So the
following is not seen here: that the gateway reads only the public half of a wrapping key, that
nothing but keys is added to elections, that each function publishes under its own source and uses
KMS only for its own purpose, and which stream is read, as there the engine evaluates no resource.
The tests of the translated templates check these.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from civic.operator.operations import consumers
from civic.stack.target import Target
from tests.rights import (
    ATTRIBUTES,
    COUNTING,
    COUNTING_RIGHTS,
    PARTS,
    RIGHTS,
    SEE_ANOTHER_PART,
    SEE_NUMBERS_ONLY,
)
from tests.templates import every

TRIED = [role for role in RIGHTS if role not in COUNTING_RIGHTS]
"""The roles that are probed."""

type Clients = Callable[[str], Any]
type Probe = Callable[[Clients], object]

_ALWAYS = {"sts:GetCallerIdentity"}
_NOT_SEEN = {"dynamodb:GetRecords BallotsTable", "dynamodb:GetShardIterator BallotsTable"}
_IN_PART, _THE_REST, _AS_A_NUMBER = "in part", "of the rest", "as a number"
_COUNTED = {("dynamodb:Scan", "ErasureLedger"), ("dynamodb:Scan", "BallotsTable")}
_LOG, _OPENINGS = "${LogBucket.Arn}/log/*", "${LogBucket.Arn}/log/openings/*"


def expected(role: str) -> set[str]:
    """Return the names of the probes that a role may make; all others must be refused."""
    numbers = role in SEE_NUMBERS_ONLY
    named = {name for right in RIGHTS[role] for name in _names(*right, role, numbers=numbers)}
    # A role that may write anywhere in the log may also write where openings are.
    openings = {name.replace(_LOG, _OPENINGS) for name in named}
    return (named | openings | _ALWAYS) - _NOT_SEEN


def _names(
    action: str, resource: str, keys: tuple[str, ...], role: str, *, numbers: bool
) -> Iterator[str]:
    """Return the probes that a right allows; one without a condition allows all of them."""
    name = f"{action} {resource}"
    narrowed = keys in {ATTRIBUTES, COUNTING}
    if not narrowed:
        yield name
    if (action, resource) in PARTS and not (narrowed and numbers):
        another = narrowed and (role, resource) in SEE_ANOTHER_PART
        yield f"{name} {_THE_REST if another else _IN_PART}"
        if not narrowed:
            yield f"{name} {_THE_REST}"
    if (action, resource) in _COUNTED and (numbers or not narrowed):
        yield f"{name} {_AS_A_NUMBER}"


def probes(target: Target) -> dict[str, Probe]:
    """Return every probe by its name: an action and what it is tried on."""
    return {
        "sts:GetCallerIdentity": lambda clients: clients("sts").get_caller_identity(),
        **dict(_table_probes(target)),
        **dict(_queue_probes(target)),
        **_stream_probes(target),
        **_kms_probes("VotingKey", target.output("VotingKeyArn")),
        **_kms_probes("CivicKey", target.output("CivicKeyArn")),
        **_kms_probes("CredentialKey", target.output("CredentialKeyArn")),
        **_kms_probes("ReceiptKey", target.output("ReceiptKeyArn")),
        **_kms_probes("ProofKey", target.output("ProofKeyArn")),
        **_kms_probes("LogKey", target.output("LogKeyArn")),
        **_bucket_probes(target.output("ReleaseBucketName")),
        **_shard_probes(target.output("PairsBucketName")),
        **dict(_log_probes(target.output("LogBucketName"))),
        **_other_probes(target),
    }


def _table_probes(target: Target) -> Iterable[tuple[str, Probe]]:
    for _, name, _ in every("AWS::DynamoDB::Table"):
        table = target.output(f"{name}Name")
        schema = target.dynamodb.describe_table(TableName=table)["Table"]
        types = {
            one["AttributeName"]: one["AttributeType"] for one in schema["AttributeDefinitions"]
        }
        names = [one["AttributeName"] for one in schema["KeySchema"]]
        some = {"S": "0", "N": "0", "B": b"0"}
        key = {one: {types[one]: some[types[one]]} for one in names}
        held = f"attribute_exists({names[0]})"
        calls: dict[str, dict[str, Any]] = {
            "GetItem": {"Key": key},
            "PutItem": {"Item": key, "ConditionExpression": held},
            "UpdateItem": {
                "Key": key,
                "ConditionExpression": held,
                "UpdateExpression": "SET probe = :probe",
                "ExpressionAttributeValues": {":probe": {"S": ""}},
            },
            "DeleteItem": {"Key": key, "ConditionExpression": held},
            "Scan": {"Limit": 1},
            "Query": {
                "KeyConditionExpression": f"{names[0]} = :key",
                "ExpressionAttributeValues": {":key": key[names[0]]},
            },
        }
        for action, arguments in calls.items():
            probe = partial(_call, "dynamodb", action, TableName=table, **arguments)
            right = f"dynamodb:{action}", name
            yield " ".join(right), probe
            if right in PARTS:
                part, rest = PARTS[right]
                yield (
                    f"{' '.join(right)} {_IN_PART}",
                    partial(probe, ProjectionExpression=", ".join(part)),
                )
                yield f"{' '.join(right)} {_THE_REST}", partial(probe, ProjectionExpression=rest)
            if right in _COUNTED:
                yield f"{' '.join(right)} {_AS_A_NUMBER}", partial(probe, Select="COUNT")
        check = {"TableName": table, "Key": key, "ConditionExpression": held}
        yield (
            f"dynamodb:ConditionCheckItem {name}",
            partial(
                _call, "dynamodb", "TransactWriteItems", TransactItems=[{"ConditionCheck": check}]
            ),
        )
        several = {table: {"Keys": [key]}}
        yield (
            f"dynamodb:BatchGetItem {name}",
            partial(_call, "dynamodb", "BatchGetItem", RequestItems=several),
        )
        yield (
            f"dynamodb:PartiQLSelect {name}",
            partial(_call, "dynamodb", "ExecuteStatement", Statement=_select(table)),
        )


def _select(table: str) -> str:
    return f'SELECT * FROM "{table}"'  # noqa: S608 - PartiQL, and the name is our own


def _stream_probes(target: Target) -> dict[str, Probe]:
    stream = target.output("BallotsStreamArn")
    return {
        "dynamodb:DescribeStream BallotsTable": partial(
            _call, "dynamodbstreams", "DescribeStream", StreamArn=stream
        ),
        "dynamodb:ListStreams *": partial(_call, "dynamodbstreams", "ListStreams"),
    }


def _queue_probes(target: Target) -> Iterable[tuple[str, Probe]]:
    calls: dict[str, dict[str, Any]] = {
        "ReceiveMessage": {"VisibilityTimeout": 0},
        "DeleteMessage": {"ReceiptHandle": "probe"},
        "GetQueueAttributes": {"AttributeNames": ["QueueArn"]},
        # An empty body is no message.
        "SendMessage": {"MessageBody": ""},
        "SetQueueAttributes": {"Attributes": {}},
    }
    for consumer in consumers(target):
        for end, name in (("QueueUrl", "Queue"), ("DlqUrl", "Dlq")):
            url = target.output(f"{consumer}{end}")
            for action, arguments in calls.items():
                yield (
                    f"sqs:{action} {consumer}{name}",
                    partial(_call, "sqs", action, QueueUrl=url, **arguments),
                )


def _kms_probes(name: str, key: str) -> dict[str, Probe]:
    pair: dict[str, Any] = {"KeyPairSpec": "RSA_3072"}
    calls: dict[str, dict[str, Any]] = {
        "Decrypt": {"CiphertextBlob": b"probe" * 20},
        "Encrypt": {"Plaintext": b"probe"},
        "GenerateDataKey": {"KeySpec": "AES_256"},
        "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
        "GenerateDataKeyPair": pair,
        "GenerateDataKeyPairWithoutPlaintext": pair,
        "Sign": {
            "Message": bytes(32),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        },
        "GetPublicKey": {},
        "DescribeKey": {},
        "GetKeyPolicy": {},
    }
    return {
        f"kms:{action} {name}": partial(_call, "kms", action, KeyId=key, **arguments)
        for action, arguments in calls.items()
    }


def _bucket_probes(bucket: str) -> dict[str, Probe]:
    found: dict[str, Any] = {"Bucket": bucket, "Key": "releases/probe"}
    return {
        "s3:PutObject ${ReleaseBucket.Arn}/releases/*": partial(
            _call, "s3", "PutObject", Body=b"", **found
        ),
        "s3:PutObject elsewhere": partial(
            _call, "s3", "PutObject", Body=b"", Bucket=bucket, Key="probe"
        ),
        "s3:GetObject releases": partial(_call, "s3", "GetObject", **found),
        "s3:DeleteObject releases": partial(_call, "s3", "DeleteObject", **found),
        "s3:ListBucket": partial(_call, "s3", "ListObjectsV2", Bucket=bucket),
    }


def _shard_probes(bucket: str) -> dict[str, Probe]:
    found: dict[str, Any] = {"Bucket": bucket, "Key": "shards/probe"}
    return {
        # What is put there would remain, as it could replace nothing.
        "s3:PutObject ${PairsBucket.Arn}/shards/*": partial(
            _call, "s3", "PutObject", Body=b"", IfMatch='"probe"', **found
        ),
        "s3:GetObject ${PairsBucket.Arn}/shards/*": partial(_call, "s3", "GetObject", **found),
        "s3:PutObject beside the shards": partial(
            _call, "s3", "PutObject", Body=b"", Bucket=bucket, Key="probe", IfMatch='"probe"'
        ),
        "s3:DeleteObject of shards": partial(_call, "s3", "DeleteObject", **found),
        "s3:ListBucket PairsBucket": partial(_call, "s3", "ListObjectsV2", Bucket=bucket),
    }


def _log_probes(bucket: str) -> Iterable[tuple[str, Probe]]:
    for folder in ("log", "log/openings", "journal", "index", "auditors"):
        at: dict[str, Any] = {"Bucket": bucket, "Key": f"{folder}/probe"}
        # What is put there would remain, as it could replace nothing.
        calls: dict[str, dict[str, Any]] = {
            "GetObject": {},
            "PutObject": {"Body": b"", "IfMatch": '"probe"'},
        }
        for action, arguments in calls.items():
            yield (
                f"s3:{action} ${{LogBucket.Arn}}/{folder}/*",
                partial(_call, "s3", action, **at, **arguments),
            )
    probe: dict[str, Any] = {"Bucket": bucket, "Key": "log/probe"}
    soon = {"Mode": "GOVERNANCE", "RetainUntilDate": "2020-01-01T00:00:00Z"}
    others: dict[str, dict[str, Any]] = {
        "DeleteObject": probe,
        "PutObjectRetention": probe | {"Retention": soon, "BypassGovernanceRetention": True},
        "PutObjectLegalHold": probe | {"LegalHold": {"Status": "OFF"}},
        "DeleteBucketPolicy": {"Bucket": bucket},
    }
    for action, arguments in others.items():
        yield f"s3:{action} LogBucket", partial(_call, "s3", action, **arguments)
    yield "s3:ListBucket LogBucket", partial(_call, "s3", "ListObjectsV2", Bucket=bucket)


def _other_probes(target: Target) -> dict[str, Probe]:
    entry: dict[str, Any] = {"Source": "civic.probe", "DetailType": "Probe", "Detail": "{}"}
    on_the_bus = entry | {"EventBusName": target.output("BusName")}
    custodian = target.output("KeyCustodianFunctionName")
    group = target.log_group("registration")
    return {
        "events:PutEvents Bus": partial(_call, "events", "PutEvents", Entries=[on_the_bus]),
        "events:PutEvents default": partial(_call, "events", "PutEvents", Entries=[entry]),
        "events:ListRules": partial(
            _call, "events", "ListRules", EventBusName=target.output("BusName")
        ),
        "lambda:InvokeFunction custodian": partial(
            _call, "lambda", "Invoke", FunctionName=custodian, Payload=b"{}"
        ),
        "lambda:InvokeFunction accountability": partial(
            _call,
            "lambda",
            "Invoke",
            FunctionName=target.output("AccountabilityFunctionName"),
            Payload=b"{}",
        ),
        "lambda:GetFunction custodian": partial(
            _call, "lambda", "GetFunction", FunctionName=custodian
        ),
        "logs:FilterLogEvents": partial(_call, "logs", "FilterLogEvents", logGroupName=group),
        "iam:ListRoles": partial(_call, "iam", "ListRoles"),
    }


def _call(service: str, action: str, clients: Clients, **arguments: Any) -> None:
    client = clients(service)
    operations = client.meta.method_to_api_mapping
    (method,) = (name for name, operation in operations.items() if operation == action)
    getattr(client, method)(**arguments)
