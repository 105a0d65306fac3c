"""What staff do for a person who lost the access token and proved who they are: give out another.

It takes two members of staff and two functions. One asks, through `front_desk`, for a token that
their own machine has made; another, to whom the record is shown, compares the code of the token
with that of the first, and agrees, through `review`. From then on the new token opens the
registration, and all earlier ones have ended. Both halves are logged before they are written, for
the data subject to see (GDPR Art. 5(2), 15(1)(c)).

The processing may be restricted: nobody but the person can ask for a renewal (Art. 18(2)), and only
with a token can they lift the restriction.
"""

from dataclasses import dataclass
from datetime import datetime

from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock
from civic.identity.errors import AnotherPersonNeeded, RegistrationNotFound, RenewalNotFound
from civic.identity.model.keys import AccessDigest
from civic.identity.model.registration import Registration
from civic.identity.model.renewal import Half, Renewal, comparison_code, in_force
from civic.identity.model.requests import RENEWAL_LOOK, RENEWED, RENEWING, StaffView
from civic.identity.model.rows import DecisionRow
from civic.identity.ports import DecisionStore, RequestLog
from civic.identity.ports.renewing import AccessRenewals, Registrations
from civic.identity.usecases.access import Records, open_record


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """What the member of staff who asks works with."""

    registrations: Registrations
    renewals: AccessRenewals
    requests: RequestLog
    clock: Clock


@dataclass(frozen=True, slots=True)
class Agreeing:
    """What the member of staff who agrees works with."""

    decisions: DecisionStore
    renewals: AccessRenewals
    records: Records
    requests: RequestLog
    clock: Clock


@dataclass(frozen=True, slots=True)
class OpenedRenewals:
    """The renewals that wait for another member of staff, oldest first, and the opened record."""

    waiting: tuple[Renewal, ...]
    registration: Registration


def ask_for_renewal(
    desk: FrontDesk, registration: RegistrationId, digest: AccessDigest, by: str
) -> str:
    """Ask for a new token, by its digest; repeating it changes no renewal, but is logged again.

    Returns:
        The code by which another member of staff knows it.

    Raises:
        RegistrationNotFound: There is no such registration, or it was erased.
    """
    if not desk.registrations.has(registration):
        raise RegistrationNotFound
    asked = Half(by, desk.clock())
    desk.requests.note_view(StaffView(registration, asked.at, by, RENEWING))
    desk.renewals.ask(registration, digest, asked)
    return comparison_code(digest)


def show_renewals(agreeing: Agreeing, registration: RegistrationId, by: str) -> OpenedRenewals:
    """Open the record of a registration whose renewal waits.

    Raises:
        RegistrationNotFound: There is no such registration, or it was erased.
        RenewalNotFound: No renewal waits.
        AnotherPersonNeeded: Only this member of staff has asked for any.
        DigestsDisagree: The rows do not agree on whose record it is; nothing was opened.
    """
    row = _alive(agreeing, registration)
    now = agreeing.clock()
    waiting = [one for one in agreeing.renewals.of(registration) if one.waits(now)]
    if not waiting:
        raise RenewalNotFound
    if all(_asked_by(one, by) for one in waiting):
        raise AnotherPersonNeeded
    agreeing.requests.note_view(StaffView(registration, now, by, RENEWAL_LOOK))
    opened, _ = open_record(agreeing.records, registration, row.access_digest)
    waiting.sort(key=lambda one: (one.asked.at if one.asked else now, one.digest))
    return OpenedRenewals(tuple(waiting), opened.registration)


def agree_to_renewal(
    agreeing: Agreeing, registration: RegistrationId, code: str, by: str
) -> datetime:
    """Agree to the renewal with this code; repeating it, by whomever, changes nothing.

    Returns:
        When it came into force.

    Raises:
        RegistrationNotFound: There is no such registration, or it was erased.
        RenewalNotFound: None with this code waits, nor is in force.
        AnotherPersonNeeded: The same member of staff has asked for it.
    """
    _alive(agreeing, registration)
    now, known = agreeing.clock(), agreeing.renewals.of(registration)
    current = in_force(known)
    if current and current.renewal.code == code:
        return current.since
    found = next((one for one in known if one.code == code and one.waits(now)), None)
    if found is None:
        raise RenewalNotFound
    if _asked_by(found, by):
        raise AnotherPersonNeeded
    agreeing.requests.note_view(StaffView(registration, now, by, RENEWED))
    agreeing.renewals.agree(registration, found.digest, Half(by, now))
    made = in_force(agreeing.renewals.of(registration))
    if made is None or made.renewal.digest != found.digest:
        # Somebody else's half is there already, and it is not one that counts.
        raise RenewalNotFound
    return made.since


def _alive(agreeing: Agreeing, registration: RegistrationId) -> DecisionRow:
    row = agreeing.decisions.get(registration)
    if not isinstance(row, DecisionRow):
        raise RegistrationNotFound
    return row


def _asked_by(renewal: Renewal, by: str) -> bool:
    return renewal.asked is not None and renewal.asked.by == by
