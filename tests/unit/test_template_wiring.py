"""The template and the code agree: environments, rules, time limits, and who may call whom."""

import importlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tools.check_templates import translate

from civic.contracts.registry import EVENTS
from tests.fakes.pipeline import SUBSCRIPTIONS, Consumer
from tests.templates import environment_of

ROOT = Path(__file__).resolve().parents[2]
LIBRARY_SETTINGS = {"POWERTOOLS_SERVICE_NAME", "PYDANTIC_DISABLE_PLUGINS"}
QUEUES = {
    "ValidatorQueue": Consumer.VALIDATOR,
    "PiiStorageQueue": Consumer.STORAGE,
    "AnalyticsQueue": Consumer.ANALYTICS,
    "AccountabilityQueue": Consumer.ACCOUNTABILITY,
    "CredentialRollQueue": Consumer.CREDENTIAL_ROLL,
}


@cache
def resources() -> dict[str, Any]:
    return dict(translate(ROOT / "template.yaml")["Resources"])


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    found = {name: one["Properties"] for name, one in resources().items() if one["Type"] == kind}
    assert found, f"no {kind} in the template"
    return found


def attribute(value: Any) -> str:
    """Return the logical id of a Ref or GetAtt."""
    ((_, of),) = value.items()
    return str(of[0] if isinstance(of, list) else of)


def on_aws(value: Any) -> Any:
    """Choose the branch that holds on AWS."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, then, _ = value["Fn::If"]
        assert condition == "FullAws"
        return then
    return value


def statement(role: str, sid: str) -> dict[str, Any]:
    (policy,) = of_type("AWS::IAM::Role")[role]["Policies"]
    (found,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == sid)
    return dict(found)


def timeout(function: str) -> int:
    return int(of_type("AWS::Lambda::Function")[function]["Timeout"])


def test_function_gets_exactly_the_settings_it_reads() -> None:
    for function in of_type("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert set(variables) == environment_of(function) | LIBRARY_SETTINGS


def test_handler_is_there() -> None:
    for function in of_type("AWS::Lambda::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_shipped_rule_set_is_the_default() -> None:
    name = of_type("AWS::Lambda::Function")["ValidatorFunction"]["Environment"]["Variables"]
    chosen = name["RULE_SET"]
    file = f"{chosen}.toml" if isinstance(chosen, str) else "national-2027.toml"
    assert (ROOT / "src/identity/civic/identity/rules" / file).is_file()


def test_rules_deliver_every_event_to_its_consumers() -> None:
    delivered: dict[str, set[Consumer]] = {}
    for rule in of_type("AWS::Events::Rule").values():
        if "EventPattern" not in rule:
            continue
        for name in rule["EventPattern"]["detail-type"]:
            assert EVENTS[name].SOURCE in rule["EventPattern"]["source"]
            targets = {QUEUES[attribute(target["Arn"])] for target in rule["Targets"]}
            delivered.setdefault(name, set()).update(targets)
    subscribed = {
        event.detail_type(): set(consumers)
        for event, consumers in SUBSCRIPTIONS.items()
        if consumers
    }
    assert delivered == subscribed


def test_rules_take_events_of_no_other_source() -> None:
    for rule in of_type("AWS::Events::Rule").values():
        pattern = rule.get("EventPattern")
        if pattern:
            names = pattern["detail-type"]
            assert set(pattern["source"]) == {EVENTS[name].SOURCE for name in names}


def test_queue_hides_a_message_six_times_as_long_as_its_function_may_take() -> None:
    # AWS Lambda developer guide, "Using Lambda with Amazon SQS".
    for mapping in of_type("AWS::Lambda::EventSourceMapping").values():
        queue = of_type("AWS::SQS::Queue")[attribute(mapping["EventSourceArn"])]
        assert queue["VisibilityTimeout"] >= 6 * timeout(attribute(mapping["FunctionName"]))


def test_dead_letters_are_kept_as_long_as_any_queue_can() -> None:
    queues = of_type("AWS::SQS::Queue")
    dead = [one for one in queues.values() if "RedrivePolicy" not in one]
    assert {one["MessageRetentionPeriod"] for one in dead} == {1_209_600}


def test_only_the_stacks_own_rules_may_send_to_its_queues() -> None:
    (policy,) = of_type("AWS::SQS::QueuePolicy").values()
    statements = [on_aws(one) for one in policy["PolicyDocument"]["Statement"]]
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    (only,) = allowed
    assert only["Principal"] == {"Service": "events.amazonaws.com"}
    assert only["Action"] == "sqs:SendMessage"
    rules = {attribute(arn) for arn in only["Condition"]["ArnEquals"]["aws:SourceArn"]}
    assert rules == set(of_type("AWS::Events::Rule"))


def test_queues_and_bucket_refuse_what_comes_without_tls() -> None:
    for kind in ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"):
        (policy,) = of_type(kind).values()
        statements = [on_aws(one) for one in policy["PolicyDocument"]["Statement"]]
        (denied,) = (one for one in statements if one["Effect"] == "Deny")
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert denied["Principal"] == "*"


def test_only_lambda_assumes_a_role() -> None:
    for role in of_type("AWS::IAM::Role").values():
        (only,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert only["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_only_its_own_api_may_invoke_a_function() -> None:
    for name, permission in of_type("AWS::Lambda::Permission").items():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        api = "${StaffApi}" if name == "ReviewPermission" else "${Api}"
        assert api in json.dumps(permission["SourceArn"])


@pytest.mark.parametrize(
    "role", ["SubjectAccessRole", "ValidatorRole", "KeyCustodianRole", "ReviewRole"]
)
def test_kms_opens_wrapping_keys_of_registrations_only(role: str) -> None:
    condition = on_aws(statement(role, "OpenWrappingKeys")["Condition"])
    assert condition == {
        "StringEquals": {"kms:EncryptionContext:purpose": "registration"},
        "Null": {"kms:EncryptionContext:wk": "false"},
    }


def test_pii_storage_finds_subject_keys_without_reading_them() -> None:
    condition = on_aws(
        statement("PiiStorageRole", "FindSubjectKeysWithoutReadingThem")["Condition"]
    )
    assert condition["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["id", "revision"]}
    assert condition["StringEquals"] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}


@pytest.mark.parametrize(
    "table",
    [
        *["HighSecDataStore", "LowSecDataStore", "AnalyticsJoins", "IssuerRoll"],
        *["ErasureLedger", "RequestLog"],
    ],
)
def test_tombstones_and_notes_expire_by_the_attribute_that_the_code_writes(table: str) -> None:
    expiry = of_type("AWS::DynamoDB::Table")[table]["TimeToLiveSpecification"]
    assert expiry == {"AttributeName": "ttl", "Enabled": True}


def test_nobody_deletes_a_table_by_accident() -> None:
    for name, table in of_type("AWS::DynamoDB::Table").items():
        assert on_aws(table["DeletionProtectionEnabled"]) is True
        assert resources()[name]["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("key", ["CivicKey", "CredentialKey"])
def test_the_key_rotates(key: str) -> None:
    assert of_type("AWS::KMS::Key")[key]["EnableKeyRotation"] is True


def test_receipts_are_signed_with_a_key_that_can_do_nothing_else() -> None:
    key = of_type("AWS::KMS::Key")["ReceiptKey"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")


@pytest.mark.parametrize("key", ["CivicKey", "CredentialKey", "ReceiptKey"])
def test_keys_survive_the_stack(key: str) -> None:
    assert resources()[key]["DeletionPolicy"] == "Retain"
