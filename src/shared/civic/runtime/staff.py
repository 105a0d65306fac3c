"""Who calls a staff API, in which every route has AWS_IAM authorisation (docs/adr/0012)."""

import hashlib

from civic.runtime.http import Problem, Request
from civic.runtime.observability import Invocation


def staff_principal(request: Request, line: Invocation) -> str:
    """Return the IAM principal that signed the request, as API Gateway found it.

    The log line gets a digest of it: enough to tell two people apart, and no name.

    Raises:
        Problem: 403, the route is not behind IAM.
    """
    context = request.raw.get("requestContext", {})
    principal = context.get("authorizer", {}).get("iam", {}).get("userArn")
    if not principal:
        raise Problem(403, "not_staff", "This API is for staff only")
    line.note(staff=hashlib.sha256(str(principal).encode()).hexdigest()[:16])
    return str(principal)
