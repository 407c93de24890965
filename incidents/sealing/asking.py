"""Knows who signs the log here, asks for what is unsigned, and says why it is not."""

from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings

from incidents.ledger import signer_client
from incidents.ledger.note import BadNote
from incidents.ledger.signer_client import SignerRefused, SignerUnavailable
from incidents.ledger.vkey import BadKey
from incidents.sealing.key_changes import note_keys
from incidents.sealing.models import SealerState
from incidents.sealing.signing import Signer, sign_heads
from incidents.sealing.state import read_state

log = structlog.get_logger(__name__)


def configured_signer() -> Signer | None:
    """Return the signer of this installation, None when nobody signs.

    Raises SignerUnavailable when its public keys cannot be read, BadKey.
    """
    if settings.SIGNER_SOCKET is None:
        return None
    path = Path(settings.SIGNER_SOCKET)
    keys = signer_client.public_keys(path)
    if not keys:
        raise SignerUnavailable(f"{signer_client.keys_beside(path)} holds no key")
    return Signer(keys[-1].name, keys, partial(signer_client.sign, path))


def signer_standing() -> str:
    """Say how the signer stands to this process: none, not separated or separated."""
    if settings.SIGNER_SOCKET is None:
        return "none"
    apart = signer_client.is_separated(Path(settings.SIGNER_SOCKET))
    return "separated" if apart else "not separated"


def sign_what_is_unsigned(now: datetime) -> int | None:
    """Have the newest head signed; returns its size, None when it is not signed.

    A signer that refuses or is away stops nothing but signatures: the state says why,
    the log once for each reason.
    """
    try:
        signer = configured_signer()
        size = sign_heads(signer, now) if signer else None
    except (SignerUnavailable, SignerRefused, BadNote, BadKey) as error:
        _note_unsigned(str(error))
        return None
    if signer and size is not None:
        note_keys([key.vkey() for key in signer.keys], now)
        _note_unsigned("")
    return size


def _note_unsigned(why: str) -> None:
    if read_state().refused_why == why:
        return
    if why:
        log.error("log_not_signed", why=why)
    SealerState.objects.filter(pk=SealerState.ONLY).update(refused_why=why)
