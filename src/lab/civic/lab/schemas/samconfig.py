"""Generates the tables of samconfig.toml for every stack from the one of each environment."""

import json
import tomllib
from typing import Any

from civic.stack.stacks import REGISTRATION, STACKS, named

MARK = "# ---- generated from the tables above by `make generate`; do not edit below this line\n"


def samconfig(text: str) -> str:
    """Return samconfig.toml with the tables below the mark regenerated.

    In TOML a table cannot include another, and `sam` reads only one table.

    Args:
        text: The current file.

    Raises:
        ValueError: It has no mark.
    """
    by_hand, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError("samconfig.toml lacks the line above its generated tables")
    tables = [
        _table(environment, stack, table["deploy"]["parameters"])
        for environment, table in tomllib.loads(by_hand).items()
        if isinstance(table, dict)
        for stack in STACKS
        if stack != REGISTRATION
    ]
    return by_hand + mark + "".join(tables)


def _table(environment: str, stack: str, first: dict[str, Any]) -> str:
    own = first | {
        "stack_name": named(first["stack_name"], stack),
        "template_file": first["template_file"].replace("template.yaml", f"{stack}.yaml"),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in own.items()]
    return "\n".join(["", f"[{named(environment, stack)}.deploy.parameters]", *lines, ""])
