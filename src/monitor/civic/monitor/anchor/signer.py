"""Signs one transaction: a separate program, in the environment of `make signer`.

It reads a JSON object with `keystore`, `password` and `transaction` from its input, and writes one
with `signed`, or with `refused` and the reason. No other code of Civic is loaded near the key.
"""

import json
import sys
from typing import Any

from eth_account import Account


def answer(asked: dict[str, Any]) -> dict[str, str]:
    """Return the signed transaction in hexadecimal, or the reason why there is none."""
    try:
        key = Account.decrypt(asked["keystore"], asked["password"])
    except (KeyError, TypeError, ValueError):
        # The library's own message could quote the file.
        return {
            "refused": "the key does not open: the password is wrong, or the file is not a keystore"
        }
    account = Account.from_key(key)
    if account.address.lower() != asked["account"]:
        return {"refused": "the key does not belong to the account that the keystore names"}
    # An address written as text would need a checksum.
    to = bytes.fromhex(asked["transaction"]["to"].removeprefix("0x"))
    signed = account.sign_transaction(asked["transaction"] | {"to": to})
    return {"signed": bytes(signed.raw_transaction).hex()}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
