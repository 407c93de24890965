"""The regimes that come with the product, one file each under `data/`."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from escalation.regimes.reading import read_regime
from escalation.regimes.regime import Regime
from escalation.regimes.tables import RegimeError

FOLDER: Final = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def shipped_regimes() -> Mapping[str, Regime]:
    """Return {id: regime}. Raises RegimeError for a file that cannot be used."""
    return MappingProxyType(load_regimes(FOLDER))


@lru_cache(maxsize=1)
def shipped_texts() -> Mapping[str, str]:
    """Return {id: text of the file}. Raises RegimeError for one that cannot be used."""
    return MappingProxyType({name: _text(name) for name in shipped_regimes()})


def _text(regime_id: str) -> str:
    return (FOLDER / f"{regime_id}.toml").read_text(encoding="utf-8")


def load_regimes(folder: Path) -> dict[str, Regime]:
    """Return the regimes of a folder; a file is named after its regime.

    Raises RegimeError.
    """
    found: dict[str, Regime] = {}
    for path in sorted(folder.glob("*.toml")):
        regime = read_regime(path.read_text(encoding="utf-8"), file=path.name)
        if regime.id != path.stem:
            remedy = f"The file of {regime.id} is to be called {regime.id}.toml."
            raise RegimeError(path.name, "id", remedy)
        found[regime.id] = regime
    return found
