"""Fetching what issuers have revoked: only what verifies takes the place of what was kept."""

from datetime import timedelta

import httpx
import pytest

from civic.identity.model.trust import Trust, WalletService
from civic.lab.memory.proofs import MemoryStatusLists
from civic.lab.wallets.authority import Authority
from civic.lab.wallets.issuing import Issuer
from civic.operator.status_lists import Fetched, fetch_lists
from tests.fakes.wallets import ISSUER, NOW, STATUS, Presenting

PRESENTING = Presenting()
GOOD = PRESENTING.issuer.status_list(NOW)
OTHER = Issuer(ISSUER, "https://pid.example/status/2", PRESENTING.issuer.key)


def _trust() -> Trust:
    issuer = PRESENTING.trusted.model_copy(update={"status_lists": (STATUS,)})
    service = WalletService(
        address="https://api.example",
        certificates=(Authority("office", until=NOW + timedelta(days=30)).pem,),
        issuers=(issuer,),
    )
    return Trust(wallets={"eu": service})


def _fetch(response: httpx.Response | None, lists: MemoryStatusLists) -> list[Fetched]:
    def answer(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == STATUS
        if response is None:
            raise httpx.ConnectError("refused")
        return response

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        return list(fetch_lists(_trust(), lists, http, NOW))


def test_list_that_verifies_is_kept() -> None:
    lists = MemoryStatusLists()
    assert _fetch(httpx.Response(200, text=GOOD), lists) == [Fetched(STATUS)]
    assert lists.at(STATUS) == GOOD


@pytest.mark.parametrize(
    "response",
    [
        None,
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(200, text=""),
        httpx.Response(200, text="a.b.c"),
        httpx.Response(200, text="A" * 400_000),
        httpx.Response(200, text=Issuer(ISSUER, STATUS).status_list(NOW)),
        httpx.Response(200, text=OTHER.status_list(NOW)),
        httpx.Response(200, text=PRESENTING.issuer.status_list(NOW - timedelta(hours=13))),
        httpx.Response(200, text=PRESENTING.issue().token),
    ],
)
def test_what_does_not_verify_leaves_the_list_of_before(response: httpx.Response | None) -> None:
    lists = MemoryStatusLists()
    lists.keep(STATUS, GOOD)
    (fetched,) = _fetch(response, lists)
    assert fetched.failed
    assert lists.at(STATUS) == GOOD
