"""A node that does not answer, or not as a node does."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from civic.monitor.anchor.anchors import Anchors
from civic.monitor.anchor.chain import Chain, ChainRefused, ChainSilent
from civic.monitor.anchor.contract import Address, anchor_call, contract, log_id
from civic.monitor.anchor.sending import transact
from tests.fakes.chain import RPC, FakeNode

LOG = log_id("civic.example/log")
ADDRESS = Address("0x" + "ab" * 20)

type Handler = Callable[[httpx.Request], httpx.Response]


def chain(handler: Handler) -> Chain:
    return Chain(RPC, transport=httpx.MockTransport(handler))


def answering(result: Any) -> Chain:
    return chain(lambda _: httpx.Response(200, json={"result": result}))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"result": None}),
        httpx.Response(200, json={"result": 1}),
        httpx.Response(200, json={"result": "zz"}),
        httpx.Response(429, text="slow down"),
    ],
)
def test_what_is_no_answer_is_told_as_such(answer: httpx.Response) -> None:
    with pytest.raises(ChainSilent, match="eth_chainId"):
        chain(lambda _: answer).chain_id()


def test_address_of_the_node_is_never_shown() -> None:
    """Providers put the customer's secret into the URL."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot connect to {request.url}")

    with pytest.raises(ChainSilent) as silent:
        chain(fail).chain_id()
    assert "secret" not in str(silent.value)
    assert "node.test" not in str(silent.value)


def test_address_that_is_none_is_told_without_it() -> None:
    with pytest.raises(ChainSilent) as silent:
        Chain("secret://").chain_id()
    assert "secret" not in str(silent.value)


def test_node_that_refuses_is_quoted() -> None:
    refusing = chain(lambda _: httpx.Response(200, json={"error": {"message": "no money"}}))
    with pytest.raises(ChainRefused, match="no money"):
        refusing.chain_id()


def test_transaction_in_no_block_has_no_receipt() -> None:
    assert answering(None).receipt("0x1") is None  # type: ignore[arg-type]


# ------------------------------------------------------------------ a node that lies by omission


def anchored(*sizes: int) -> tuple[FakeNode, Address]:
    node = FakeNode()
    with Chain(RPC, transport=node.transport) as made:
        _, receipt = transact(made, node.payer(), None, contract().creation)
        assert receipt.made
        for size in sizes:
            transact(made, node.payer(), receipt.made, anchor_call(LOG, size, bytes(32)))
    return node, receipt.made


@pytest.mark.parametrize("left_out", range(3))
def test_anchor_that_the_node_leaves_out_is_noticed(left_out: int) -> None:
    node, address = anchored(1, 2, 3)
    del node.events[left_out]
    block = left_out + 2
    with (
        Chain(RPC, transport=node.transport) as made,
        pytest.raises(ChainSilent, match=f"leaves out anchors of block {block}$"),
    ):
        Anchors(made, address, LOG).all()


@pytest.mark.parametrize(
    ("event", "size", "root"),
    [(2, 4, bytes(32)), (2, 3, bytes(31) + b"x"), (1, 1, bytes(32)), (0, 9, bytes(32))],
    ids=["other size", "other root", "same size twice", "size that shrinks"],
)
def test_event_that_the_contract_did_not_write_is_noticed(
    event: int, size: int, root: bytes
) -> None:
    node, address = anchored(1, 2, 3)
    before = node.events[event]["data"][-64:]
    node.events[event]["data"] = f"0x{size:064x}{root.hex()}{before}"
    with (
        Chain(RPC, transport=node.transport) as made,
        pytest.raises(ChainSilent, match=r"the node's events are not those of the contract$"),
    ):
        Anchors(made, address, LOG).all()


def test_event_of_another_form_is_noticed() -> None:
    node, address = anchored(1)
    node.events[0]["data"] += "00"
    with Chain(RPC, transport=node.transport) as made, pytest.raises(ChainSilent, match=FORM):
        Anchors(made, address, LOG).all()


def test_answer_of_another_form_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    node, address = anchored(1)
    with Chain(RPC, transport=node.transport) as made:
        anchors = Anchors(made, address, LOG)
        monkeypatch.setattr(node, "eth_call", lambda *_: "0x" + "00" * 97)
        with pytest.raises(ChainSilent, match=FORM):
            anchors.latest()


FORM = "^the node's answer is not the contract's: 97 bytes instead of . words$"


def test_chain_of_anchors_that_goes_in_circles_ends() -> None:
    node, address = anchored(1, 2)
    word = "00" * 31
    node.events[0]["data"] = node.events[0]["data"][:-64] + word + "03"
    with Chain(RPC, transport=node.transport) as made, pytest.raises(ChainSilent):
        Anchors(made, address, LOG).all()
