"""The contract that anchors a log: in memory and, with CIVIC_DEEP, its code on a chain."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from civic.monitor.anchor.anchors import Anchors, OtherContract
from civic.monitor.anchor.chain import Chain, ChainRefused
from civic.monitor.anchor.contract import Address, LogId, anchor_call, contract, log_id
from civic.monitor.anchor.sending import NotInABlock, Payer, TooDear, transact
from civic.monitor.anchor.signing import Account, NotSigned, sign_elsewhere
from tests.fakes.chain import (
    BLOCK_SECONDS,
    CHAIN_ID,
    GENESIS_TIME,
    KEYS,
    RPC,
    EvmNode,
    FakeNode,
    Node,
    evm_node,
)

NODES = ("memory", "evm") if os.environ.get("CIVIC_DEEP") else ("memory",)
LOG, OTHER_LOG = log_id("civic.example/log"), log_id("civic.example/other")
ROOTS = [bytes([number]) * 32 for number in range(8)]

type Home = tuple[Chain, Address]


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    if request.param == "memory":
        yield FakeNode()
    else:
        with evm_node() as node:
            yield node


@pytest.fixture
def chain(node: Node) -> Iterator[Chain]:
    with Chain(RPC, transport=node.transport) as chain:
        yield chain


@pytest.fixture
def address(chain: Chain, node: Node) -> Address:
    _, receipt = transact(chain, node.payer(), None, contract().creation)
    assert receipt.made
    return receipt.made


def anchor(home: Home, payer: Payer, size: int, root: bytes, log: LogId = LOG) -> int:
    """Anchor a checkpoint; return the gas it used."""
    chain, address = home
    _, receipt = transact(chain, payer, address, anchor_call(log, size, root))
    return receipt.gas


def sizes(home: Home, log: LogId = LOG) -> list[int]:
    return [one.size for one in Anchors(*home, log).all()]


def test_contract_on_the_chain_is_the_compiled_one(chain: Chain, address: Address) -> None:
    assert chain.code(address) == contract().runtime
    assert chain.chain_id() == CHAIN_ID


def test_other_code_is_refused(chain: Chain, node: Node) -> None:
    account = node.payer().account.address
    with pytest.raises(OtherContract, match=r"the contract that this version was made with$"):
        Anchors(chain, account, LOG)


def test_new_contract_holds_nothing(chain: Chain, address: Address) -> None:
    anchors = Anchors(chain, address, LOG)
    assert anchors.latest() is None
    assert anchors.all() == []


def test_anchor_is_held_with_its_account_and_block(
    chain: Chain, node: Node, address: Address
) -> None:
    payer = node.payer()
    anchor((chain, address), payer, 7, ROOTS[1])
    last = Anchors(chain, address, LOG).latest()
    assert last
    assert (last.account, last.size, last.root) == (payer.account.address, 7, ROOTS[1])
    assert last.block == 2


def test_every_anchor_is_found_with_its_time(chain: Chain, node: Node, address: Address) -> None:
    for size in (1, 5, 2**64 - 1):
        anchor((chain, address), node.payer(), size, ROOTS[size % 8])
    found = Anchors(chain, address, LOG).all()
    assert [(one.size, one.root, one.block) for one in found] == [
        (1, ROOTS[1], 2),
        (5, ROOTS[5], 3),
        (2**64 - 1, ROOTS[7], 4),
    ]
    first = GENESIS_TIME + 2 * BLOCK_SECONDS
    assert found[0].time == datetime.fromtimestamp(first, UTC)


@pytest.mark.parametrize("size", [0, 1, 6, 7])
def test_size_that_does_not_grow_is_refused(
    chain: Chain, node: Node, address: Address, size: int
) -> None:
    anchor((chain, address), node.payer(), 7, ROOTS[1])
    with pytest.raises(ChainRefused, match="the size does not grow"):
        anchor((chain, address), node.payer(), size, ROOTS[2])
    assert sizes((chain, address)) == [7]


def test_empty_tree_is_refused(chain: Chain, node: Node, address: Address) -> None:
    with pytest.raises(ChainRefused, match="the size does not grow"):
        anchor((chain, address), node.payer(), 0, ROOTS[2])


def test_another_account_is_refused(chain: Chain, node: Node, address: Address) -> None:
    anchor((chain, address), node.payer(), 7, ROOTS[1])
    with pytest.raises(ChainRefused, match="another account anchors this log"):
        anchor((chain, address), node.payer("stranger"), 8, ROOTS[2])
    assert sizes((chain, address)) == [7]


def test_whoever_made_the_contract_has_no_say(chain: Chain, node: Node, address: Address) -> None:
    anchor((chain, address), node.payer("stranger"), 7, ROOTS[1])
    with pytest.raises(ChainRefused, match="another account anchors this log"):
        anchor((chain, address), node.payer("office"), 8, ROOTS[2])


def test_logs_are_apart(chain: Chain, node: Node, address: Address) -> None:
    home = chain, address
    anchor(home, node.payer(), 7, ROOTS[1])
    anchor(home, node.payer("stranger"), 3, ROOTS[2], OTHER_LOG)
    anchor(home, node.payer(), 8, ROOTS[3])
    assert sizes(home) == [7, 8]
    assert sizes(home, OTHER_LOG) == [3]


def test_anchors_of_one_block_are_all_found(chain: Chain, node: Node, address: Address) -> None:
    home, payer = (chain, address), node.payer()
    anchor(home, payer, 1, ROOTS[1])
    node.ask("test_hold")
    for place, size in enumerate((2, 3, 4)):
        raw = payer.sign(
            payer.account,
            {
                "chainId": CHAIN_ID,
                "data": "0x" + anchor_call(LOG, size, ROOTS[size]).hex(),
                "gas": 200_000,
                "maxFeePerGas": 10**10,
                "maxPriorityFeePerGas": 1,
                "nonce": chain.transactions_of(payer.account.address) + place,
                "type": 2,
                "value": 0,
                "to": address,
            },
        )
        chain.send(raw)
    node.ask("test_release")
    anchor(home, payer, 5, ROOTS[5])
    assert sizes(home) == [1, 2, 3, 4, 5]


def test_transaction_is_waited_for(chain: Chain, node: Node, address: Address) -> None:
    node.ask("test_hold")
    anchor((chain, address), node.payer(), 7, ROOTS[1])
    assert sizes((chain, address)) == [7]


def test_transaction_in_no_block_is_no_success(chain: Chain, node: Node, address: Address) -> None:
    node.ask("test_hold")
    payer = node.payer()
    patient = Payer(payer.account, None, payer.sign, lambda _seconds: None)
    with pytest.raises(NotInABlock, match="0x"):
        anchor((chain, address), patient, 7, ROOTS[1])


def test_dear_gas_is_not_paid(chain: Chain, node: Node, address: Address) -> None:
    with pytest.raises(TooDear, match="gwei"):
        anchor((chain, address), node.payer(most_wei=10**9), 7, ROOTS[1])
    assert Anchors(chain, address, LOG).latest() is None


# ------------------------------------------------------------------ on the real code only


@pytest.fixture
def evm() -> Iterator[EvmNode]:
    with evm_node() as node:
        yield node


@pytest.mark.deep
def test_gas_is_what_the_documentation_says(evm: EvmNode) -> None:
    payer = evm.payer()
    with Chain(RPC, transport=evm.transport) as chain:
        _, made = transact(chain, payer, None, contract().creation)
        assert made.made
        home = chain, made.made
        # Each with a different root: storing the same one again would cost less.
        used = [
            anchor(home, payer, size, sha256(b"%d" % size).digest())
            for size in (100_000, 200_000, 300_000)
        ]
    # Each zero byte in the root and the size changes the cost by some units.
    assert made.gas == pytest.approx(176_900, abs=100)
    assert used == [pytest.approx(gas, abs=50) for gas in (113_100, 41_900, 41_900)]


@pytest.mark.deep
def test_money_is_refused(evm: EvmNode) -> None:
    payer = evm.payer()
    with Chain(RPC, transport=evm.transport) as chain:
        made = transact(chain, payer, None, contract().creation)[1].made
        raw = payer.sign(
            payer.account,
            {
                "chainId": CHAIN_ID,
                "data": "0x" + anchor_call(LOG, 1, ROOTS[1]).hex(),
                "gas": 200_000,
                "maxFeePerGas": 10**10,
                "maxPriorityFeePerGas": 1,
                "nonce": chain.transactions_of(payer.account.address),
                "type": 2,
                "value": 1,
                "to": made,
            },
        )
        receipt = chain.receipt(chain.send(raw))
    assert receipt
    assert not receipt.done


@pytest.mark.deep
def test_signer_opens_a_wallets_file(evm: EvmNode) -> None:
    kept = evm.ask("test_keystore", KEYS["office"], "open sesame")["result"]
    address = evm.payer().account.address
    payer = Payer(Account(address, kept, "open sesame"), pause=lambda _seconds: None)
    with Chain(RPC, transport=evm.transport) as chain:
        _, made = transact(chain, payer, None, contract().creation)
        assert made.made
        anchor((chain, made.made), payer, 7, ROOTS[1])
        assert sizes((chain, made.made)) == [7]


@pytest.mark.deep
@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("office", "open barley", "the password is wrong"),
        ("stranger", "open sesame", "does not belong to the"),
    ],
)
def test_signer_refuses_what_is_not_the_accounts(
    evm: EvmNode, name: str, password: str, why: str
) -> None:
    kept = evm.ask("test_keystore", KEYS[name], "open sesame")["result"]
    account = Account(evm.payer("office").account.address, kept, password)
    with pytest.raises(NotSigned, match=why):
        sign_elsewhere(account, {"to": ""})
