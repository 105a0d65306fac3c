"""Environments of the functions, and the use cases that several of them share.

Each function composes what it needs from these on first use, so none loads what only another needs.
"""

from civic.audit.adapters.bucket_s3 import CHECKPOINT, INDEX, LOG, Bucket
from civic.audit.adapters.journal_s3 import S3Journal
from civic.audit.adapters.shelf_s3 import S3Heads, S3Shelf
from civic.audit.adapters.signer_kms import KmsSigner
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.recording import Recorder
from civic.runtime import clients
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.settings import Settings


class ReaderSettings(Settings):
    """Environment of the function that serves the log."""

    log_bucket: str


class RecorderSettings(ReaderSettings):
    """Environment of the functions that write the log."""

    log_origin: str
    log_key_id: str
    bus_name: str


def bucket(settings: ReaderSettings) -> Bucket:
    """Compose the log's bucket."""
    return Bucket(clients.s3(), settings.log_bucket)


def lookup(of: Bucket) -> Lookup:
    """Compose the lookup of leaves."""
    return Lookup(S3Shelf(of, LOG), S3Shelf(of, INDEX), S3Heads(of, CHECKPOINT))


def recorder(function: str) -> Recorder:
    """Compose the recorder for a function, in whose name checkpoints are announced."""
    settings = RecorderSettings.from_environment()
    kept = bucket(settings)
    journal = S3Journal(kept)
    publisher = Publisher(
        origin=settings.log_origin,
        journal=journal,
        shelf=S3Shelf(kept, LOG),
        index=S3Shelf(kept, INDEX),
        heads=S3Heads(kept, CHECKPOINT),
        signer=KmsSigner(clients.kms(), settings.log_key_id),
        events=EventBridgePublisher(clients.events(), settings.bus_name, function),
        clock=clients.now,
    )
    return Recorder(journal, publisher, lookup(kept), clients.now)
