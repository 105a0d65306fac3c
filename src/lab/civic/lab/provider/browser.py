"""A person with a browser who signs in at the laboratory's provider."""

import re

import httpx

from civic.lab.provider.provider import Holder
from civic.terminal.failures import CommandFailed

_TICKET = re.compile(r'name="ticket" value="([^"]+)"')
_CODE = re.compile(r"<code>([0-9A-Z-]+)</code>")


def sign_in(url: str, holder: Holder) -> str:
    """Sign in at an address, and return where the provider leads back to.

    Raises:
        CommandFailed: The provider refuses.
    """
    with httpx.Client(trust_env=False) as browser:
        ticket = _TICKET.search(browser.get(url).text)
        if ticket is None:
            raise CommandFailed("the provider shows no page to sign in")
        form = {
            "ticket": ticket[1],
            "given_name": holder.given_name,
            "family_name": holder.family_name,
            "birthdate": holder.birthdate,
        }
        form |= {"number": holder.number} if holder.number else {}
        answer = browser.post(str(httpx.URL(url).join("/sign-in")), data=form)
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise CommandFailed("the provider refuses the sign-in")
    return answer.headers["location"]


def confirmation_code(page: str) -> str:
    """Return the code that a page shows to whoever comes back.

    Raises:
        CommandFailed: It shows none.
    """
    shown = _CODE.search(page)
    if shown is None:
        raise CommandFailed("there is no confirmation code on the page")
    return shown[1]
