"""The marker that says a field is personal data, and what it is for.

The marker is read by the access response (GDPR Art. 15) and by docs/privacy.md (Art. 30), so
that what we tell citizens is what the code holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Pii:
    """Marks an annotation as personal data."""

    purpose: str


class PiiModel(BaseModel):
    """A model whose values show up in no ``repr``, traceback or validation error."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Name the fields and hide their values."""
        for name in type(self).model_fields:
            yield name, Redacted()


class Redacted:
    """Takes the place of a value that must not be shown."""

    def __repr__(self) -> str:
        """Show nothing of the value."""
        return "<redacted>"


def pii_fields(model: type[BaseModel]) -> dict[str, Pii]:
    """Return the marked fields of a model, in the order they are declared."""
    return {
        name: marker
        for name, info in model.model_fields.items()
        for marker in info.metadata
        if isinstance(marker, Pii)
    }
