#!/bin/sh
# Writes the pinned sets from the ranges in pyproject.toml (`make lock`). One set serves every
# supported Python: what differs between them carries an environment marker.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() { # output, then what selects the packages
    out=$1; shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --no-header \
        --no-emit-index-url --constraint requirements/constraints.in "$@" -o "requirements/$out"
}
compile dev.txt pyproject.toml --extra dev
compile channels.txt pyproject.toml --extra server --constraint requirements/dev.txt
compile bridge.txt pyproject.toml --extra bridge --constraint requirements/dev.txt
compile cli.txt pyproject.toml --extra cli --constraint requirements/dev.txt
compile legacy.txt requirements/legacy.in --constraint requirements/dev.txt
