"""An election as an office writes it in a file, YAML or JSON, and how it is read."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from civic.terminal.failures import SettingInvalid
from civic.voting.model.draft import DraftElection

_FIELDS = (
    "revision",
    "title",
    "time_zone",
    "opens_at",
    "closes_at",
    "day",
    "roll_closes_at",
    "openings",
    "contests",
    "styles",
)
_BOOL, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Reads plain words as YAML 1.2 does: NO is Norway, and a time stays as it was written."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias, with which a few lines can stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            alias: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                problem="an alias (*) is not read here; write out what it stands for",
                problem_mark=alias.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - as PyYAML has it
        """Refuse a key that is given twice, of which PyYAML would use the last."""
        seen = set()
        for key, _ in node.value:
            name = str(self.construct_object(key, deep=True))
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{name!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag != _TIMESTAMP and (tag != _BOOL or first in set("tTfF"))
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_election(file: Path) -> DraftElection:
    """Read an election from YAML, or from JSON, which is YAML too.

    Raises:
        SettingInvalid: It cannot be read, or is not an election; the message names every fault.
    """
    try:
        # A SafeLoader, so nothing in the file is executed.
        document = yaml.load(file.read_text("utf-8"), Loader=_Loader)  # noqa: S506
        body = json.dumps(document, default=str)
    except OSError as error:
        raise SettingInvalid(f"{file}: {error.strerror}") from None
    except UnicodeError:
        raise SettingInvalid(f"{file} is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark
        where = f"line {at.line + 1}, column {at.column + 1}: " if at else ""
        raise SettingInvalid(f"{file}: {where}{error.problem}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        # A control character, a number of thousands of digits, thousands of brackets.
        raise SettingInvalid(f"{file} is not YAML of the kind that an election needs") from None
    if not isinstance(document, dict):
        raise SettingInvalid(f"{file} does not contain an election; see docs/elections.md")
    return _parse(file, body)


def _parse(file: Path, body: str) -> DraftElection:
    try:
        return DraftElection.model_validate_json(body)
    except ValidationError as error:
        lines = [f"{file} is not an election:"]
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            place = "/".join(str(part) for part in fault["loc"]) or "the whole file"
            lines.append(f"  {place}: {fault['msg']}")
        raise SettingInvalid("\n".join(lines)) from None


def written_election(election: Mapping[str, Any]) -> str:
    """Return an election from the API as a file to edit and send back.

    Its times are in its time zone, with their offset.
    """
    zone = ZoneInfo(election["time_zone"])
    document = {name: election[name] for name in _FIELDS if name in election}
    for name in ("opens_at", "closes_at", "roll_closes_at"):
        if name in election:
            document[name] = datetime.fromisoformat(election[name]).astimezone(zone).isoformat()
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text
