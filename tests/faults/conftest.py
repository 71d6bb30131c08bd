"""The fixtures of tests/site_fixtures.py."""

from site_fixtures import migrated_database, project, relay, relayed_url

__all__ = ["migrated_database", "project", "relay", "relayed_url"]
