"""The anchors of a log that its contract holds."""

from dataclasses import dataclass
from datetime import datetime

from civic.monitor.anchor.chain import Chain, ChainSilent
from civic.monitor.anchor.contract import (
    Address,
    Anchor,
    Anchored,
    LogId,
    NotAsPromised,
    contract,
    latest_call,
)
from civic.terminal.failures import CommandFailed


class OtherContract(CommandFailed):
    """The code at the address is not the contract of this version."""


@dataclass(frozen=True)
class DatedAnchor:
    """An anchor and its time.

    Attributes:
        size: Tree size.
        root: Root of the tree.
        block: Number of the block.
        time: The time of the block; the checkpoint is at least that old.
    """

    size: int
    root: bytes
    block: int
    time: datetime


class Anchors:
    """The contract on a chain, for one log."""

    def __init__(self, chain: Chain, address: Address, log: LogId) -> None:
        """Read the anchors of a log.

        Raises:
            OtherContract: Something else is at the address. Only a contract with exactly this
            code is known to let nobody, not even its creator, revert what it holds.
        """
        self._chain = chain
        self._address = address
        self._log = log
        if chain.code(address) != contract().runtime:
            raise OtherContract(f"{address} is not the contract that this version was made with")

    def latest(self) -> Anchor | None:
        """Return the last anchor; None if there is none.

        Raises:
            ChainSilent: The node's answer cannot be the contract's.
        """
        try:
            return Anchor.decode(self._chain.call(self._address, latest_call(self._log)))
        except NotAsPromised as fault:
            raise ChainSilent(f"the node's answer is not the contract's: {fault}") from None

    def all(self) -> list[DatedAnchor]:
        """Return every anchor, the oldest first.

        Each names the block of the one before, so the node is asked for single blocks only, and
        cannot leave one out unnoticed.

        Raises:
            ChainSilent: The node leaves one out, or its answer cannot be the contract's.
        """
        last = self.latest()
        if last is None:
            return []
        found: list[DatedAnchor] = []
        block = last.block
        while block:
            events = self._events(block)
            time = self._chain.block_time(block)
            found[:0] = [DatedAnchor(one.size, one.root, block, time) for one in events]
            before = events[0].before if events else block
            if before >= block:
                raise ChainSilent(f"the node leaves out anchors of block {block}")
            block = before
        sizes = [one.size for one in found]
        if (found[-1].size, found[-1].root) != (last.size, last.root) or sizes != sorted(
            set(sizes)
        ):
            raise ChainSilent("the node's events are not those of the contract")
        return found

    def _events(self, block: int) -> list[Anchored]:
        topics = [contract().anchored, self._log]
        try:
            return [
                Anchored.decode(data) for data in self._chain.events(self._address, block, topics)
            ]
        except NotAsPromised as fault:
            raise ChainSilent(f"the node's answer is not the contract's: {fault}") from None
