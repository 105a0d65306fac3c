"""The SAM template, for commands that read their facts from it."""

from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; `!Ref` and the like become None, as nothing here needs them."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def read_template(template: Path) -> dict[str, Any]:
    """Return a template with None in place of its references."""
    # A SafeLoader, so nothing in the file is executed.
    document: dict[str, Any] = yaml.load(template.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    return document
