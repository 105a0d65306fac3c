"""What the HTTP functions share at their edge."""

import re

from civic.contracts.events import UUID_PATTERN
from civic.contracts.identifiers import RegistrationId
from civic.runtime.observability import Invocation
from civic.runtime.request import Request

_UUID = re.compile(UUID_PATTERN)
_NO_ID = RegistrationId("00000000-0000-0000-0000-000000000000")


def registration_id(request: Request, line: Invocation) -> RegistrationId:
    """Return the id in the path.

    Anything that is not a UUID could be personal, so it is not logged; it is looked up as an id
    that is never issued, and so answered like every unknown id.
    """
    value = request.path("id")
    registration = RegistrationId(value) if _UUID.fullmatch(value) else _NO_ID
    line.note(id=registration)
    return registration
