"""The mapping file: what the columns of an office's own tables are called."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from civic.client.people_columns import HEADINGS, Column, plain
from civic.client.people_header import Renamed
from civic.terminal.failures import SettingInvalid


def read_mapping(path: Path) -> Renamed:
    """Read a TOML file with one table, ``[columns]``: a field, and the headings that stand for it.

    Raises:
        SettingInvalid: It cannot be read, or does not name fields and headings; says where.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingInvalid(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingInvalid(f"{path} is not TOML: {error}") from None
    columns = document.get("columns")
    if not isinstance(columns, dict) or len(document) != 1:
        raise SettingInvalid(
            f'{path}: a mapping is one table, [columns], with lines like full_name = "Name"'
        )
    renamed: dict[Column, Sequence[str]] = {}
    for name, headings in columns.items():
        column = HEADINGS.get(plain(name))
        if column is None or column in renamed:
            known = ", ".join(one.name for one in dict.fromkeys(HEADINGS.values()))
            raise SettingInvalid(
                f"{path}: {name!r} is no field, or is there twice; there are {known}"
            )
        renamed[column] = _headings(path, name, headings)
    taken = [heading for headings in renamed.values() for heading in headings]
    if len(set(taken)) < len(taken):
        raise SettingInvalid(f"{path}: a heading stands for two fields; leave one out")
    return renamed


def _headings(path: Path, name: str, value: Any) -> list[str]:
    headings = value if isinstance(value, list) else [value]
    if not headings or not all(isinstance(one, str) and plain(one) for one in headings):
        raise SettingInvalid(
            f"{path}: {name!r} must be a heading in quotes, or a list of headings to be joined"
        )
    return [plain(one) for one in headings]
