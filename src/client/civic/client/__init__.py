"""The side of citizens and voters: API client, blinding, and the journal of receipts."""
