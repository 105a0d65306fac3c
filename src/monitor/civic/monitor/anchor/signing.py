"""An account that pays for transactions, and the program that signs with its key.

The key is opened in another process, in an environment that contains only the signer: the command
itself has no Ethereum library and never sees a private key.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from civic.monitor.anchor.contract import Address
from civic.terminal.failures import CommandFailed, SettingInvalid, SetupMissing

_SIGNER = Path(__file__).with_name("signer.py")
_USUAL_PYTHON = Path(".venvs/anchor/bin/python")
_LARGEST_KEYSTORE = 64 * 1024
_SECONDS = 120
_ADDRESS = re.compile(r"(0[xX])?[0-9a-fA-F]{40}")

type Sign = Callable[["Account", dict[str, Any]], bytes]
"""Signs a transaction for an account."""


class NotSigned(CommandFailed):
    """The key does not open, or is not the account's."""


@dataclass(frozen=True)
class Account:
    """An account as wallets store it: Web3 Secret Storage, version 3.

    Attributes:
        address: The account.
        keystore: Its encrypted private key, as it is in the file.
        password: The password of the keystore.
    """

    address: Address
    keystore: str = field(repr=False)
    password: str = field(repr=False)


def read_account(file: Path, password: Callable[[], str]) -> Account:
    """Read an account's file.

    Args:
        file: The keystore.
        password: Returns its password; called only after the file proved to be a keystore.

    Raises:
        SettingInvalid: It is not a keystore, or does not name its account.
    """
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_KEYSTORE)
    try:
        text = content.decode()
        address = parse_address(json.loads(text)["address"])
    except (KeyError, TypeError, ValueError, SettingInvalid):
        raise SettingInvalid(
            f"{file} is not a keystore (version 3) with an address in it"
        ) from None
    return Account(address, text, password())


def parse_address(text: str) -> Address:
    """Read an address of 40 hexadecimal digits.

    Raises:
        SettingInvalid: It is not an address.
    """
    if not _ADDRESS.fullmatch(text):
        raise SettingInvalid("an address is 0x and 40 hexadecimal digits")
    return Address(f"0x{text[-40:].lower()}")


def sign_elsewhere(account: Account, transaction: dict[str, Any]) -> bytes:
    """Have a transaction signed by `signer.py`.

    Raises:
        SetupMissing: Its environment is missing.
        NotSigned: The key does not open.
    """
    python = _signer_python()
    asked = {
        "account": account.address,
        "keystore": account.keystore,
        "password": account.password,
        "transaction": transaction,
    }
    # Isolated: neither the caller's modules nor its PYTHONPATH get near the key.
    ended = subprocess.run(
        [python, "-I", "-W", "ignore", _SIGNER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        raise NotSigned("the signer failed; run `make signer` again")
    answered = json.loads(ended.stdout)
    if "refused" in answered:
        raise NotSigned(answered["refused"])
    return bytes.fromhex(answered["signed"])


def _signer_python() -> Path:
    """Return the interpreter that signs: CIVIC_SIGNER, or that of `make signer`."""
    python = Path(os.environ.get("CIVIC_SIGNER") or _USUAL_PYTHON)
    if not python.exists():
        raise SetupMissing(
            f"{python}, which signs transactions, is missing; run `make signer` and then"
            " `civic-monitor anchor` in a checkout, or name its interpreter in CIVIC_SIGNER"
        )
    # Not resolved: an environment's interpreter is a link, and the link is what finds its modules.
    return python.absolute()
