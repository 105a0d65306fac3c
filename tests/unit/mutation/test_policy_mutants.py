"""Mutants of policies, and what a run reports about its survivors."""

import json
from typing import Any

from tests.mutation.policies import mutants_of
from tests.mutation.survivors import judge

TEMPLATE = """
Resources:
  Key:
    Type: AWS::KMS::Key
  ReaderRole:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Ref Logs]
      Policies:
        - PolicyName: reader
          PolicyDocument:
            Statement:
              - Sid: Read
                Effect: Allow
                Action: [dynamodb:GetItem, dynamodb:Query]
                Resource: !GetAtt Table.Arn
                Condition: !If
                  - FullAws
                  - StringEquals: {"dynamodb:Select": COUNT}
                  - !Ref AWS::NoValue
  StaffRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {AuthorizationType: AWS_IAM}
  PublicRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {AuthorizationType: NONE}
"""


def changed() -> dict[str, Any]:
    mutants = mutants_of("template.yaml", TEMPLATE)
    return {f"{one.where}: {one.change}": json.loads(one.text)["Resources"] for one in mutants}


def statement(resources: Any) -> dict[str, Any]:
    (policy, *_) = resources["ReaderRole"]["Properties"]["Policies"]
    (only,) = policy["PolicyDocument"]["Statement"]
    return dict(only)


def test_every_part_of_a_statement_is_widened_or_dropped() -> None:
    mutants = changed()
    wide = statement(mutants["ReaderRole: Read: dynamodb:GetItem becomes dynamodb:*"])
    assert wide["Action"] == ["dynamodb:*", "dynamodb:Query"]
    anywhere = mutants['ReaderRole: Read: {"Fn::GetAtt": ["Table", "Arn"]} becomes *']
    assert statement(anywhere)["Resource"] == ["*"]
    assert "Condition" not in statement(mutants["ReaderRole: Read: without its condition"])
    assert "ReaderRole: Read: dropped" in mutants
    assert statement(mutants["ReaderRole: Read: Deny instead"])["Effect"] == "Deny"


def test_condition_is_changed_in_the_branch_that_holds_on_aws() -> None:
    mutants = changed()
    anything = statement(mutants["ReaderRole: Read: dynamodb:Select may be *"])
    assert anything["Condition"]["Fn::If"][1] == {"StringEquals": {"dynamodb:Select": "*"}}
    never = statement(mutants["ReaderRole: Read: its condition never on AWS"])
    assert never["Condition"]["Fn::If"][1] == {"Ref": "AWS::NoValue"}


def test_role_is_given_what_it_must_not_have() -> None:
    mutants = changed()
    richer = mutants["ReaderRole: may also kms:Decrypt CivicKey"]["ReaderRole"]["Properties"]
    assert len(richer["Policies"]) == 2
    administrator = mutants["ReaderRole: administrator"]["ReaderRole"]["Properties"]
    assert "AdministratorAccess" in administrator["ManagedPolicyArns"][-1]


def test_authorisation_is_taken_away_where_there_is_one() -> None:
    routes = {name for name in changed() if "Route" in name}
    assert routes == {"StaffRoute: no authorisation", "StaffRoute: authorisation left out"}


def test_mutant_changes_one_place_though_an_anchor_repeats_it() -> None:
    shared = """
Resources:
  One: &same
    Type: AWS::ApiGatewayV2::Route
    Properties: {AuthorizationType: AWS_IAM}
  Two: *same
"""
    for mutant in mutants_of("template.yaml", shared):
        assert mutant.text.count("AWS_IAM") == 1


def test_survivor_without_a_reason_fails_the_run() -> None:
    verdict = judge(["a.py | f | x"], ["a.py"], {})
    assert not verdict.good
    assert verdict.unexplained == ["a.py | f | x"]


def test_listed_survivor_that_is_noticed_fails_the_run() -> None:
    verdict = judge([], ["a.py"], {"a.py | f | x": "why"})
    assert not verdict.good
    assert verdict.outdated == ["a.py | f | x"]


def test_listed_survivor_of_a_file_that_was_not_run_is_left_alone() -> None:
    assert judge([], ["b.py"], {"a.py | f | x": "why"}).good


def test_survivor_with_a_reason_is_accepted() -> None:
    assert judge(["a.py | f | x"], ["a.py"], {"a.py | f | x": "why"}).good
