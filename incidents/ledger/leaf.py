"""Opens what an entry's leaf commits to: only the disclosure that belongs there.

A disclosure is believed when its digest stands in the leaf under the field's name and it
names the same field inside; so no disclosure can be moved to another entry or field.
"""

from incidents.ledger.canonical import (
    JsonValue,
    Leaf,
    NotCanonical,
    digest_of,
    open_disclosure,
)


class WrongDisclosure(ValueError):
    """The disclosure is not what this leaf commits to under this name."""


def open_field(leaf: Leaf, name: str, disclosure: str) -> JsonValue:
    """Return the value of a field that the leaf commits to. Raises WrongDisclosure."""
    committed = leaf.commit.get(name)
    if committed is None:
        raise WrongDisclosure(f"the leaf commits to no field {name!r}")
    if not disclosure.isascii() or digest_of(disclosure) != committed:
        raise WrongDisclosure(f"{name}: the digest in the leaf is another")
    try:
        inner, value = open_disclosure(disclosure)
    except NotCanonical as error:
        raise WrongDisclosure(f"{name}: {error}") from None
    if inner != name:
        raise WrongDisclosure(f"{name}: the disclosure is of the field {inner!r}")
    return value
