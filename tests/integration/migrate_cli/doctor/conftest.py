"""A project that is looked at."""

from site_fixtures import migrated_database, project, relay, relayed_url

__all__ = ["migrated_database", "project", "relay", "relayed_url"]
