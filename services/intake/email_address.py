"""What counts as an e-mail address, on whichever way it comes to us."""

import re
from typing import Final

_PLAIN_EMAIL: Final = re.compile(
    r"(?=.{6,254}$)[a-z0-9](?:[a-z0-9_+-]|\.(?=[a-z0-9_+-])){0,63}@(?:[a-z0-9]{2,63}\.){1,3}(?:com|org|net)"
)


def email_address(text: str) -> str:
    """A syntactically sound address in lower case, its domain in ASCII or Unicode as written; no DNS is asked.

    Raises:
        ValueError: what is wrong with it.
    """
    lowered = text.strip().lower()
    if _PLAIN_EMAIL.fullmatch(lowered):  # what most addresses look like, and every part of it is allowed
        return lowered
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(lowered, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        raise ValueError("Not an e-mail address.") from None
