"""An app that posts, by way of each kind of process that a site has."""
