"""An Ethereum chain as one node reports it: JSON-RPC over HTTP.

The methods are those of the Execution APIs, which every node has. The node is believed: if you do
not trust one, ask two.
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
    """The node cannot be reached, or its answer makes no sense."""


class ChainRefused(CommandFailed):
    """The node or the contract refuses."""


@dataclass(frozen=True)
class Fees:
    """The current price of a unit of gas, in wei.

    Attributes:
        most: The most to pay: twice the base fee, enough for several blocks to come.
        tip: The part of it that goes to the producer of the block.
    """

    most: int
    tip: int


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        done: False if the contract refused it in the end.
        block: Number of its block.
        gas: The gas that it used.
        made: The contract that it created, if any.
    """

    done: bool
    block: int
    gas: int
    made: Address | None


class Chain:
    """A node of the chain."""

    def __init__(self, rpc: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Use the node at an address, which may contain a secret and is never shown."""
        self._http = httpx.Client(timeout=_SECONDS, transport=transport)
        self._rpc = rpc
        self._ids = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def chain_id(self) -> int:
        """Return the number of the chain (EIP-155): 1 is Ethereum itself."""
        return self._ask("eth_chainId", [], _number)

    def code(self, address: Address) -> bytes:
        """Return the code at an address; no bytes if there is none."""
        return self._ask("eth_getCode", [address, "latest"], _bytes)

    def call(self, address: Address, data: bytes) -> bytes:
        """Call a contract without changing anything."""
        asked = {"to": address, "data": _hex(data)}
        return self._ask("eth_call", [asked, "latest"], _bytes)

    def events(self, address: Address, block: int, topics: list[bytes]) -> list[bytes]:
        """Return the data of a contract's events with these topics in a block, in order."""
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
        """Return the time of a block."""
        return self._ask(
            "eth_getBlockByNumber",
            [hex(block), False],
            lambda found: datetime.fromtimestamp(_number(found["timestamp"]), UTC),
        )

    def fees(self) -> Fees:
        """Return the current price of gas (EIP-1559)."""
        base = self._ask(
            "eth_getBlockByNumber",
            ["latest", False],
            lambda found: _number(found["baseFeePerGas"]),
        )
        tip = self._ask("eth_maxPriorityFeePerGas", [], _number)
        return Fees(2 * base + tip, tip)

    def transactions_of(self, account: Address) -> int:
        """Count the transactions of an account that are in blocks: its next nonce."""
        return self._ask("eth_getTransactionCount", [account, "latest"], _number)

    def gas_for(self, transaction: dict[str, Any]) -> int:
        """Return the gas that a transaction would use.

        Raises:
            ChainRefused: It would fail; the message gives the contract's reason.
        """
        return self._ask("eth_estimateGas", [transaction], _number)

    def send(self, signed: bytes) -> TransactionHash:
        """Send a signed transaction."""
        return TransactionHash(self._ask("eth_sendRawTransaction", [_hex(signed)], _text))

    def receipt(self, transaction: TransactionHash) -> Receipt | None:
        """Return what became of a transaction; None while it is not in a block."""
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
            raise ChainSilent(f"the node's answer to {method} makes no sense") from None


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
