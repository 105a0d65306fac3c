"""The SAM template, for commands that read their facts from it."""

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML, with functions in their long form: ``{"Fn::Sub": ...}``."""


def _long_form(loader: _Loader, suffix: str, node: Any) -> dict[str, Any]:
    name = suffix if suffix == "Ref" else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    return {name: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _long_form)


def read_template(template: Path) -> dict[str, Any]:
    """Return a template; ``!GetAtt Table.Arn`` is ``{"Fn::GetAtt": "Table.Arn"}`` in it."""
    # A SafeLoader, so nothing in the file is executed.
    document: dict[str, Any] = yaml.load(template.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    return document
