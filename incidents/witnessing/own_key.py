"""Finds the key with which this installation cosigns the logs of others."""

import contextlib
import secrets
from urllib.parse import urlsplit

from django.conf import settings

from incidents.errors import BadConfiguration
from incidents.ledger.vkey import SigningKey, VerificationKey
from incidents.ledger.witness_key import BadKeyFile, make_key, read_key


def own_key() -> SigningKey | None:
    """Return the key, None where none was made. Raises BadConfiguration."""
    try:
        return read_key(settings.WITNESS_KEY_FILE)
    except FileNotFoundError:
        return None
    except (BadKeyFile, OSError) as error:
        raise BadConfiguration(f"The witness's key cannot be read: {error}") from None


def own_public_key() -> VerificationKey | None:
    """Return what others need to verify our cosignatures."""
    key = own_key()
    return key.public if key else None


def ensure_own_key() -> SigningKey:
    """Return the key, made now if it is missing; never a second one.

    A new witness's name is drawn: no two installations may share one.
    """
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    with contextlib.suppress(FileExistsError):
        return own_key() or make_key(
            settings.WITNESS_KEY_FILE, name=f"{host}/witness/{secrets.token_hex(4)}"
        )
    return ensure_own_key()
