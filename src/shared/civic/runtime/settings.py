"""The typed environment of a function, read on first use and never at import."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of a function's settings: each field is an environment variable in upper case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: A variable is missing or has the wrong form.
        """
        names = cls.model_fields
        return cls.model_validate(
            {name: os.environ[name.upper()] for name in names if name.upper() in os.environ}
        )
