"""What the use cases need from the outside world; any method may raise ``StoreUnavailable``."""
