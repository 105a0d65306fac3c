"""The identity domain: registrations, their sealing, validation, storage and erasure."""
