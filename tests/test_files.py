import errno
import os
from pathlib import Path

import pytest

from skdiffuasr._files import refuse_existing, replaced, write_text


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a.csv.gz"
    with replaced(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == tmp_path
        assert temporary.name.endswith(".csv.gz")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_there_is_replaced(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    write_text(str(path), "né")
    assert path.read_bytes() == "né".encode()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_goes_wrong_leaves_the_old_file_and_no_other(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), replaced(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def write_to_a_full_device(path):
    with replaced(path) as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_text("x" * 10)


@pytest.mark.skipif(
    not Path("/dev/full").is_char_device(), reason="there is no such device"
)
def test_a_full_device(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left"):
        write_to_a_full_device(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_its_file_is_written(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    link.symlink_to(path)
    write_text(link, "first")
    write_text(link, "second")
    assert link.is_symlink()
    assert path.read_text() == "second"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_only_files_are_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(OSError, match="is not a regular file, so"):
            write_text(path, "new")
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_nothing_is_replaced_where_nothing_was_written(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replaced(path):
        pass
    assert path.read_text() == "old"


def test_refusals(tmp_path):
    path = tmp_path / "a.txt"
    refuse_existing(path, overwrite=False)
    path.write_text("old")
    refuse_existing(path, overwrite=True)
    with pytest.raises(FileExistsError, match=r"a\.txt exists; overwrite=True"):
        refuse_existing(str(path), overwrite=False)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        refuse_existing(tmp_path, overwrite=True)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        refuse_existing(tmp_path / "b" / "a.txt", overwrite=True)
