"""Chains to anchor on: one in memory that imitates the contract, and one that runs its code.

Both answer JSON-RPC without a network. `tests/contract/test_anchor_contract.py` checks the first
against the second, which needs the environment `.venvs/evm`.
"""

import json
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from civic.monitor.anchor.contract import Address, contract
from civic.monitor.anchor.sending import Payer
from civic.monitor.anchor.signing import Account

RPC = "http://node.test/secret"
GENESIS_TIME = 1_800_000_000
BLOCK_SECONDS = 12
CHAIN_ID = 1337
KEYS = {"office": "01" * 32, "stranger": "02" * 32}
"""Two accounts with money. Their keys are made up."""

_ROOT = Path(__file__).parents[2]
_WORD = 32


class Node(ABC):
    """What both chains have for tests."""

    @abstractmethod
    def ask(self, method: str, *parameters: Any) -> Any:
        """Call a method; an error is returned as it would be sent."""

    @property
    def transport(self) -> httpx.BaseTransport:
        """The chain as `Chain` reaches it."""
        return httpx.MockTransport(self._answer)

    def payer(self, name: str = "office", most_wei: int | None = None) -> Payer:
        """One of the accounts, which never waits."""
        address = Address(self.ask("test_address", KEYS[name])["result"])

        def sign(_account: Account, transaction: dict[str, Any]) -> bytes:
            signed = self.ask("test_sign", KEYS[name], transaction)["result"]
            return bytes.fromhex(signed.removeprefix("0x"))

        def pause(_seconds: float) -> None:
            self.ask("test_release")

        return Payer(Account(address, "", ""), most_wei, sign, pause)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        answer = self.ask(asked["method"], *asked["params"])
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": asked["id"]} | answer)


class EvmNode(Node):
    """`tests/fakes/evm.py` in a separate process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, method: str, *parameters: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        asked = {"id": 1, "method": method, "params": parameters}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return {part: answer[part] for part in ("result", "error") if part in answer}


@contextmanager
def evm_node() -> Iterator[EvmNode]:
    """Run a chain; it ends with its input."""
    python = _ROOT / ".venvs" / "evm" / "bin" / "python"
    program = Path(__file__).with_name("evm.py")
    with subprocess.Popen(  # noqa: S603 - a program of this folder
        [python, "-I", "-W", "ignore", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield EvmNode(process)


class Refused(Exception):
    """The contract's reason for refusing."""


class FakeNode(Node):
    """A chain in memory on which every address has our contract."""

    def __init__(self) -> None:
        self.block = 0
        self.held: list[dict[str, Any]] | None = None
        self.contracts: dict[str, dict[bytes, tuple[str, int, bytes, int]]] = {}
        self.codes: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.nonces: dict[str, int] = {}
        self.base_fee = 10**9
        self._made = count(1)

    def ask(self, method: str, *parameters: Any) -> Any:
        try:
            return {"result": getattr(self, method)(*parameters)}
        except Refused as refused:
            return {"error": {"code": 3, "message": f"execution reverted: {refused}"}}

    def test_address(self, key: str) -> str:
        return f"0x{key[:40]}"

    def test_sign(self, key: str, transaction: dict[str, Any]) -> str:
        return "0x" + json.dumps(transaction | {"from": self.test_address(key)}).encode().hex()

    def test_hold(self) -> None:
        self.held = []

    def test_release(self) -> None:
        held, self.held = self.held or [], None
        if held:
            self.block += 1
        for transaction in held:
            self._do(transaction)

    def eth_chainId(self) -> str:  # noqa: N802 - the names are those of the Execution APIs
        return hex(CHAIN_ID)

    def eth_getCode(self, address: str, _block: str) -> str:  # noqa: N802
        return "0x" + self.codes.get(address, b"").hex()

    def eth_getTransactionCount(self, address: str, _block: str) -> str:  # noqa: N802
        return hex(self.nonces.get(address, 0))

    def eth_maxPriorityFeePerGas(self) -> str:  # noqa: N802
        return hex(10**9)

    def eth_getBlockByNumber(self, block: str, _full: bool) -> dict[str, str]:  # noqa: FBT001, N802
        number = self.block if block == "latest" else int(block, 16)
        time = GENESIS_TIME + BLOCK_SECONDS * number
        return {
            "number": hex(number),
            "timestamp": hex(time),
            "baseFeePerGas": hex(self.base_fee),
        }

    def eth_call(self, asked: dict[str, str], _block: str) -> str:
        data = bytes.fromhex(asked["data"].removeprefix("0x"))
        assert data[:4] == contract().latest
        account, size, root, block = self.contracts[asked["to"]].get(
            data[4:], ("0x" + "00" * 20, 0, bytes(_WORD), 0)
        )
        padded = bytes.fromhex(account.removeprefix("0x")).rjust(_WORD, b"\0")
        return "0x" + (padded + size.to_bytes(_WORD) + root + block.to_bytes(_WORD)).hex()

    def eth_estimateGas(self, asked: dict[str, str]) -> str:  # noqa: N802
        if "to" in asked:
            self._check(asked)
        return hex(100_000)

    def eth_sendRawTransaction(self, raw: str) -> str:  # noqa: N802
        transaction = json.loads(bytes.fromhex(raw.removeprefix("0x")))
        transaction["hash"] = f"0x{next(self._made):064x}"
        assert transaction["nonce"] == self.nonces.get(transaction["from"], 0) + len(
            self.held or []
        )
        if self.held is None:
            self.block += 1
            self._do(transaction)
        else:
            self.held.append(transaction)
        return str(transaction["hash"])

    def eth_getTransactionReceipt(self, sent: str) -> dict[str, Any] | None:  # noqa: N802
        return self.receipts.get(sent)

    def eth_getLogs(self, asked: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        assert asked["fromBlock"] == asked["toBlock"], "a node may refuse wide ranges"
        wanted = asked["address"], asked["topics"], asked["fromBlock"]
        return [
            one for one in self.events if (one["address"], one["topics"], one["block"]) == wanted
        ]

    def _do(self, transaction: dict[str, Any]) -> None:
        self.nonces[transaction["from"]] = transaction["nonce"] + 1
        made, status = None, "0x1"
        if not transaction["to"]:
            made = f"0x{int(transaction['hash'], 16):040x}"
            self.codes[made], self.contracts[made] = contract().runtime, {}
        else:
            try:
                self._anchor(transaction)
            except Refused:
                status = "0x0"
        self.receipts[transaction["hash"]] = {
            "status": status,
            "blockNumber": hex(self.block),
            "gasUsed": hex(100_000),
            "contractAddress": made,
        }

    def _check(self, transaction: dict[str, str]) -> tuple[bytes, int, bytes, int]:
        data = bytes.fromhex(transaction["data"].removeprefix("0x"))
        assert data[:4] == contract().anchor
        origin, size, root = data[4:36], int.from_bytes(data[36:68]), data[68:]
        account, last, _, block = self.contracts[transaction["to"]].get(
            origin, (transaction["from"], 0, b"", 0)
        )
        if account != transaction["from"]:
            raise Refused("another account anchors this log")
        if size <= last:
            raise Refused("the size does not grow")
        return origin, size, root, block

    def _anchor(self, transaction: dict[str, Any]) -> None:
        origin, size, root, before = self._check(transaction)
        held = self.contracts[transaction["to"]]
        held[origin] = (transaction["from"], size, root, self.block)
        data = size.to_bytes(_WORD) + root + before.to_bytes(_WORD)
        self.events.append(
            {
                "address": transaction["to"],
                "topics": ["0x" + contract().anchored.hex(), "0x" + origin.hex()],
                "data": "0x" + data.hex(),
                "block": hex(self.block),
                "logIndex": hex(len(self.events)),
            }
        )
