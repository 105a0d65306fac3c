"""What the templates say about the functions: handlers, environments, queues, tables, sizes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from civic.lab.bench.report import MeasurementFailed
from civic.stack.template import read_template

type Node = dict[str, Any]


class TemplateUnreadable(MeasurementFailed):
    """A template lacks something that a figure depends on."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function of a template."""

    name: str
    module: str
    environment: Mapping[str, str]
    memory_mb: int
    queue: str | None
    batch_size: int
    traced: bool
    silent: bool
    """Whether Lambda itself writes no lines about its invocations."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the benchmarks use of the templates.

    References are resolved to a parameter's default or else to the logical name, so a table has
    the name that its template gives it.
    """

    functions: Mapping[str, Function]
    tables: Mapping[str, Sequence[str]]
    """The key attributes of every table, each with its type: ``id:S``."""
    queues: Mapping[str, Sequence[str]]
    """The queues to which events are routed, by detail type."""
    access_log_format: str

    @classmethod
    def read(cls, *templates: Path) -> "Deployment":
        """Read several SAM templates as one.

        Raises:
            TemplateUnreadable: A part that the benchmarks need is missing.
        """
        try:
            return _read([read_template(template) for template in templates])
        except (KeyError, StopIteration, yaml.YAMLError) as error:
            names = ", ".join(template.name for template in templates)
            raise TemplateUnreadable(f"{names}: {error!r}") from error

    def consumer_of(self, queue: str) -> Function:
        """Return the function that consumes a queue."""
        return next(one for one in self.functions.values() if one.queue == queue)


def _read(documents: Sequence[Node]) -> Deployment:
    def of_type(kind: str) -> Iterator[tuple[Node, str, Node]]:
        for document in documents:
            for name, one in document["Resources"].items():
                if one["Type"] == kind:
                    yield document, name, one["Properties"]

    exports = {
        one["Export"]["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}"): _logical_name(
            one["Value"]
        )
        for document in documents
        for one in document.get("Outputs", {}).values()
        if "Export" in one
    }
    functions = [
        _function(document["Globals"]["Function"], one, document.get("Parameters", {}), exports)
        for document, _, one in of_type("AWS::Serverless::Function")
    ]
    queues: defaultdict[str, list[str]] = defaultdict(list)
    for _, _, rule in of_type("AWS::Events::Rule"):
        for detail_type in rule.get("EventPattern", {}).get("detail-type", ()):
            queues[detail_type] += [_logical_name(target["Arn"]) for target in rule["Targets"]]
    stages = (one for _, _, one in of_type("AWS::ApiGatewayV2::Stage"))
    return Deployment(
        functions={function.name: function for function in functions},
        tables={name: _key(one) for _, name, one in of_type("AWS::DynamoDB::Table")},
        queues=queues,
        access_log_format=next(
            one["AccessLogSettings"]["Format"] for one in stages if "AccessLogSettings" in one
        ),
    )


def _key(table: Node) -> list[str]:
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    names = [one["AttributeName"] for one in table["KeySchema"]]
    return [f"{name}:{types[name]}" for name in names]


def _function(shared: Node, own: Node, parameters: Node, exports: Mapping[str, str]) -> Function:
    def resolved(value: object) -> str:
        if not isinstance(value, dict):
            return str(value)
        if "Fn::ImportValue" in value:
            # `${Platform}-bus` is the value that the stack Platform exports as `-bus`.
            return exports[value["Fn::ImportValue"]["Fn::Sub"].partition("}")[2]]
        name = _logical_name(value)
        return str(parameters.get(name, {}).get("Default", name))

    inherited = shared.get("Environment", {}).get("Variables", {})
    variables = inherited | own["Environment"]["Variables"]
    properties = shared | own
    environment = {name: resolved(value) for name, value in variables.items()}
    sources = [one["Properties"] for one in own.get("Events", {}).values() if one["Type"] == "SQS"]
    batch = sources[0]["BatchSize"] if sources else 1
    return Function(
        name=environment["POWERTOOLS_SERVICE_NAME"],
        module=properties["Handler"].rpartition(".")[0],
        environment=environment,
        memory_mb=properties["MemorySize"],
        queue=resolved(sources[0]["Queue"]) if sources else None,
        # A size from a mapping differs by environment; only votes have these, at an assumed load.
        batch_size=batch if isinstance(batch, int) else 1,
        traced=properties.get("Tracing") == "Active",
        silent=_is_silent(shared.get("LoggingConfig", {}) | own.get("LoggingConfig", {})),
    )


def _is_silent(logging: Node) -> bool:
    # In Lambda's JSON format, a system log level of WARN suppresses its lines about every
    # invocation; in its text format nothing can be suppressed.
    if logging.get("LogFormat", "Text") == "Text":
        return False
    if logging.get("SystemLogLevel") != "WARN":
        raise TemplateUnreadable("prices.toml has no samples of Lambda's lines in JSON")
    return True


def _logical_name(reference: Node) -> str:
    ((_, target),) = reference.items()
    return str(target).partition(".")[0]
