"""The columns of a table of people, as the fields of a registration make them.

A column is named by the path of its field, joined by ``_``: ``address_city``. The last part alone,
``city``, will do where no other field ends in it. Letter case, spaces and punctuation of a heading
do not matter.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from civic.client.people_formats import Payload, PopulationError
from civic.identity.model.registration import Registration

LINE_SEPARATOR = "|"
"""Separates the parts of a list in one cell, such as the lines of an address; so do line breaks."""

_PARTS = re.compile(r"[|\r\n]+")
_PUNCTUATION = re.compile(r"[\W_]+")
_TRUTH = dict.fromkeys(("true", "yes", "y", "1", "ja", "wahr", "oui", "vrai", "sí", "tak"), True)
_TRUTH |= dict.fromkeys(("false", "no", "n", "0", "nein", "falsch", "non", "faux", "nie"), False)
_FORMS = {"date-time": "with its offset from UTC, such as 2027-01-31T09:00:00Z"}
"""What a text looks like that has a format of JSON Schema's."""


class Kind(Enum):
    """What the text of a cell stands for."""

    TEXT = auto()
    TRUTH = auto()
    LIST = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a registration that has a cell of its own.

    Attributes:
        path: Where the field is in the JSON form, such as ``("address", "city")``.
        kind: How its cell is read.
        required: Whether no registration is without it.
        form: What its text must look like, as the model describes it, if it does.
    """

    path: tuple[str, ...]
    kind: Kind
    required: bool
    form: str | None = None

    @property
    def name(self) -> str:
        """The column's name."""
        return "_".join(self.path)

    @property
    def expected(self) -> bool:
        """Whether every table has it: what is required, and what nobody says by saying nothing."""
        return self.required or self.kind is Kind.TRUTH

    def of(self, payload: Payload) -> Any:
        """Return what a payload has in this field; None if it is absent."""
        value: Any = payload
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def value(self, cell: str) -> Any:
        """Return the field's value; what is no yes or no is passed on, for the API to refuse."""
        if self.kind is Kind.LIST:
            return [part.strip() for part in _PARTS.split(cell) if part.strip()]
        if self.kind is Kind.TRUTH:
            return _TRUTH.get(cell.casefold(), cell)
        return cell

    def cell(self, value: Any) -> str:
        """Return a field's value as the text of a cell; ``value`` does the reverse.

        Raises:
            PopulationError: A part of a list contains the character that separates them.
        """
        if self.kind is Kind.TRUTH:
            return "yes" if value else "no"
        if self.kind is Kind.TEXT:
            return str(value)
        if any(LINE_SEPARATOR in part for part in value):
            raise PopulationError(
                f"{self.name} contains {LINE_SEPARATOR}, which separates its parts in a table; "
                "write JSON lines instead"
            )
        return LINE_SEPARATOR.join(value)


def _columns(model: type[BaseModel], *path: str, required: bool = True) -> Iterator[Column]:
    for name, field in model.model_fields.items():
        here, needed = (*path, name), required and field.is_required()
        kinds = _kinds(field.annotation)
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        for part in models:
            yield from _columns(part, *here, required=needed and len(models) == 1)
        if not models:
            listed = any(get_origin(kind) in {tuple, list} for kind in kinds)
            kind = Kind.LIST if listed else Kind.TRUTH if bool in kinds else Kind.TEXT
            yield Column(here, kind, needed, field.description or _form(field.json_schema_extra))


def _form(schema: object) -> str | None:
    return _FORMS.get(schema.get("format", "")) if isinstance(schema, dict) else None


def _kinds(annotation: Any) -> list[Any]:
    """Return the alternatives of a type without its metadata."""
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    if hasattr(annotation, "__metadata__"):
        return _kinds(get_args(annotation)[0])
    return [annotation]


def plain(heading: str) -> str:
    """Return a heading without letter case, spaces and punctuation."""
    return _PUNCTUATION.sub("_", unicodedata.normalize("NFKC", heading).casefold()).strip("_")


_NOT_IN_TABLES = "evidence"
"""A field that is made for one person and one day; JSON lines may have it."""
COLUMNS = tuple(one for one in _columns(Registration) if one.path[0] != _NOT_IN_TABLES)
"""Every column, in the order of the model."""


def _headings() -> dict[str, Column]:
    ends = [column.path[-1] for column in COLUMNS]
    short = {column.path[-1]: column for column in COLUMNS if ends.count(column.path[-1]) == 1}
    return short | {column.name: column for column in COLUMNS}


HEADINGS = _headings()
"""Every column by the plain headings it may have."""


def payload_of(cells: Mapping[Column, str]) -> Payload:
    """Return the payload that the cells of a row make; an empty cell is an absent field."""
    payload: Payload = {}
    for column in COLUMNS:
        *parents, name = column.path
        cell = cells.get(column, "").strip()
        if cell or column.required:
            part = payload
            for parent in parents:
                part = part.setdefault(parent, {})
            if cell:
                part[name] = column.value(cell)
    return payload


def row_of(payload: Payload) -> dict[str, str]:
    """Turn a valid payload into a row by column names; ``payload_of`` does the reverse.

    Raises:
        PopulationError: A list has a part that a cell cannot hold.
    """
    values = {column: column.of(payload) for column in COLUMNS}
    return {one.name: one.cell(value) for one, value in values.items() if value is not None}
