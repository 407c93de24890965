"""A lab's own framework, as a regime."""

FRAMEWORK = """
id = "{slug}-framework"
name = "Our Frontier Safety Framework"
jurisdiction = "own"
act = "Frontier Safety Framework, version 3"
article = "Chapter 7"
source_url = "https://lab.example/framework"
verified_on = 2026-11-01
basis = "statute"
status = "voluntary"
zone = "America/Los_Angeles"
calendar = "US-CA"
scope = "Every model that we deploy."

[[limbs]]
id = "safeguard_failed"
text = "a safeguard that the framework relies on has failed"
citation = "7.1"

[[stages]]
id = "notice"
name = "Notice to the board"
trigger = "A safeguard has failed."
recipient = "Safety board"
citation = "7.2"
basis = "statute"
terms = [{{ start = ["aware"], length = {hours}, unit = "hours" }}]
"""


def framework(slug: str = "aurora", *, hours: int = 48) -> str:
    """Return the text of a lab's own regime."""
    return FRAMEWORK.format(slug=slug, hours=hours)
