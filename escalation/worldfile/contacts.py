"""Read the contact methods of a file, each as its channel uses it."""

from escalation.notifications.addresses import HIDDEN, SEALED_CHANNELS, read_address
from escalation.notifications.channels.registry import CHANNELS
from escalation.notifications.models import ContactMethod
from escalation.worldfile.problems import Problems
from escalation.worldfile.tables import Table
from escalation.worldfile.world import ContactSpec, World
from incidents.errors import BadInput


def read_contact(table: Table) -> ContactSpec:
    """Read one table of `contact_methods`."""
    channel = table.choice("channel", tuple(CHANNELS))
    shown, secret = _address(table, channel)
    return ContactSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        person=table.email("person", default=""),
        slug=table.slug("slug"),
        channel=channel,
        address=shown,
        address_secret=secret,
        is_verified=table.flag("verified", default=False),
        is_enabled=table.flag("enabled", default=True),
        secret=table.text("secret", default=""),
    )


def check_hidden_addresses(world: World, problems: Problems) -> None:
    """Note each address that an export has hidden and that is not stored here."""
    hidden = [spec for spec in world.contact_methods if _is_hidden(spec)]
    if not hidden:
        return
    columns = ("organisation__slug", "user__email", "slug", "channel", "address")
    stored = set(
        ContactMethod.objects.filter(channel__in=SEALED_CHANNELS).values_list(*columns)
    )
    for spec in hidden:
        person = spec.person or None
        key = (spec.organisation, person, spec.slug, spec.channel, spec.address)
        if key not in stored:
            message = f"{spec.address!r} is only a part. Write the whole address."
            problems.add((*spec.path, "address"), message)


def _address(table: Table, channel: str) -> tuple[str, str]:
    """Return the address as it is shown, and the whole of it where it is a secret."""
    address = table.text("address")
    is_hidden = channel in SEALED_CHANNELS and HIDDEN in address
    if not address or channel not in CHANNELS or is_hidden:
        return address, ""
    try:
        read = read_address(channel, address)
    except BadInput as error:
        message = error.message.removeprefix(f"{error.field}: ")
        table.problems.add((*table.path, error.field), message)
        return "", ""
    return read.shown, read.secret


def _is_hidden(spec: ContactSpec) -> bool:
    is_sealed = spec.channel in SEALED_CHANNELS
    return is_sealed and HIDDEN in spec.address and not spec.address_secret
