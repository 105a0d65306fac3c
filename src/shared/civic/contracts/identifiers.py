"""Identifiers that cross context boundaries."""

from typing import NewType

RegistrationId = NewType("RegistrationId", str)
"""A UUID in canonical text form. An identifier, not a secret."""

Revision = NewType("Revision", int)
"""Counts the versions of one registration from 1; the highest wins everywhere."""

ElectionId = NewType("ElectionId", str)
"""Twelve characters of Crockford's base32, lower case. Public."""

StyleId = NewType("StyleId", str)
"""The name of a ballot style within its election, chosen by the office. Public."""

Nullifier = NewType("Nullifier", bytes)
"""32 bytes that a credential or a posted code always yields; each allows one counted ballot."""
