"""Name what is kept with a body of the request that brought it.

Some APIs say in the address, or in their answer, what a body means. It is kept among
the delivery's headers, under names that no HTTP header can have, so that no sender can
set them and a stored delivery can be read again.
"""

from typing import Final

# What was asked for, such as `close`; without it the tool's usual event.
ACTION: Final = ":action"
# Which alert, and by which of its names, where the address says so.
ALERT: Final = ":alert"
ALERT_BY: Final = ":alert-by"
# The key that the answer gave to an alert that came without one.
GIVEN_KEY: Final = ":given-key"
# What the test button posted, and no tool.
TRIAL: Final = ":trial"
