"""A site whose publishers follow the state of the cutover."""

from cutover_fixtures import load, operator
from site_fixtures import migrated_database, project, relay, relayed_url

__all__ = ["load", "migrated_database", "operator", "project", "relay", "relayed_url"]
