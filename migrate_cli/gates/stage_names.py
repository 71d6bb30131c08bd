"""The stages that a further gate names."""

from __future__ import annotations

from migrate_cli.gates.table_values import Values
from wsmigrate.errors import ConfigError
from wsmigrate.rungs import Stage


def stages_of(values: Values) -> frozenset[Stage]:
    """The stages into which steps lead that a gate belongs to. Raises ConfigError."""
    names = values.texts("stages")
    known = {stage.value: stage for stage in Stage}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"There is no stage {name!r}, which a gate in wsmigrate.toml names.",
                remedy=f"There are {', '.join(known)}.",
            )
    return frozenset(known[name] for name in names)
