"""The contract `checkpoints.vy` as it was compiled, and its calls as bytes.

The encoding is that of the Contract ABI Specification. Everything that the contract takes and
returns has a fixed size, so it is a sequence of 32-byte words.
"""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import NewType, Self

LogId = NewType("LogId", bytes)
"""SHA-256 of the origin of a log, by which the contract identifies it."""

Address = NewType("Address", str)
"""An account or a contract: `0x` and 40 hexadecimal digits in lower case."""

_WORD = 32
_ADDRESS_BYTES = 20
_LARGEST_NUMBER = 2**64 - 1


class NotAsPromised(Exception):
    """The contract cannot have given this answer."""


@dataclass(frozen=True)
class Contract:
    """What the compiler made of `checkpoints.vy`.

    Attributes:
        creation: What a transaction carries to create the contract.
        runtime: The code that is then on the chain, byte by byte.
        anchor: Selector of `anchor(bytes32,uint64,bytes32)`.
        latest: Selector of `latest(bytes32)`.
        anchored: First topic of the event `Anchored`.
    """

    creation: bytes
    runtime: bytes
    anchor: bytes
    latest: bytes
    anchored: bytes


@dataclass(frozen=True)
class Anchor:
    """What the contract holds for a log.

    Attributes:
        account: The account that anchors this log.
        size: Tree size.
        root: Root of the tree.
        block: Number of the block that it was anchored in.
    """

    account: Address
    size: int
    root: bytes
    block: int

    @classmethod
    def decode(cls, answer: bytes) -> Self | None:
        """Decode an answer of `latest`; None for a log that was never anchored.

        Raises:
            NotAsPromised: The contract does not answer like this.
        """
        account, size, root, block = _words(answer, 4)
        if not any(account):
            return None
        padding, address = account[:-_ADDRESS_BYTES], account[-_ADDRESS_BYTES:]
        if any(padding):
            raise NotAsPromised("an address has 20 bytes")
        return cls(Address(f"0x{address.hex()}"), _number(size), root, _number(block))


@dataclass(frozen=True)
class Anchored:
    """The event of one anchor.

    Attributes:
        size: Tree size.
        root: Root of the tree.
        before: Number of the block of the log's previous anchor; 0 for the first.
    """

    size: int
    root: bytes
    before: int

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode the data of an event.

        Raises:
            NotAsPromised: The contract does not emit such an event.
        """
        size, root, before = _words(data, 3)
        return cls(_number(size), root, _number(before))


@cache
def contract() -> Contract:
    """Return the compiled contract."""
    read = json.loads(
        resources.files("civic.monitor.anchor").joinpath("checkpoints.json").read_text()
    )
    return Contract(
        creation=bytes.fromhex(read["creation"]),
        runtime=bytes.fromhex(read["runtime"]),
        anchor=bytes.fromhex(read["selectors"]["anchor(bytes32,uint64,bytes32)"]),
        latest=bytes.fromhex(read["selectors"]["latest(bytes32)"]),
        anchored=bytes.fromhex(read["topics"]["Anchored(bytes32,uint64,bytes32,uint64)"]),
    )


def log_id(origin: str) -> LogId:
    """Return the id by which the contract knows a log."""
    return LogId(sha256(origin.encode()).digest())


def anchor_call(log: LogId, size: int, root: bytes) -> bytes:
    """Return the data of a transaction that anchors a checkpoint."""
    return contract().anchor + log + size.to_bytes(_WORD) + root


def latest_call(log: LogId) -> bytes:
    """Return the data of a call that asks for the last anchor of a log."""
    return contract().latest + log


def _words(data: bytes, count: int) -> list[bytes]:
    if len(data) != count * _WORD:
        raise NotAsPromised(f"{len(data)} bytes instead of {count} words")
    return [data[at : at + _WORD] for at in range(0, len(data), _WORD)]


def _number(word: bytes) -> int:
    number = int.from_bytes(word)
    if number > _LARGEST_NUMBER:
        raise NotAsPromised("a number has at most 64 bits")
    return number
