"""Certifying takes two requests: the first seals the box, the last finds it counted."""

import time
from collections.abc import Callable
from typing import Protocol

from civic.client.api_client import Json
from civic.operator.staff import StaffRefused
from civic.terminal.waiting import PATIENCE_SECONDS

_PAUSE_SECONDS = 2.0
_COUNTING_SECONDS = 30 * 60.0
"""By then the sealed box is counted, or sealed anew."""

_LAGGING = {"tally_differs", "log_differs"}
"""What is said of counts that follow the box, and may still be behind it."""

_SAYINGS = {
    "box_not_counted": "the box is sealed, and its ballots are being counted …",
    "count_differs": "the box holds that many; waiting for the tally and the public log …",
}


class Certifier(Protocol):
    """The request that is repeated, as in `ElectionOffice`."""

    def certify(self, election: str, ballots: int) -> Json:
        """Certify the count."""
        ...


def certify_once_counted(
    office: Certifier, election: str, ballots: int, say: Callable[[str], object]
) -> Json:
    """Certify an election, and wait while its box is counted, and tally and log catch up with it.

    Args:
        office: The API.
        election: What is certified.
        ballots: How many ballots the count has.
        say: Hears what is being waited for, once each.

    Raises:
        StaffRefused: It is refused for another reason, or still is after a while.
    """
    deadlines: dict[str, float] = {}
    while True:
        try:
            return office.certify(election, ballots)
        except StaffRefused as refused:
            patience = _patience(refused)
            if refused.code not in deadlines and patience:
                deadlines[refused.code] = time.monotonic() + patience
                say(_SAYINGS[refused.code])
            if time.monotonic() >= deadlines.get(refused.code, 0):
                raise
        time.sleep(_PAUSE_SECONDS)


def _patience(refused: StaffRefused) -> float:
    """Return for how many seconds a refusal may pass by itself."""
    if refused.code == "box_not_counted":
        return _COUNTING_SECONDS
    if refused.code == "count_differs" and refused.fault_codes <= _LAGGING:
        return PATIENCE_SECONDS
    return 0
