"""What the OpenAPI document of the elections API says besides its routes.

Nothing at run time uses this module; ``civic schemas`` writes the document and the build fails
when it is stale.
"""

from civic.contracts.voting import ELECTION_ID_PATTERN
from civic.runtime.openapi import TRACE, Description
from civic.runtime.request import IDEMPOTENCY_KEY_PATTERN

ELECTIONS = Description(
    title="Civic elections API",
    text="For an election office: draft, announce, run and certify elections. Every request is "
    "signed (AWS Signature Version 4, service execute-api). What has been done is not done again, "
    "so every request can be repeated. Errors are problem details (RFC 9457) and repeat nothing of "
    "what was sent but the code point of a character to remove.",
    tag="elections",
    meanings={
        404: "No such election",
        409: "Its state does not allow it, or somebody else has changed it in the meantime",
        413: "Too large",
    },
    path_parameters={
        "id": {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": ELECTION_ID_PATTERN},
        }
    },
    everywhere=(TRACE,),
    parameters={
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Repeating it with the same body leads to the same election",
            "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN},
        }
    },
)
