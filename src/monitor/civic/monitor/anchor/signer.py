"""Sign one transaction. A program of its own, in the environment of `make signer`.

It reads one JSON object from its input: `keystore`, `password` and `transaction`. It writes one
with `signed`, or with `refused` and why. Nothing else of Civic is loaded where the key is.
"""

import json
import sys
from typing import Any

from eth_account import Account


def answer(asked: dict[str, Any]) -> dict[str, str]:
    """Give the signed transaction in hexadecimal, or why there is none."""
    try:
        key = Account.decrypt(asked["keystore"], asked["password"])
    except (KeyError, TypeError, ValueError):
        # The library's own words could quote the file.
        return {"refused": "the key does not open: another password, or no keystore"}
    account = Account.from_key(key)
    if account.address.lower() != asked["account"]:
        return {"refused": "the key is not of the account that the keystore names"}
    # As text an address would need a checksum.
    to = bytes.fromhex(asked["transaction"]["to"].removeprefix("0x"))
    signed = account.sign_transaction(asked["transaction"] | {"to": to})
    return {"signed": bytes(signed.raw_transaction).hex()}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
