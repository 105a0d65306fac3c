"""An issuer of person identification data, a wallet and a vendor of checks, to prove with."""
