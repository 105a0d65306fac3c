"""Published logs in a folder: by our own writer, and by the naive maker."""

from pathlib import Path
from typing import NamedTuple

from civic.audit.model.notes import verifier_key
from civic.audit.usecases.opening import open_ballots
from civic.audit.usecases.recording import record_ballots, record_events
from civic.contracts.log_entries import leaf_hash
from civic.contracts.voting import Audience
from tests.fakes.log import ORIGIN, Log, arrival, arrivals, certified, opening, save
from tests.fakes.naive_election import story, votes
from tests.fakes.naive_log import Signer, publish, receipt
from tests.fakes.naive_log import leaf_hash as naive_leaf_hash

BALLOTS = 1500


class Published(NamedTuple):
    """A published log, its key, and a receipt with the leaf that it is for."""

    folder: Path
    vkey: str
    receipt: bytes
    leaf: bytes
    auditors: Path | None = None


def naive_log(folder: Path) -> Published:
    """A log made by our naive test writer."""
    signer, entries = Signer(ORIGIN), story(votes(800))
    publish(folder, signer, entries, [0, 1, 2, 255, 256, 300, 511, 513, len(entries)])
    proof = receipt(signer, 300, entries[:513])
    return Published(folder, signer.vkey, proof, naive_leaf_hash(entries[300]))


def written_log(folder: Path, audience: Audience = Audience.PUBLIC) -> Published:
    """A log made by the real writer, from the first ballot to the openings."""
    log = Log()
    recorder = log.recorder()
    first = 0
    for last in (1, 2, 250, 256, 700, BALLOTS):
        record_ballots(recorder, "shard", arrivals(first, last))
        first = last
    # The voter requests it while the log is still growing.
    leaf = leaf_hash(arrival(77).entry)
    proof = log.lookup().prove(leaf)
    certification = certified(BALLOTS, audience)
    record_events(recorder, [certification])
    open_ballots(log.opener([opening(number) for number in range(BALLOTS)]), certification)
    record_events(recorder, [one for one in log.bus.events if "Openings" in type(one).__name__])
    log.save(folder)
    save(log.auditors, folder.parent / "auditors")
    vkey = verifier_key(ORIGIN, log.signer.public_key())
    return Published(folder, vkey, proof, leaf, folder.parent / "auditors")
