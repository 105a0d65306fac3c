"""Events and identifiers that the contexts share; no behaviour, no AWS."""
