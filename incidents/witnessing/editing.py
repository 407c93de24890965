"""Add, change and end witnesses of our log, and the logs that this installation watches.

Both belong to the platform: only its administrators change them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from incidents.errors import BadInput, NotAllowed
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.access import actor_for
from incidents.ledger.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from incidents.ledger.quorum import RESERVED
from incidents.ledger.vkey import (
    BadKey,
    KeyType,
    VerificationKey,
    decode_base64,
    parse_vkey,
)
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.sealing.log_events import record_log_event
from incidents.witnessing.cosigning import complete_standing_heads
from incidents.witnessing.models import WatchedLog, Witness
from incidents.witnessing.own_key import ensure_own_key, own_public_key
from incidents.witnessing.own_policy import GROUP_NAMES, standing_quorum

# A note has at most 16 signature lines; two are the log's own while its key changes.
MAX_WITNESSES: Final = 12
MAX_KEYS: Final = 4
_CHANGED: Final = ("address", "is_active", "added_at")


@dataclass(frozen=True, slots=True)
class WitnessDraft:
    """Who is to cosign. Without an address it fetches heads itself."""

    slug: str
    vkey: str
    address: str = ""
    organisation: Organisation | None = None


@dataclass(frozen=True, slots=True)
class LogDraft:
    """A log that is to be watched, from a head on that its operator handed over."""

    origin: str
    vkeys: Sequence[str]
    size: int = 0
    root: bytes = EMPTY_ROOT


def platform_actor(person: User) -> Actor:
    """Return the person as an administrator of the platform. Raises NotAllowed."""
    ids = organisations_allowing(person, Action.CONFIGURE)
    rows = Organisation.objects.filter(pk__in=ids, kind=OrganisationKind.PLATFORM)
    platform = rows.order_by("pk").first()
    if platform is None:
        raise NotAllowed("Only an administrator of the platform changes this.")
    return actor_for(person, platform)


def may_configure(person: User) -> bool:
    """Tell whether the person administers the platform."""
    ids = organisations_allowing(person, Action.CONFIGURE)
    rows = Organisation.objects.filter(pk__in=ids, kind=OrganisationKind.PLATFORM)
    return rows.exists()


def named_side(slug: str) -> Organisation | None:
    """Return the organisation with this slug, none for none. Raises BadInput."""
    found = Organisation.objects.filter(slug=slug).first() if slug else None
    if slug and found is None:
        raise BadInput("organisation", slug, "Name an organisation, or none.")
    return found


def read_root(text: str) -> bytes:
    """Return the root in base64, that of an empty log for none. Raises BadInput."""
    root = decode_base64(text) if text else EMPTY_ROOT
    if root is None:
        raise BadInput("root", text, "Send the root as base64, as a head shows it.")
    return root


def check_witness(draft: WitnessDraft) -> None:
    """Raise BadInput for a witness that cannot be."""
    key = _key(draft.vkey, KeyType.WITNESS)
    if key == own_public_key():
        _refuse_vkey(draft.vkey, "This is this installation's own key: no witness.")
    _check_slug(draft.slug)
    _check_side(draft.organisation)
    _check_address(draft.address)


def check_log(draft: LogDraft) -> str:
    """Return its keys, a line each. Raises BadInput for a log that cannot be watched."""
    vkeys = _checked_keys(draft.origin, draft.vkeys)
    if not 0 <= draft.size <= MAX_SIZE:
        raise BadInput("size", draft.size, "Send a number of entries, 0 for none.")
    is_empty = draft.size == 0
    if len(draft.root) != HASH_BYTES or is_empty != (draft.root == EMPTY_ROOT):
        remedy = "Send the 32 bytes of the root at that size; none for size 0."
        raise BadInput("root", draft.root.hex(), remedy)
    return vkeys


def add_witness(draft: WitnessDraft, *, actor: Actor, now: datetime) -> Witness:
    """Have a witness cosign from the next head on. Raises BadInput."""
    check_witness(draft)
    with transaction.atomic():
        rows = Witness.objects.select_for_update().order_by("pk")
        if sum(row.is_active for row in rows) >= MAX_WITNESSES:
            remedy = f"There are {MAX_WITNESSES} already, all that a head can carry."
            raise BadInput("slug", draft.slug, f"{remedy} End one of them first.")
        try:
            with transaction.atomic():
                witness = Witness.objects.create(
                    slug=draft.slug,
                    vkey=draft.vkey,
                    address=draft.address,
                    organisation=draft.organisation,
                    added_at=now,
                )
        except IntegrityError:
            _refuse_known(draft)
        _record("log.witness_added", witness, actor, now)
    return witness


def change_witness(
    witness: Witness,
    *,
    address: str | None = None,
    is_active: bool | None = None,
    actor: Actor,
    now: datetime,
) -> Witness:
    """Ask a witness elsewhere, end it, or begin with it again. Raises BadInput."""
    if address is not None:
        _check_address(address)
    with transaction.atomic():
        row = Witness.objects.select_for_update().get(pk=witness.pk)
        was_active = row.is_active
        row.address = row.address if address is None else address
        row.is_active = was_active if is_active is None else is_active
        row.next_at, row.failures, row.failed_why = None, 0, ""
        if row.is_active and not was_active:
            # It is waited for from now on: what it missed while ended is no silence.
            row.added_at = now
        row.save(update_fields=[*_CHANGED, "next_at", "failures", "failed_why"])
        if row.is_active != was_active:
            if not row.is_active:
                _check_free(row.slug)
            transaction.on_commit(complete_standing_heads, robust=True)
            kind = "log.witness_added" if row.is_active else "log.witness_removed"
            _record(kind, row, actor, now)
    return row


def watch_log(draft: LogDraft, *, actor: Actor, now: datetime) -> WatchedLog:
    """Cosign another log from this head on. Raises BadInput."""
    vkeys = check_log(draft)
    ensure_own_key()
    with recording(now):
        watched, is_new = WatchedLog.objects.get_or_create(
            origin=draft.origin,
            defaults={
                "vkeys": vkeys,
                "size": draft.size,
                "root": draft.root,
                "added_at": now,
            },
        )
        if not is_new:
            remedy = "It is watched already; change its keys there."
            raise BadInput("origin", draft.origin, remedy)
        _record_watching(watched, "begun", actor)
    return watched


def change_log(
    watched: WatchedLog,
    *,
    vkeys: Sequence[str] | None = None,
    is_active: bool | None = None,
    actor: Actor,
    now: datetime,
) -> WatchedLog:
    """Know a log by other keys, end watching it, or go on. Raises BadInput.

    What was cosigned stays: a log that is watched again goes on from there.
    """
    text = None if vkeys is None else _checked_keys(watched.origin, vkeys)
    with recording(now):
        row = WatchedLog.objects.select_for_update().get(pk=watched.pk)
        before = row.vkeys, row.is_active
        row.vkeys = row.vkeys if text is None else text
        row.is_active = row.is_active if is_active is None else is_active
        if (row.vkeys, row.is_active) != before:
            row.save(update_fields=["vkeys", "is_active"])
            _record_watching(row, "changed", actor)
    return row


def _record_watching(watched: WatchedLog, done: str, actor: Actor) -> None:
    changes = {"keys": watched.vkeys.splitlines(), "active": watched.is_active}
    record(
        "config.changed",
        organisation_id=actor.organisation_id,
        actor=actor,
        body={"what": f"Witnessing of {watched.origin} {done}", "changes": changes},
    )


def _key(vkey: str, key_type: KeyType, field: str = "vkey") -> VerificationKey:
    try:
        key = parse_vkey(vkey)
    except BadKey as error:
        _refuse_vkey(vkey, f"{error}.", field)
    if key.type is not key_type:
        _refuse_vkey(vkey, f"Send the key of a {key_type.name.lower()}.", field)
    return key


def _refuse_vkey(vkey: str, remedy: str, field: str = "vkey") -> NoReturn:
    raise BadInput(field, vkey, remedy)


def _check_free(slug: str) -> None:
    """Raise BadInput for a witness that is named where heads are made complete."""
    quorum = standing_quorum()
    groups = quorum.groups if quorum else ()
    places = [one.name for one in groups if slug in one.members]
    if quorum and (places or quorum.quorum == slug):
        where = f"in its group {places[0]}" if places else "by itself"
        remedy = f"The quorum names {slug} {where}: set a quorum without it first."
        raise BadInput("is_active", slug, remedy)


def _check_slug(slug: str) -> None:
    quorum = standing_quorum()
    groups = {one.name for one in quorum.groups} if quorum else set()
    if slug in RESERVED | GROUP_NAMES | groups:
        raise BadInput(
            "slug", slug, "This name means a group in a policy: choose another."
        )


def _check_side(organisation: Organisation | None) -> None:
    if organisation and organisation.kind == OrganisationKind.PLATFORM:
        remedy = (
            "An operator's own witness is no witness: name a lab, an agency or none."
        )
        raise BadInput("organisation", organisation.slug, remedy)


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_fit = False
    if address and (not is_fit or not address.isascii() or " " in address):
        remedy = "Send the https:// address below which add-checkpoint stands, or none."
        raise BadInput("address", address, remedy)


def _checked_keys(origin: str, vkeys: Sequence[str]) -> str:
    keys = [_key(vkey, KeyType.LOG, "vkeys") for vkey in vkeys]
    if not 1 <= len(set(keys)) == len(keys) <= MAX_KEYS:
        raise BadInput("vkeys", len(keys), f"Send 1 to {MAX_KEYS} keys, each once.")
    for key in keys:
        if key.name != origin:
            _refuse_vkey(
                key.vkey(), f"This key is of {key.name}, not of {origin}.", "vkeys"
            )
    return "\n".join(key.vkey() for key in keys)


def _refuse_known(draft: WitnessDraft) -> NoReturn:
    if Witness.objects.filter(slug=draft.slug).exists():
        remedy = (
            "This name is taken. A witness keeps its key; a new key is a new witness."
        )
        raise BadInput("slug", draft.slug, remedy) from None
    raise BadInput("vkey", draft.vkey, "This key is of another witness here.") from None


def _record(kind: str, witness: Witness, actor: Actor, now: datetime) -> None:
    fields = {
        "witness": witness.slug,
        "key": witness.vkey,
        "actor": actor.for_other_side(),
    }
    if witness.organisation:
        fields["organisation"] = witness.organisation.slug
    record_log_event(kind, fields, now)
