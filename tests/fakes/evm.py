"""A chain of one node on py-evm: a separate program in the environment `.venvs/evm`.

It reads one JSON-RPC request from each line of its input and writes one answer on each line of its
output. Two accounts have money: those of the private keys 0x0101...01 and 0x0202...02. Every
transaction gets its own block, 12 seconds after the previous one, unless `test_hold` holds
transactions back until `test_release`.
"""

import json
import sys
from typing import Any

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.exceptions import VMError
from eth.vm.forks import CancunVM
from eth.vm.spoof import SpoofTransaction
from eth_account import Account

CHAIN_ID = 1337
BASE_FEE = 10**9
GENESIS_TIME = 1_800_000_000
RICH = tuple(Account.from_key(bytes([number]) * 32) for number in (1, 2))
REVERT_REASON = bytes.fromhex("08c379a0")


class Refused(Exception):
    """What a node answers with an error."""


class Node:
    """The methods that `civic-monitor anchor` uses, and a few for tests."""

    def __init__(self) -> None:
        vm = CancunVM
        chain_class = MiningChain.configure(
            __name__="Tested", vm_configuration=((0, vm),), chain_id=CHAIN_ID
        )
        genesis = {
            "difficulty": 0,
            "gas_limit": 30_000_000,
            "timestamp": GENESIS_TIME,
            "base_fee_per_gas": BASE_FEE,
        }
        money = {
            account_bytes(one.address): {
                "balance": 10**20,
                "nonce": 0,
                "code": b"",
                "storage": {},
            }
            for one in RICH
        }
        self.chain = chain_class.from_genesis(AtomicDB(), genesis, money)
        self.held = False
        self.receipts: dict[str, dict[str, Any]] = {}
        self.logs: dict[int, list[dict[str, Any]]] = {}

    def test_sign(self, key: str, transaction: dict[str, Any]) -> str:
        to = account_bytes(transaction["to"])
        signed = Account.from_key(bytes.fromhex(key)).sign_transaction(transaction | {"to": to})
        return hexed(bytes(signed.raw_transaction))

    def test_address(self, key: str) -> str:
        return str(Account.from_key(bytes.fromhex(key)).address).lower()

    def test_keystore(self, key: str, password: str) -> str:
        kept = Account.encrypt(bytes.fromhex(key), password, kdf="pbkdf2", iterations=1)
        return json.dumps(kept)

    def test_hold(self) -> None:
        self.held = True

    def test_release(self) -> None:
        self.held = False
        self._mine()

    def eth_chainId(self) -> str:  # noqa: N802 - the names are those of the Execution APIs
        return hex(CHAIN_ID)

    def eth_getCode(self, address: str, _block: str) -> str:  # noqa: N802
        return hexed(self.chain.get_vm().state.get_code(account_bytes(address)))

    def eth_getTransactionCount(self, address: str, _block: str) -> str:  # noqa: N802
        head = self.chain.get_canonical_head()
        return hex(self.chain.get_vm(head).state.get_nonce(account_bytes(address)))

    def eth_maxPriorityFeePerGas(self) -> str:  # noqa: N802
        return hex(10**9)

    def eth_getBlockByNumber(self, block: str, _full: bool) -> dict[str, str]:  # noqa: FBT001, N802
        if block == "latest":
            header = self.chain.get_canonical_head()
        else:
            header = self.chain.get_canonical_block_header_by_number(int(block, 16))
        return {
            "number": hex(header.block_number),
            "timestamp": hex(header.timestamp),
            "baseFeePerGas": hex(header.base_fee_per_gas),
        }

    def eth_call(self, asked: dict[str, str], _block: str) -> str:
        return hexed(self._compute(asked).output)

    def eth_estimateGas(self, asked: dict[str, str]) -> str:  # noqa: N802
        self._compute(asked)
        head = self.chain.get_canonical_head()
        return hex(self.chain.estimate_gas(self._spoofed(asked), head))

    def eth_sendRawTransaction(self, raw: str) -> str:  # noqa: N802
        builder = self.chain.get_vm().get_transaction_builder()
        transaction = builder.decode(unhexed(raw))
        before_it = self.chain.header.gas_used
        _, receipt, computation = self.chain.apply_transaction(transaction)
        number = self.chain.header.block_number
        before = self.logs.setdefault(number, [])
        before += [
            {
                "address": hexed(address),
                "topics": [hexed(topic.to_bytes(32)) for topic in topics],
                "data": hexed(data),
                "logIndex": hex(len(before) + at),
            }
            for at, (address, topics, data) in enumerate(computation.get_log_entries())
        ]
        sent = hexed(transaction.hash)
        self.receipts[sent] = {
            "status": "0x1" if computation.is_success else "0x0",
            "blockNumber": hex(number),
            "gasUsed": hex(receipt.gas_used - before_it),
            "contractAddress": None if transaction.to else hexed(computation.msg.storage_address),
        }
        if not self.held:
            self._mine()
        return sent

    def eth_getTransactionReceipt(self, sent: str) -> dict[str, Any] | None:  # noqa: N802
        found = self.receipts.get(sent)
        head = self.chain.get_canonical_head().block_number
        return found if found and int(found["blockNumber"], 16) <= head else None

    def eth_getLogs(self, asked: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        first, last = int(asked["fromBlock"], 16), int(asked["toBlock"], 16)
        return [
            one
            for number in range(first, last + 1)
            for one in self.logs.get(number, [])
            if one["address"] == asked["address"] and one["topics"] == asked["topics"]
        ]

    def _mine(self) -> None:
        head = self.chain.get_canonical_head()
        self.chain.set_header_timestamp(head.timestamp + 12)
        self.chain.mine_block()

    def _compute(self, asked: dict[str, str]) -> Any:
        vm = self.chain.get_vm(self.chain.get_canonical_head())
        with vm.in_costless_state() as state:
            computation = state.costless_execute_transaction(self._spoofed(asked))
        if computation.is_error:
            raise Refused(reason(computation.output) or str(computation.error))
        return computation

    def _spoofed(self, asked: dict[str, str]) -> Any:
        sender = account_bytes(asked.get("from", "0x" + "00" * 20))
        transaction = self.chain.create_unsigned_transaction(
            nonce=self.chain.get_vm(self.chain.get_canonical_head()).state.get_nonce(sender),
            gas_price=10**10,
            gas=5_000_000,
            to=account_bytes(asked.get("to", "")),
            value=0,
            data=unhexed(asked["data"]),
        )
        return SpoofTransaction(transaction, from_=sender)


def reason(output: bytes) -> str:
    """Read `Error(string)`, in which a contract gives the reason for refusing."""
    if not output.startswith(REVERT_REASON):
        return ""
    length = int.from_bytes(output[36:68])
    return f"execution reverted: {output[68 : 68 + length].decode()}"


def account_bytes(address: str) -> bytes:
    return unhexed(address)


def hexed(data: bytes) -> str:
    return f"0x{data.hex()}"


def unhexed(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def main() -> None:
    """Answer until the input ends."""
    node = Node()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found = {"result": getattr(node, asked["method"])(*asked["params"])}
        except (Refused, VMError) as error:
            found = {"error": {"code": 3, "message": str(error)}}
        json.dump({"jsonrpc": "2.0", "id": asked["id"]} | found, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
