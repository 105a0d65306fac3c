"""Who a token belongs to: the one place that decides whether it opens a registration."""

from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import AccessRenewed
from civic.identity.model.keys import AccessDigest, may_access
from civic.identity.model.renewal import in_force
from civic.identity.ports.renewing import AccessRenewals


def holds(
    renewals: AccessRenewals,
    registration: RegistrationId,
    access_token: str,
    stored: AccessDigest | None,
) -> bool:
    """Return whether a token opens a registration.

    The renewals are read in every case, so that the time it takes does not tell an unknown id from
    a wrong token.

    Args:
        renewals: Which tokens staff have given out.
        registration: Which registration.
        access_token: What the request brings.
        stored: The digest of the first token; None if there is no such registration.

    Raises:
        AccessRenewed: It did so until a renewal.
    """
    known = renewals.of(registration)
    current = in_force(known)
    if current is None:
        return may_access(access_token, stored)
    if stored is None:
        return False
    if may_access(access_token, current.renewal.digest):
        return True
    ended = [stored, *(one.digest for one in known if one.renewed_at is not None)]
    if any(may_access(access_token, digest) for digest in ended):
        raise AccessRenewed(current.since.date())
    return False
