"""What the page of a new own regime begins with: a text that is valid as it stands."""

from datetime import date

from incidents.models import Organisation


def starting_text(organisation: Organisation, today: date) -> str:
    """Return a regime with one limb and one report, to be rewritten."""
    return f'''\
id = "{organisation.slug}-framework"
name = "Frontier safety framework"
jurisdiction = "Own commitment"
act = "Frontier safety framework"
article = "Incident response"
source_url = "https://example.org/framework"
verified_on = {today.isoformat()}
basis = "statute"
status = "voluntary"
zone = "UTC"
calendar = "US-SEC"
scope = "Every model that we deploy."

[[limbs]]
id = "safeguard_failed"
text = "a safeguard that the framework relies on has failed"
citation = "Incident response, 1"

[[stages]]
id = "notice"
name = "Notice"
trigger = "A safeguard has failed."
recipient = "Our safety board"
citation = "Incident response, 2"
basis = "statute"
content = ["What happened", "Which models", "What was done"]
terms = [{{ start = ["aware"], length = 72, unit = "hours" }}]
'''
