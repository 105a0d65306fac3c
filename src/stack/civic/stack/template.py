"""The SAM template, for commands that read their facts from it."""

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; of its functions only `!Ref` is kept, the others become None."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def _reference(loader: _Loader, node: yaml.ScalarNode) -> dict[str, str]:
    return {"Ref": str(loader.construct_scalar(node))}


_Loader.add_constructor("!Ref", _reference)


def read_template(template: Path) -> dict[str, Any]:
    """Return a template, with `{"Ref": name}` for a reference and None for other functions."""
    # A SafeLoader, so nothing in the file is executed.
    document: dict[str, Any] = yaml.load(template.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    return document
