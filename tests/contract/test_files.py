"""Writing a file: whole or not at all, with the old file's permissions, through no link."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from pandakit.files import atomic_write


def write(path, content=b"new", **options):
    """Write a file in two steps."""
    with atomic_write(path, **options) as file:
        file.write(content[:1])
        file.write(content[1:])


def write_and(last, path, **options):
    """Write a file and call something before it is complete."""
    with atomic_write(path, **options) as file:
        file.write(b"half")
        last()


def mode(path):
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_default_permissions(tmp_path):
    """A new file has the permissions that the process gives to any file it creates."""
    (tmp_path / "plain").touch()
    write(tmp_path / "new")
    assert (tmp_path / "new").read_bytes() == b"new"
    assert mode(tmp_path / "new") == mode(tmp_path / "plain")


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o444, 0o666, 0o755])
def test_an_old_file_keeps_its_permissions(tmp_path, bits):
    """Replacing a file opens it to nobody and closes it to nobody, at any moment."""
    target = tmp_path / "old"
    target.write_bytes(b"old")
    target.chmod(bits)
    with atomic_write(target) as file:
        file.write(b"new")
        (temporary,) = tmp_path.glob(".pandakit-*")
        assert mode(temporary) == bits
        assert target.read_bytes() == b"old"
    assert (target.read_bytes(), mode(target)) == (b"new", bits)


def test_a_private_file_is_never_open_to_others(tmp_path, monkeypatch):
    """The temporary file is as private as the old one from the moment that it exists."""
    monkeypatch.setattr("os.chmod", Mock())
    target = tmp_path / "old"
    target.touch(0o600)
    with atomic_write(target):
        (temporary,) = tmp_path.glob(".pandakit-*")
        assert mode(temporary) == 0o600


def test_special_permissions_are_not_kept(tmp_path):
    """A new content never runs with the rights of another user."""
    target = tmp_path / "old"
    target.touch()
    target.chmod(0o4755)
    write(target)
    assert mode(target) == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    """When the writer fails or is interrupted, the folder is as it was."""
    target = tmp_path / "old"
    target.write_bytes(b"old")
    for path in (target, tmp_path / "new"):
        with pytest.raises(error):
            write_and(Mock(side_effect=error), path)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_is_replaced_not_followed(tmp_path, there):
    """What a link points to, present or not, is not written, not created, and decides nothing."""
    (tmp_path / "plain").touch()
    pointed, link = tmp_path / "pointed", tmp_path / "link"
    if there:
        pointed.write_bytes(b"precious")
        pointed.chmod(0o600)
    link.symlink_to(pointed)
    write(link)
    assert link.read_bytes() == b"new"
    assert not link.is_symlink()
    assert mode(link) == mode(tmp_path / "plain")
    assert pointed.exists() == there
    assert not there or pointed.read_bytes() == b"precious"


def test_a_name_that_is_taken_is_never_used(tmp_path, monkeypatch):
    """A file or link that holds the temporary name is neither followed nor deleted."""
    monkeypatch.setattr("pandakit.files.secrets.token_hex", lambda _: "guessed")
    victim, planted = tmp_path / "victim", tmp_path / ".pandakit-guessed.tmp"
    planted.symlink_to(victim)
    with pytest.raises(FileExistsError):
        write(tmp_path / "new")
    assert planted.is_symlink()
    assert not victim.exists()


@pytest.mark.parametrize("has_links", [True, False])
def test_no_overwriting(tmp_path, monkeypatch, has_links):
    """With `overwrite=False` an existing name, also one that comes up meanwhile, is refused."""
    if not has_links:
        monkeypatch.setattr("os.link", Mock(side_effect=PermissionError))
    target = tmp_path / "file"
    write(target, b"first", overwrite=False)
    with pytest.raises(FileExistsError, match="exists already"):
        write(target, overwrite=False)
    late = tmp_path / "late"
    with pytest.raises(FileExistsError, match="late exists already; choose another name"):
        write_and(lambda: late.write_bytes(b"theirs"), late, overwrite=False)
    assert (target.read_bytes(), late.read_bytes()) == (b"first", b"theirs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "late"]


def test_what_is_no_file_is_refused(tmp_path):
    """A folder, a pipe and a missing folder are named in the error; nothing is left behind."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "missing/file"):
        with pytest.raises(OSError, match=name.split("/", maxsplit=1)[0]):
            write(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]
    assert (tmp_path / "pipe").is_fifo()


def test_writers_do_not_harm_each_other(tmp_path):
    """Of many writers at once one file stays, whole, and no temporary file."""
    contents = [bytes([48 + n]) * 100_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write(tmp_path / "file", content), contents * 5))
    assert (tmp_path / "file").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_long_name_can_be_written(tmp_path):
    """A name as long as the file system allows leaves room for the temporary name."""
    target = tmp_path / ("n" * 255)
    write(target)
    assert target.read_bytes() == b"new"
