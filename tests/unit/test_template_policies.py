"""Policies on resources rather than on functions, and conditions, word for word.

The rights of the functions are in `test_template_rights.py`.
"""

from typing import Any

import pytest

from tests.templates import IDENTITY, TEMPLATES, Template, every, logical_id, on_aws

OUR_LOGS = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
    ":log-group:/civic/${AWS::StackName}/functions:*"
)
FOR_MARKS = {
    "StringEquals": {"kms:EncryptionContext:purpose": "marks"},
    "Null": {"kms:EncryptionContext:election": "false"},
}
FOR_CREDENTIALS = {
    "StringEquals": {"kms:EncryptionContext:purpose": "credential"},
    "Null": {
        "kms:EncryptionContext:election": "false",
        "kms:EncryptionContext:style": "false",
    },
}
FOR_BALLOTS = {
    "StringEquals": {"kms:EncryptionContext:purpose": "ballots"},
    "Null": {"kms:EncryptionContext:election": "false"},
}
IN_PART = {
    "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    "Null": {"dynamodb:Attributes": "false"},
}
UNSEEN = {
    "StringEquals": {"dynamodb:ReturnValues": "NONE"},
    "Null": {"dynamodb:Attributes": "false"},
}
KEYS_AND_ATTRIBUTES = {"dynamodb:Attributes": "false", "dynamodb:LeadingKeys": "false"}
OF_REQUESTS = {
    "ForAllValues:StringNotLike": {"dynamodb:LeadingKeys": "looks#*"},
    "Null": KEYS_AND_ATTRIBUTES,
}


def answers(*ends: str) -> dict[str, Any]:
    written = ["id", "entry", "received", "due", "count", *ends, "ttl"]
    return {"ForAllValues:StringEquals": {"dynamodb:Attributes": written}, **OF_REQUESTS}


FOR_THE_PEPPER = {
    "StringEquals": {
        "kms:EncryptionContext:purpose": "likeness",
        "kms:EncryptionContext:wk": "pepper",
    }
}


NARROWED = {
    "ReadThePublicWrappingKey": {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["current"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    },
    "FindSubjectKeysWithoutReadingThem": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "revision", "access_digest"]},
        **IN_PART,
    },
    "SeeWhichTableOfAreasIsInUse": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["place", "version", "number"]},
        **IN_PART,
    },
    "CountErasuresWithoutSeeingThem": {"StringEquals": {"dynamodb:Select": "COUNT"}},
    "MakeCredentialKeys": FOR_CREDENTIALS,
    "OpenCredentialKeys": FOR_CREDENTIALS,
    "MakeAndOpenMarkKeys": FOR_MARKS,
    "OpenMarkKeys": FOR_MARKS,
    "IssueOnlyToWhomIsStillListed": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "listed", "erased_at"]},
        "Null": {"dynamodb:Attributes": "false"},
    },
    "OpenWrappingKeys": {
        "StringEquals": {"kms:EncryptionContext:purpose": "registration"},
        "Null": {"kms:EncryptionContext:wk": "false"},
    },
    "MakeSecretsWithoutSeeingThem": FOR_BALLOTS,
    "OpenSecretsOfElections": FOR_BALLOTS,
    "SeeWhoHasVotedNotHow": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["nullifier"]},
        **IN_PART,
    },
    "ReadWhatOpensCommitments": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["election", "salt", "ballot"]},
        **IN_PART,
    },
    "AddKeysAndWhatIsLogged": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "part", "public_key", "tree_size", "in_log"]
        },
        **UNSEEN,
    },
    "CountBallotsUnseen": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["election"]},
        "StringEquals": {"dynamodb:Select": "COUNT"},
        "Null": {"dynamodb:Attributes": "false"},
    },
    "WriteTheCountDown": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "part", "seal", "in_box"]},
        **UNSEEN,
    },
    "PutBallotsIntoTheBox": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["nullifier", "salt", "election", "ballot"]
        },
        **UNSEEN,
    },
    "LogRequests": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "entry", "received", "due", "count", "ttl"]
        },
        **OF_REQUESTS,
    },
    "LogRequestsAndTheirAnswers": answers("completed"),
    "NoteAnswers": answers("completed"),
    "NoteAnswersAndLapses": answers("completed", "lapsed"),
    "LogLooks": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "entry", "at", "by", "purpose", "ttl"]
        },
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": "looks#*"},
        "ForAllValues:StringNotLike": {"dynamodb:LeadingKeys": "looks#desk#*"},
        "StringEquals": {"dynamodb:ReturnValues": "NONE"},
        "Null": KEYS_AND_ATTRIBUTES,
    },
    "LogRenewals": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "entry", "at", "by", "purpose", "ttl"]
        },
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": "looks#desk#*"},
        "StringEquals": {"dynamodb:ReturnValues": "NONE"},
        "Null": KEYS_AND_ATTRIBUTES,
    },
    **{
        sid: {"ForAllValues:StringEquals": {"dynamodb:Attributes": attributes.split()}, **UNSEEN}
        for sid, attributes in {
            "AskForRenewals": "id digest asked_by asked_at",
            "AgreeToRenewals": "id digest agreed_by agreed_at",
            "LetRenewalsExpire": "id digest ttl",
        }.items()
    },
    "OpenThePepper": FOR_THE_PEPPER,
    "MakeThePepperWithoutSeeingIt": FOR_THE_PEPPER,
    "AskForReviews": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "revision", "round", "since", "cause"]
        },
        **UNSEEN,
    },
    "WriteOpinions": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "revision", "round", "since", "cause", "opinions"]
        },
        "Null": {"dynamodb:Attributes": "false"},
    },
    **{
        sid: {"ForAllValues:StringEquals": {"dynamodb:Attributes": attributes.split()}, **UNSEEN}
        for sid, attributes in {
            "NotePendingRevisions": "id access_digest created newest submitted",
            "PutTombstones": "id access_digest created erased_at listed",
        }.items()
    },
    "RestrictProcessing": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": [
                *["id", "created", "restriction", "restriction_changed", "contested"]
            ]
        },
        **UNSEEN,
    },
    "KeepThePlaceOfTheSearch": {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["pairs"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    },
    "NotePairs": {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["id", "weak_keys", "pairs", "held_until"]
        },
        "StringEquals": {"dynamodb:ReturnValues": "NONE"},
        "Null": {"dynamodb:Attributes": "false"},
    },
    **{
        sid: {"ForAllValues:StringEquals": {"dynamodb:Attributes": attributes.split()}, **IN_PART}
        for sid, attributes in {
            "CompareDecisions": "id revision round decision restriction accepted_by updated"
            " newest submitted access_digest listed erased_at",
            "CompareRecords": "id revision updated access_digest erased_at",
            "CompareKeysWithoutReadingThem": "id revision",
            "CompareTheRoll": "id revision round accepted area_version erased_at",
            "CompareJoins": "id dr round sr erased_at",
            "ShowTheCohort": "id region age_band",
            "CompareTheLedger": "id requested receipt",
            "CompareCases": "id revision",
            "FindOpenRequests": "id entry received count",
            "FindRenewals": "id digest",
            "SeeWhichRegistrationsThereAre": "id erased_at",
            "SeeWhoSharesKeys": "id newest revision round decision accepted_by created restriction"
            " weak_keys accepted_keys pairs held_until erased_at",
            "SeeWhereSomebodyIsListed": "id listed erased_at",
            "SeeWhoWasCompared": "id access_digest decision reasons accepted_by listed held_until"
            " updated round erased_at",
        }.items()
    },
    "UseTheEncryptedQueue": {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "sqs.${AWS::Region}.${AWS::URLSuffix}"}}
    },
}
ACCOUNT = {
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
    "Action": "kms:*",
    "Resource": "*",
}
FOR_OUR_TOPICS = {
    "StringLike": {
        "kms:EncryptionContext:aws:sns:topicArn": {
            "Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}"
            ":${AWS::StackName}-*"
        }
    }
}
OUR_ALARMS = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
# Alarms and notices hold no data; their publishers must be admitted.
LET_IN = {
    "AlarmsKey": (
        "cloudwatch.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "ArnLike": {"aws:SourceArn": {"Fn::Sub": OUR_ALARMS}},
            **FOR_OUR_TOPICS,
        },
    ),
    # SNS developer guide, "Key management": with a source in its condition, the grant does not
    # reach EventBridge.
    "NoticesKey": ("events.amazonaws.com", FOR_OUR_TOPICS),
}
OVER_TLS = {"Bool": {"aws:SecureTransport": "false"}}

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def without_names(statements: list[Any]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in on_aws(one).items() if key != "Sid"} for one in statements
    ]


def conditions() -> list[tuple[str, dict[str, Any]]]:
    return [
        (one["Sid"], one)
        for template, role, _ in every("AWS::IAM::Role")
        for one in template.statements(role)
        # What publishers may publish is in the matrix of rights.
        if "Condition" in one and one["Action"] != "events:PutEvents"
    ]


@pytest.mark.parametrize(
    ("template", "key"), [(template, key) for template, key, _ in every("AWS::KMS::Key")]
)
def test_keys_are_granted_by_this_accounts_iam_alone(template: Template, key: str) -> None:
    # It names nobody, so the roles' policies say everything about who may decrypt.
    others = [
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
            "Resource": "*",
            "Condition": condition,
        }
        for name, (service, condition) in LET_IN.items()
        if name == key
    ]
    statements = template.of_type("AWS::KMS::Key")[key]["KeyPolicy"]["Statement"]
    assert without_names(statements) == [ACCOUNT, *others]


@every_template
def test_every_function_may_write_to_the_log_group_of_its_stack(template: Template) -> None:
    (policy,) = template.of_type("AWS::IAM::ManagedPolicy").values()
    lines, *traces = without_names(policy["PolicyDocument"]["Statement"])
    assert lines == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::Sub": OUR_LOGS},
    }
    tracing = {
        "Effect": "Allow",
        "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
        "Resource": "*",
    }
    assert traces == ([tracing] if template in IDENTITY else [])


def test_every_bucket_refuses_everything_without_tls() -> None:
    refusing = set()
    for template, name, policy in every("AWS::S3::BucketPolicy"):
        bucket = policy["Bucket"]["Ref"]
        refusing.add(bucket)
        assert template.resources[name]["Condition"] == "FullAws"
        (denied,) = (
            one
            for one in without_names(policy["PolicyDocument"]["Statement"][:1])
            if one["Effect"] == "Deny"
        )
        assert denied == {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [
                {"Fn::GetAtt": [bucket, "Arn"]},
                {"Fn::Sub": "${" + bucket + ".Arn}/*"},
            ],
            "Condition": OVER_TLS,
        }
    assert refusing == {name for _, name, _ in every("AWS::S3::Bucket")}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_queue_takes_messages_of_the_rules_that_send_to_it_and_of_no_others(
    template: Template,
) -> None:
    sends: dict[str, set[str]] = {}
    for name, rule in template.of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
                sends.setdefault(logical_id(arn), set()).add(name)
    admitted = {}
    for policy in template.of_type("AWS::SQS::QueuePolicy").values():
        statements = without_names(policy["PolicyDocument"]["Statement"])
        for allowed in (one for one in statements if one["Effect"] == "Allow"):
            (queue,) = map(logical_id, policy["Queues"])
            assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
            assert allowed["Action"] == "sqs:SendMessage"
            assert logical_id(allowed["Resource"]) == queue
            rules = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
            admitted[queue] = set(map(logical_id, rules))
    queues = template.of_type("AWS::SQS::Queue").keys()
    assert admitted == {name: rules for name, rules in sends.items() if name in queues}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_every_queue_refuses_what_comes_without_tls_and_has_one_policy(template: Template) -> None:
    refusing = []
    for policy in template.of_type("AWS::SQS::QueuePolicy").values():
        queues = list(map(logical_id, policy["Queues"]))
        statements = without_names(policy["PolicyDocument"]["Statement"])
        (denied,) = (one for one in statements if one["Effect"] == "Deny")
        resource = denied.pop("Resource")
        # `*` in the policy of a queue is that queue.
        assert resource == "*" or [logical_id(resource)] == queues
        assert denied == {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Condition": OVER_TLS,
        }
        refusing += queues
    assert sorted(refusing) == sorted(template.of_type("AWS::SQS::Queue"))


def test_rights_are_narrowed_word_for_word() -> None:
    assert {sid: on_aws(one["Condition"]) for sid, one in conditions()} == NARROWED


@pytest.mark.parametrize("sid", NARROWED)
def test_same_name_narrows_the_same_everywhere(sid: str) -> None:
    alike = [on_aws(one["Condition"]) for name, one in conditions() if name == sid]
    assert alike
    assert all(one == NARROWED[sid] for one in alike)


def test_alarms_reach_a_topic_whose_key_lets_them_in() -> None:
    for template, _, alarm in every("AWS::CloudWatch::Alarm"):
        (action,) = alarm["AlarmActions"]
        topic = template.of_type("AWS::SNS::Topic")[logical_id(action)]
        assert topic["KmsMasterKeyId"] == {"Ref": "AlarmsKey"}
