"""Transactions: what they may cost, sending them once, and waiting until they are in a block."""

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
    """Gas costs more now than the payer allows."""


class NotInABlock(CommandFailed):
    """The transaction is still pending, or was lost."""


class Undone(CommandFailed):
    """The transaction is in a block but changed nothing."""


@dataclass(frozen=True)
class Payer:
    """The account that pays for transactions.

    Attributes:
        account: The account.
        most_wei: The most to pay for a unit of gas; None for any price.
        sign: Signs for the account.
        pause: Waits for a number of seconds before the transaction is looked for again.
    """

    account: Account
    most_wei: int | None = None
    sign: Sign = sign_elsewhere
    pause: Callable[[float], None] = time.sleep


def transact(
    chain: Chain, payer: Payer, to: Address | None, data: bytes
) -> tuple[TransactionHash, Receipt]:
    """Send a transaction, and wait until it is in a block.

    Its nonce is the number of the account's transactions in blocks. A transaction that is sent
    again while the first one waits therefore replaces it, and is not paid for twice.

    Args:
        chain: Where to send it.
        payer: The account that pays.
        to: The contract to call; None to create one.
        data: The call, or the contract to create.

    Raises:
        TooDear: Gas costs more than the payer allows.
        ChainRefused: The contract or the node refuses; nothing was paid.
        NotInABlock: It is not in a block yet.
        Undone: It was paid for but changed nothing.
    """
    fees = chain.fees()
    if payer.most_wei is not None and fees.most > payer.most_wei:
        raise TooDear(
            f"gas may cost {fees.most / WEI_PER_GWEI:.2f} gwei now, more than you allow;"
            " try later, or raise --max-fee"
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
        # Gas that is left over is not paid for.
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
    raise NotInABlock(f"transaction {sent} is not in a block yet; run this again later")
