"""Identifiers that cross context boundaries."""

from typing import NewType

RegistrationId = NewType("RegistrationId", str)
"""A UUID in canonical text form. An identifier, not a secret."""

Revision = NewType("Revision", int)
"""Counts the versions of one registration from 1; the highest wins everywhere."""
