"""A registration as CSV, for people who take it elsewhere (GDPR Art. 20, RFC 4180)."""

import csv
import io

from civic.contracts.events import Cohort
from civic.identity.model.pointers import leaves
from civic.identity.model.registration import Registration
from civic.runtime.http import HEADERS
from civic.runtime.request import Response


def as_csv(registration: Registration, cohort: Cohort | None) -> Response:
    """Return a table of two columns: the JSON Pointer (RFC 6901) of a value, and the value.

    What analytics holds follows what the person wrote, under ``/cohort``, which is no field.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("pointer", "value"))
    writer.writerows(leaves(registration.model_dump(mode="json", exclude_none=True)))
    if cohort is not None:
        writer.writerows(leaves({"cohort": cohort.model_dump()}))
    return {
        "statusCode": 200,
        "headers": {"content-type": "text/csv; charset=utf-8; header=present", **HEADERS},
        "body": text.getvalue(),
    }
