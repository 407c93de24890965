r"""Find the incident that a mail answers or names.

>>> from incidents.mail.reading import read_letter
>>> letter = read_letter(b"Subject: Re: [SEV4] INC-0000000000 Weights\r\n\r\nx")
>>> named_ref(letter, domain="tocsin.example")
'INC-0000000000'
"""

import re
from typing import Final

from incidents.incident.refs import is_ref
from incidents.mail.reading import Letter

_REF: Final = re.compile(r"\bINC-[0-9A-HJKMNP-TV-Z]{10}\b", re.IGNORECASE)


def named_ref(letter: Letter, *, domain: str) -> str:
    """Return the reference of the thread that the mail answers, else of its subject.

    `domain` is the one of our Message-IDs. Empty when it names no incident.
    """
    for message_id in letter.answers:
        local, _, host = message_id.rpartition("@")
        if host.lower() == domain.lower() and is_ref(local.upper()):
            return local.upper()
    for found in _REF.findall(letter.subject):
        if is_ref(found.upper()):
            return str(found.upper())
    return ""
