"""Hold each organisation to what it may keep in files, where the settings say so."""

from django.conf import settings
from django.db.models import Sum

from incidents.errors import TooLarge
from incidents.incident.models import Attachment
from incidents.organisations.models import Organisation

MIB = 1024 * 1024


def check_limits(organisation: Organisation, size_bytes: int) -> None:
    """Raise TooLarge for a file that is larger than theirs, or one too many.

    Two that come at once may both pass: it bounds a growth, and no invariant.
    """
    each_mib, all_mib = settings.ATTACHMENT_LIMITS.get(organisation.slug, (0, 0))
    if each_mib and size_bytes > each_mib * MIB:
        raise TooLarge(
            f"Files of {organisation} may have {each_mib} MiB; this one has "
            f"{size_bytes / MIB:.1f} MiB. Split it, or send a pointer to it."
        )
    if all_mib and _kept_bytes(organisation) + size_bytes > all_mib * MIB:
        raise TooLarge(
            f"The files of {organisation} together may have {all_mib} MiB, and with this "
            "one they would have more. Ask who runs this site for room."
        )


def _kept_bytes(organisation: Organisation) -> int:
    rows = Attachment.objects.filter(organisation=organisation)
    return int(rows.aggregate(kept=Sum("size_bytes"))["kept"] or 0)
