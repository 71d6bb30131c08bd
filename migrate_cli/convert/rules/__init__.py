"""One rule a module. A rule registers itself; see `migrate_cli.convert.registry`."""
