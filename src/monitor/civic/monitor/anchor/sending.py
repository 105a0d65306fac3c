"""Transactions: what they may cost, sending them once, and waiting until they stand in a block."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from civic.monitor.anchor.chain import Chain, Receipt, TransactionHash
from civic.monitor.anchor.contract import Address
from civic.monitor.anchor.signing import Account, Sign, sign_elsewhere
from civic.terminal.failures import CommandFailed

WEI_PER_GWEI = 10**9

_SPARE = 8
_PATIENCE_LOOKS = 60
_PAUSE_SECONDS = 3.0


class TooDear(CommandFailed):
    """Gas costs more now than whoever pays wants to pay."""


class NotInABlock(CommandFailed):
    """The transaction is on its way, or was lost."""


class Undone(CommandFailed):
    """The transaction stands in a block and changed nothing."""


@dataclass(frozen=True)
class Payer:
    """Who pays for transactions.

    Attributes:
        account: The account.
        most_wei: The most to pay for a unit of gas; None for whatever it costs.
        sign: Signs for the account.
        pause: Waits so many seconds between two looks for the transaction.
    """

    account: Account
    most_wei: int | None = None
    sign: Sign = sign_elsewhere
    pause: Callable[[float], None] = time.sleep


def transact(
    chain: Chain, payer: Payer, to: Address | None, data: bytes
) -> tuple[TransactionHash, Receipt]:
    """Send a transaction, and wait until it stands in a block.

    It takes the number of the account's next transaction that stands in a block. So what is sent
    again while it waits takes the place of the first one and is not paid twice.

    Args:
        chain: Where.
        payer: Who pays.
        to: The contract to call; None makes one.
        data: The call, or the contract to make.

    Raises:
        TooDear: Gas costs more than the payer wants to pay.
        ChainRefused: The contract or the node says no; nothing was paid.
        NotInABlock: It stands in no block yet.
        Undone: It was paid for and changed nothing.
    """
    fees = chain.fees()
    if payer.most_wei is not None and fees.most > payer.most_wei:
        raise TooDear(
            f"gas may cost {fees.most / WEI_PER_GWEI:.2f} gwei now, more than you allow; try later"
        )
    call: dict[str, Any] = {
        "from": payer.account.address,
        "data": f"0x{data.hex()}",
        "maxFeePerGas": hex(fees.most),
        "maxPriorityFeePerGas": hex(fees.tip),
    }
    if to is not None:
        call["to"] = to
    gas = chain.gas_for(call)
    transaction = {
        "chainId": chain.chain_id(),
        "data": f"0x{data.hex()}",
        # What is left over is not paid for.
        "gas": gas + gas // _SPARE,
        "maxFeePerGas": fees.most,
        "maxPriorityFeePerGas": fees.tip,
        "nonce": chain.transactions_of(payer.account.address),
        "type": 2,
        "value": 0,
        "to": to or "",
    }
    sent = chain.send(payer.sign(payer.account, transaction))
    return sent, _wait(chain, payer, sent)


def _wait(chain: Chain, payer: Payer, sent: TransactionHash) -> Receipt:
    for _ in range(_PATIENCE_LOOKS):
        receipt = chain.receipt(sent)
        if receipt is None:
            payer.pause(_PAUSE_SECONDS)
        elif not receipt.done:
            raise Undone(f"the contract refused transaction {sent}")
        else:
            return receipt
    raise NotInABlock(f"transaction {sent} stands in no block yet; run this again later")
