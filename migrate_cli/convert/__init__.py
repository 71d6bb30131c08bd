"""Convert a project from the old stack: find what has to change, and rewrite what is safe.

`engine.convert` runs the rules in `rules/` over a `project.Project`; nothing is written until
`writing.write` is called with the result.
"""
