"""Says which version this is, also to a verifier that was handed over as one file."""

from typing import Final

VERSION: Final = "0.1.0"
