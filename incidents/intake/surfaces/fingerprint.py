"""Number alerts as Alertmanager does, for clients that name them so.

Source: github.com/prometheus/common, model/signature.go (FNV-1a over sorted labels).

>>> fingerprint({"alertname": "Free_Disk_Space_Too_Low", "cluster": "staging",
...              "disk": "sda", "instance": "server5", "job": "node_exporter"})
'aae7a1432b5d2f1b'
"""

from collections.abc import Mapping
from typing import Final

_OFFSET: Final = 14695981039346656037
_PRIME: Final = 1099511628211
_BITS: Final = 2**64
_SEPARATOR: Final = b"\xff"


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return the fingerprint of a set of labels, in hexadecimal."""
    number = _OFFSET
    for name in sorted(labels):
        pair = name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR
        for byte in pair:
            number = (number ^ byte) * _PRIME % _BITS
    return f"{number:016x}"
