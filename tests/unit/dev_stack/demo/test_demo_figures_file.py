"""The file of ``--json``: that it can be written is known before anything is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dev_stack.demo.figures_file import check_writable, write_figures
from wsmigrate.errors import ConfigError


def test_it_is_replaced_in_one_step(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    file.write_text("old")
    check_writable(file)
    assert file.read_text() == "old"
    write_figures(file, {"lost": 0})
    assert json.loads(file.read_text()) == {"lost": 0}
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        check_writable(tmp_path / "none" / "figures.json")


def test_a_folder_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder, and has to be a file"):
        check_writable(tmp_path)


def test_a_file_system_that_refuses_is_said() -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_figures(Path("/proc/figures.json"), {})
