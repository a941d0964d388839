from pathlib import Path

import pytest

from skdiffuasr.datasets import clear_data_home, get_data_home


def test_the_folder_is_given_or_from_the_environment(tmp_path, data_home):
    assert get_data_home() == data_home
    assert get_data_home(tmp_path / "other") == tmp_path / "other"
    assert (tmp_path / "other").is_dir()


def test_the_folder_is_in_the_home_folder_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("SKDIFFUASR_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_data_home() == Path.home() / "skdiffuasr_data"


def test_an_empty_name_is_never_the_working_folder(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    (work / "log").write_text("x")
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SKDIFFUASR_DATA", "")
    clear_data_home()
    assert (work / "log").exists()
    with pytest.raises(ValueError, match="give a folder"):
        clear_data_home("")
    assert (work / "log").exists()


def test_the_folder_is_cleared(data_home):
    (get_data_home() / "log").write_text("x")
    clear_data_home()
    assert not data_home.exists()
