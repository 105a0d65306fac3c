"""What the templates say about the functions: handlers, environments, queues, tables, sizes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from civic.lab.bench.failures import MeasurementFailed

type Node = dict[str, Any]


class TemplateUnreadable(MeasurementFailed):
    """A template does not say something that a figure rests on."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function of a template."""

    name: str
    handler: str
    environment: Mapping[str, str]
    memory_mb: int
    queue: str | None
    batch_size: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """The templates, as far as the benchmarks follow them.

    References are resolved to a parameter's default, or else to the logical name: a table is
    called what its template calls it.
    """

    functions: Mapping[str, Function]
    tables: Mapping[str, tuple[str, ...]]
    """The key attributes of every table."""
    rules: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    """Detail types of each rule, and the queues they go to."""
    access_log_format: str

    @classmethod
    def read(cls, *templates: Path) -> "Deployment":
        """Read SAM templates as one.

        Raises:
            TemplateUnreadable: A part that the benchmarks need is missing.
        """
        try:
            return _read([_document(template) for template in templates])
        except (KeyError, StopIteration, yaml.YAMLError) as error:
            names = ", ".join(template.name for template in templates)
            raise TemplateUnreadable(f"{names}: {error!r}") from error

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
        document = _document(template)
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


def _document(template: Path) -> Node:
    document: Node = yaml.load(template.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    return document


def _read(documents: Sequence[Node]) -> Deployment:
    exports = {
        one["Export"]["Name"]["!Sub"].removeprefix("${AWS::StackName}"): _logical_name(one["Value"])
        for document in documents
        for one in document.get("Outputs", {}).values()
        if "Export" in one
    }

    def of_type(kind: str) -> Iterator[tuple[str, Node]]:
        for document in documents:
            for name, one in document["Resources"].items():
                if one["Type"] == kind:
                    yield name, one["Properties"]

    stage = next(one for _, one in of_type("AWS::ApiGatewayV2::Stage"))
    functions = [
        _function(_merged(document["Globals"]["Function"], one["Properties"]), known)
        for document in documents
        for known in [_Known(document["Parameters"], exports)]
        for one in document["Resources"].values()
        if one["Type"] == "AWS::Serverless::Function"
    ]
    return Deployment(
        functions={function.name: function for function in functions},
        tables={
            name: tuple(key["AttributeName"] for key in one["KeySchema"])
            for name, one in of_type("AWS::DynamoDB::Table")
        },
        rules=tuple(
            _rule(one)
            for _, one in of_type("AWS::Events::Rule")
            if "detail-type" in one.get("EventPattern", {})
        ),
        access_log_format=stage["AccessLogSettings"]["Format"],
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What a reference may be resolved to."""

    parameters: Node
    exports: Mapping[str, str]

    def resolved(self, value: object) -> str:
        if not isinstance(value, dict):
            return str(value)
        if "Fn::ImportValue" in value:
            # `${Platform}-bus` is what the stack Platform exports as `-bus`.
            return self.exports[value["Fn::ImportValue"]["!Sub"].partition("}")[2]]
        name = _logical_name(value)
        return str(self.parameters[name]["Default"]) if name in self.parameters else name


def _merged(shared: Node, own: Node) -> Node:
    """Return a function's properties with those of ``Globals``, as SAM merges them."""
    inherited = shared.get("Environment", {}).get("Variables", {})
    variables = inherited | own["Environment"]["Variables"]
    return shared | own | {"Environment": {"Variables": variables}}


def _function(properties: Node, known: _Known) -> Function:
    environment = {
        name: known.resolved(value)
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


def _logical_name(reference: Node) -> str:
    ((_, target),) = reference.items()
    return str(target).partition(".")[0]
