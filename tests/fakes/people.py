"""Ids of registrations, for tests in which only the identity matters."""

from civic.contracts.identifiers import RegistrationId

ADA = RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10")
GRACE = RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a11")
UNKNOWN = RegistrationId("00000000-0000-4000-8000-000000000000")
"""An id with which nobody has registered."""
