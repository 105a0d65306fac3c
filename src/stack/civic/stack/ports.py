"""Which loopback port the engine uses."""

import os
import socket
from pathlib import Path

from civic.terminal.failures import PortTaken, SettingInvalid
from civic.terminal.loopback import LOOPBACK

DEFAULT_PORT = 4566
_HIGHEST_PORT = 65535


def chosen_port(record: Path) -> int:
    """Return the port from CIVIC_PORT, or else the recorded one, or else 4566.

    The engine's saved state contains addresses with its port (queue URLs), so state and port
    belong together.

    Args:
        record: The file that remembers the port of the saved state.

    Raises:
        SettingInvalid: CIVIC_PORT is not a port, or not that of the saved state.
    """
    recorded = int(record.read_text()) if record.exists() else None
    wanted = os.environ.get("CIVIC_PORT")
    if not wanted:
        return recorded or DEFAULT_PORT
    if not wanted.isdecimal() or not 0 < int(wanted) <= _HIGHEST_PORT:
        raise SettingInvalid(f"CIVIC_PORT must be a port number, not {wanted!r}")
    if recorded not in {None, int(wanted)}:
        raise SettingInvalid(
            f"the engine's saved state belongs to port {recorded}; "
            f"unset CIVIC_PORT, or remove the state with `make clean`"
        )
    return int(wanted)


def require_free(port: int) -> None:
    """Check that nothing listens on a port.

    Raises:
        PortTaken: Another program does.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without this, closed connections of an engine that has just stopped would block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortTaken(
                f"port {port} is taken by another program; set CIVIC_PORT=<another port>"
            ) from error
