"""Telephone numbers, read as libphonenumber reads them."""

import phonenumbers


def read_phone(written: str, country: str) -> phonenumbers.PhoneNumber | None:
    """Return a telephone number, or None if it is none; it need not be one that exists.

    Args:
        written: As somebody wrote it.
        country: ISO 3166-1 alpha-2; a number without country prefix is read as one of it.
    """
    try:
        return phonenumbers.parse(written, region=country)
    except phonenumbers.NumberParseException:
        return None
