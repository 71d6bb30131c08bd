"""What several commands of ``wsmigrate parity`` are given."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(dir_okay=False, path_type=Path)
GIVEN_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
ABOVE_0 = click.FloatRange(min=0, min_open=True)

with_ca = click.option("--ca", type=GIVEN_FILE, help="Certificates to trust with wss://, PEM.")
with_rules = click.option("--rules", type=GIVEN_FILE, help="Rules for volatile fields, TOML.")
