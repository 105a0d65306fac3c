"""An Ethereum chain, as a node shows it: JSON-RPC over HTTP.

The methods are those of the Execution APIs that every node has. A node is believed here; whoever
does not trust one asks two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, NewType, Self

import httpx

from civic.monitor.anchor.contract import Address
from civic.terminal.failures import CommandFailed

TransactionHash = NewType("TransactionHash", str)

_SECONDS = 30.0


class ChainSilent(CommandFailed):
    """The node cannot be reached, or answers what is no answer."""


class ChainRefused(CommandFailed):
    """The node, or the contract, says no."""


@dataclass(frozen=True)
class Fees:
    """What a unit of gas costs now, in wei.

    Attributes:
        most: The most to pay: twice the base fee, so that it is enough for some blocks to come.
        tip: What whoever makes the block gets of it.
    """

    most: int
    tip: int


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        done: False if the contract refused it after all.
        block: Number of its block.
        gas: What it used.
        made: The contract that it made, if it made one.
    """

    done: bool
    block: int
    gas: int
    made: Address | None


class Chain:
    """A node of the chain."""

    def __init__(self, rpc: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Ask the node at an address, which may hold a secret and is never shown."""
        self._http = httpx.Client(timeout=_SECONDS, transport=transport)
        self._rpc = rpc
        self._ids = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def chain_id(self) -> int:
        """Give the number of the chain (EIP-155): 1 is Ethereum itself."""
        return self._ask("eth_chainId", [], _number)

    def code(self, address: Address) -> bytes:
        """Give the code that stands at an address; no bytes where there is none."""
        return self._ask("eth_getCode", [address, "latest"], _bytes)

    def call(self, address: Address, data: bytes) -> bytes:
        """Ask a contract for something that changes nothing."""
        asked = {"to": address, "data": _hex(data)}
        return self._ask("eth_call", [asked, "latest"], _bytes)

    def events(self, address: Address, block: int, topics: list[bytes]) -> list[bytes]:
        """Give the data of a contract's events with these topics in a block, in their order."""
        asked = {
            "address": address,
            "fromBlock": hex(block),
            "toBlock": hex(block),
            "topics": [_hex(topic) for topic in topics],
        }
        return self._ask(
            "eth_getLogs",
            [asked],
            lambda found: [
                _bytes(one["data"])
                for one in sorted(found, key=lambda one: _number(one["logIndex"]))
            ],
        )

    def block_time(self, block: int) -> datetime:
        """Give the time that stands in a block."""
        return self._ask(
            "eth_getBlockByNumber",
            [hex(block), False],
            lambda found: datetime.fromtimestamp(_number(found["timestamp"]), UTC),
        )

    def fees(self) -> Fees:
        """Give what gas costs now (EIP-1559)."""
        base = self._ask(
            "eth_getBlockByNumber",
            ["latest", False],
            lambda found: _number(found["baseFeePerGas"]),
        )
        tip = self._ask("eth_maxPriorityFeePerGas", [], _number)
        return Fees(2 * base + tip, tip)

    def transactions_of(self, account: Address) -> int:
        """Count the transactions of an account that stand in blocks: its next nonce."""
        return self._ask("eth_getTransactionCount", [account, "latest"], _number)

    def gas_for(self, transaction: dict[str, Any]) -> int:
        """Give what a transaction would use.

        Raises:
            ChainRefused: It would fail; the message has the contract's reason.
        """
        return self._ask("eth_estimateGas", [transaction], _number)

    def send(self, signed: bytes) -> TransactionHash:
        """Send a signed transaction on its way."""
        return TransactionHash(self._ask("eth_sendRawTransaction", [_hex(signed)], _text))

    def receipt(self, transaction: TransactionHash) -> Receipt | None:
        """Tell what became of a transaction; None while it stands in no block."""
        return self._ask("eth_getTransactionReceipt", [transaction], _receipt)

    def _ask[T](self, method: str, parameters: list[Any], read: Callable[[Any], T]) -> T:
        asked = {
            "jsonrpc": "2.0",
            "id": next(self._ids),
            "method": method,
            "params": parameters,
        }
        try:
            answer = self._http.post(self._rpc, json=asked)
            document = answer.json()
            if "error" in document:
                raise ChainRefused(f"the node refuses {method}: {document['error']['message']}")
            return read(document["result"])
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChainSilent(f"no answer from the node ({type(error).__name__})") from None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ChainSilent(f"the node's answer to {method} is none") from None


def _receipt(found: Any) -> Receipt | None:
    if found is None:
        return None
    made = found.get("contractAddress")
    return Receipt(
        done=_number(found["status"]) == 1,
        block=_number(found["blockNumber"]),
        gas=_number(found["gasUsed"]),
        made=None if made is None else Address(_text(made).lower()),
    )


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int:
    return int(_text(value), 16)


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(_text(value).removeprefix("0x"))
