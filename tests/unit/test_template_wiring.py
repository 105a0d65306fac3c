"""The templates and the code agree: environments, rules, routes, and who may call whom."""

import importlib
import json
from typing import Any

import pytest

from civic.contracts.registry import EVENTS
from civic.lab.schemas.declared import functions, routes_of, subscribers, tables
from tests.templates import (
    ROOT,
    TEMPLATES,
    Template,
    environment_of,
    every,
    logical_id,
)

LIBRARY_SETTINGS = {"POWERTOOLS_SERVICE_NAME", "PYDANTIC_DISABLE_PLUGINS"}

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


# ------------------------------------------------------------------ settings and code


def test_function_gets_exactly_the_settings_it_reads() -> None:
    for _, _, function in every("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert set(variables) == environment_of(function) | LIBRARY_SETTINGS


def test_handler_is_there() -> None:
    for _, _, function in every("AWS::Lambda::Function"):
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_shipped_rule_set_is_the_default() -> None:
    chosen = {
        template.document["Parameters"]["RuleSet"]["Default"]
        for template, _, function in every("AWS::Lambda::Function")
        if function["Environment"]["Variables"].get("RULE_SET") == {"Ref": "RuleSet"}
    }
    (name,) = chosen
    assert (ROOT / "src/identity/civic/identity/rules" / f"{name}.toml").is_file()


@every_template
def test_functions_have_the_layer_and_the_log_group_of_their_own_stack(template: Template) -> None:
    (layer,) = template.of_type("AWS::Lambda::LayerVersion")
    for function in template.of_type("AWS::Lambda::Function").values():
        assert [logical_id(one) for one in function["Layers"]] == [layer]
        assert logical_id(function["LoggingConfig"]["LogGroup"]) == "Logs"
    assert "Logs" in template.of_type("AWS::Logs::LogGroup")


# ------------------------------------------------------------------ rules


def receivers_of(template: Template, rule: dict[str, Any]) -> set[str]:
    """Return the modules behind the targets of a rule, which are functions or topics."""
    behind = {
        logical_id(mapping["EventSourceArn"]): template.of_type("AWS::Lambda::Function")[
            logical_id(mapping["FunctionName"])
        ]["Handler"].removesuffix(".handler")
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
    }
    topics = {
        name: template.resources[name]["Metadata"]["Subscribes"]
        for name in template.of_type("AWS::SNS::Topic")
        if "Subscribes" in template.resources[name].get("Metadata", {})
    }
    return {({**behind, **topics})[logical_id(target["Arn"])] for target in rule["Targets"]}


def test_rules_deliver_every_event_to_who_has_subscribed_to_it_and_to_nobody_else() -> None:
    delivered: dict[str, set[str]] = {}
    for template, _, rule in every("AWS::Events::Rule"):
        for name in rule.get("EventPattern", {}).get("detail-type", ()):
            delivered.setdefault(name, set()).update(receivers_of(template, rule))
    assert delivered == {
        event.detail_type(): {module.__name__ for module in modules}
        for event, modules in subscribers().items()
    }


def test_rules_take_events_of_the_bus_and_of_no_other_source() -> None:
    for _, _, rule in every("AWS::Events::Rule"):
        pattern = rule.get("EventPattern")
        if pattern is None:
            assert "EventBusName" not in rule
            continue
        assert logical_id(rule["EventBusName"]) == "Bus"
        assert set(pattern) == {"source", "detail-type"}
        sources = {one for name in pattern["detail-type"] for one in EVENTS[name].sources()}
        assert set(pattern["source"]) == sources


def test_pattern_of_every_rule_is_as_short_as_eventbridge_wants_it() -> None:
    # Amazon EventBridge user guide, "Quotas": 2,048 characters.
    for _, _, rule in every("AWS::Events::Rule"):
        assert len(json.dumps(rule.get("EventPattern"))) <= 2048


def test_rules_deliver_within_their_stack_and_nothing_is_lost_that_they_cannot_deliver() -> None:
    for template, _, rule in every("AWS::Events::Rule"):
        receivers = {
            **template.of_type("AWS::SQS::Queue"),
            **template.of_type("AWS::SNS::Topic"),
        }
        for target in rule["Targets"]:
            assert logical_id(target["Arn"]) in receivers
            assert logical_id(target["DeadLetterConfig"]["Arn"]) == "UndeliveredQueue"
        assert "UndeliveredQueue" in receivers


# ------------------------------------------------------------------ who may call whom


def test_no_function_has_an_address_of_its_own() -> None:
    kinds = {one["Type"] for template in TEMPLATES.values() for one in template.resources.values()}
    assert "AWS::Lambda::Url" not in kinds


def test_only_the_api_that_routes_to_a_function_may_invoke_it() -> None:
    invoked = {
        logical_id(permission["FunctionName"]): permission
        for _, _, permission in every("AWS::Lambda::Permission")
    }
    routed = {}
    for template, _, route in every("AWS::ApiGatewayV2::Route"):
        name = route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")
        integration = template.of_type("AWS::ApiGatewayV2::Integration")[name]
        assert logical_id(integration["ApiId"]) == logical_id(route["ApiId"])
        routed[logical_id(integration["IntegrationUri"])] = logical_id(route["ApiId"])
    assert invoked.keys() == routed.keys()
    for function, permission in invoked.items():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        source = json.dumps(permission["SourceArn"])
        ours = "${Api}" if routed[function] == "Api" else f"${{{routed[function]}}}"
        assert ours in source


def test_every_declared_route_and_one_for_the_rest_of_its_path_leads_to_its_function() -> None:
    leading: dict[tuple[str, str, str], str] = {}
    for template, _, route in every("AWS::ApiGatewayV2::Route"):
        name = route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")
        integration = template.of_type("AWS::ApiGatewayV2::Integration")[name]
        function = template.of_type("AWS::Lambda::Function")[
            logical_id(integration["IntegrationUri"])
        ]
        module = function["Handler"].removesuffix(".handler")
        context = module.split(".")[1]
        leading[context, logical_id(route["ApiId"]), route["RouteKey"]] = module
    declared = {
        (function.__name__.split(".")[1], table.api, route.key): function.__name__
        for function in functions()
        if (table := routes_of(function)) is not None
        for route in table.routes
    }
    rest = {
        (context, api, f"ANY {key.partition(' ')[2]}"): module
        for (context, api, key), module in declared.items()
    }
    assert {key: one for key, one in leading.items() if key in declared} == declared
    assert leading.keys() - declared.keys() == rest.keys()
    # The path that two functions serve; which of them answers for it, `test_declared_routes` tells.
    differing = {key for key in rest if leading[key] != rest[key]}
    assert differing <= {("voting", "VoteApi", "ANY /votes")}


def test_browsers_may_use_the_methods_that_an_api_has() -> None:
    allowed = {
        (template.stack, name): set(api["CorsConfiguration"]["AllowMethods"])
        for template, name, api in every("AWS::ApiGatewayV2::Api")
        if "CorsConfiguration" in api
    }
    declared = {
        ("platform", "Api"): tables("identity", "Api"),
        ("voting", "VoteApi"): tables("voting", "VoteApi"),
        ("audit", "LogApi"): tables("audit", "LogApi"),
    }
    assert allowed == {
        api: {route.method for table in found for route in table.routes}
        for api, found in declared.items()
    }


def test_only_staff_apis_ask_for_iam_and_every_route_of_theirs_does() -> None:
    for _, _, route in every("AWS::ApiGatewayV2::Route"):
        staff = logical_id(route["ApiId"]) == "StaffApi"
        assert (route.get("AuthorizationType") == "AWS_IAM") == staff
