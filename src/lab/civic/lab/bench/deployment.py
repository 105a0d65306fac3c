"""What the template says about the functions: handlers, environments, queues, tables, sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from civic.lab.bench.failures import MeasurementFailed

type Node = dict[str, Any]


class TemplateUnreadable(MeasurementFailed):
    """The template does not say something that a figure rests on."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function of the template."""

    name: str
    handler: str
    environment: Mapping[str, str]
    memory_mb: int
    queue: str | None
    batch_size: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """The template, as far as the benchmarks follow it.

    References are resolved to a parameter's default, or else to the logical name: a table is
    called what the template calls it.
    """

    functions: Mapping[str, Function]
    tables: Mapping[str, tuple[str, ...]]
    """The key attributes of every table."""
    rules: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    """Detail types of each rule, and the queues they go to."""
    access_log_format: str

    @classmethod
    def read(cls, template: Path) -> "Deployment":
        """Read a SAM template.

        Raises:
            TemplateUnreadable: A part that the benchmarks need is missing.
        """
        try:
            document = yaml.load(template.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
            return _read(document)
        except (KeyError, StopIteration, yaml.YAMLError) as error:
            raise TemplateUnreadable(f"{template.name}: {error!r}") from error

    def queues_for(self, detail_type: str) -> list[str]:
        """Return the queues that an event goes to."""
        return [queue for types, queues in self.rules if detail_type in types for queue in queues]

    def consumer_of(self, queue: str) -> Function:
        """Return the function behind a queue."""
        return next(one for one in self.functions.values() if one.queue == queue)


def silent_functions(template: Path) -> frozenset[str]:
    """Return the functions whose invocations Lambda itself writes no lines about.

    In Lambda's JSON format a system log level of WARN leaves out what it says of every invocation;
    in its text format nothing can be left out.

    Raises:
        TemplateUnreadable: A format is chosen that the price table has no sample of.
    """
    try:
        document = yaml.load(template.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
        shared = document["Globals"]["Function"].get("LoggingConfig", {})
        return frozenset(
            one["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
            for one in document["Resources"].values()
            if one["Type"] == "AWS::Serverless::Function"
            and _is_silent(shared | one["Properties"].get("LoggingConfig", {}))
        )
    except (KeyError, yaml.YAMLError) as error:
        raise TemplateUnreadable(f"{template.name}: {error!r}") from error


def _is_silent(logging: Node) -> bool:
    if logging.get("LogFormat", "Text") == "Text":
        return False
    if logging.get("SystemLogLevel") != "WARN":
        raise TemplateUnreadable("Lambda's lines in JSON have no sample in prices.toml")
    return True


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as ``{"!Ref": ...}``."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Node:
    if isinstance(node, yaml.ScalarNode):
        return {f"!{suffix}": loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {f"!{suffix}": loader.construct_sequence(node, deep=True)}
    raise TemplateUnreadable(f"!{suffix} with a mapping is not expected here")


_Loader.add_multi_constructor("!", _short_form)


def _read(document: Node) -> Deployment:
    resources: dict[str, Node] = document["Resources"]
    shared = document["Globals"]["Function"]
    parameters = document["Parameters"]

    def of_type(kind: str) -> dict[str, Node]:
        return {name: one for name, one in resources.items() if one["Type"] == kind}

    stage = next(iter(of_type("AWS::ApiGatewayV2::Stage").values()))
    functions = [
        _function(_merged(shared, one["Properties"]), parameters)
        for one in of_type("AWS::Serverless::Function").values()
    ]
    return Deployment(
        functions={function.name: function for function in functions},
        tables={
            name: tuple(key["AttributeName"] for key in one["Properties"]["KeySchema"])
            for name, one in of_type("AWS::DynamoDB::Table").items()
        },
        rules=tuple(
            _rule(one["Properties"])
            for one in of_type("AWS::Events::Rule").values()
            if "EventPattern" in one["Properties"]
        ),
        access_log_format=stage["Properties"]["AccessLogSettings"]["Format"],
    )


def _merged(shared: Node, own: Node) -> Node:
    """Return a function's properties with those of ``Globals``, as SAM merges them."""
    inherited = shared.get("Environment", {}).get("Variables", {})
    variables = inherited | own["Environment"]["Variables"]
    return shared | own | {"Environment": {"Variables": variables}}


def _function(properties: Node, parameters: Node) -> Function:
    environment = {
        name: _resolved(value, parameters)
        for name, value in properties["Environment"]["Variables"].items()
    }
    sources = [
        one["Properties"] for one in properties.get("Events", {}).values() if one["Type"] == "SQS"
    ]
    return Function(
        name=environment["POWERTOOLS_SERVICE_NAME"],
        handler=properties["Handler"],
        environment=environment,
        memory_mb=properties["MemorySize"],
        queue=_logical_name(sources[0]["Queue"]) if sources else None,
        batch_size=sources[0]["BatchSize"] if sources else 1,
    )


def _rule(properties: Node) -> tuple[frozenset[str], tuple[str, ...]]:
    queues = tuple(_logical_name(target["Arn"]) for target in properties["Targets"])
    return frozenset(properties["EventPattern"]["detail-type"]), queues


def _resolved(value: object, parameters: Node) -> str:
    if not isinstance(value, dict):
        return str(value)
    name = _logical_name(value)
    return str(parameters[name]["Default"]) if name in parameters else name


def _logical_name(reference: Node) -> str:
    ((_, target),) = reference.items()
    return str(target).partition(".")[0]
