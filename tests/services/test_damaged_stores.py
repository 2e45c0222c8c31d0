"""Stores whose files were damaged, moved or replaced: the frame never changes."""

from __future__ import annotations

import os
import random
import resource
import shutil
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import pandakit as pk
from tests.fuzz import examples
from tests.services.conftest import Script, hurried
from tests.services.test_pangea_search import START, FakeLog
from tests.tokens import PANGEA, PANTHER

PAGES = 4


class Tenant:
    """A tenant of Panther that answers as many pages as it is told to, and then an error."""

    def __init__(self, name):
        self.name, self.left = name, PAGES

    def __call__(self, request):
        """Answer a page of rules."""
        if not self.left:
            return {"message": "no"}, 403
        self.left -= 1
        page = int(request.args.get("cursor", 0))
        rows = [{"id": f"{self.name}-{page}-{n}", "body": "x"} for n in range(3)]
        return {"results": rows, **({"next": str(page + 1)} if page + 1 < PAGES else {})}


def events(name):
    """Return the events of a log, each a moment and a hash."""
    return [(f"2026-05-02T00:00:{n:02d}.000000Z", f"{name}{n:05d}") for n in range(20)]


class Stores:
    """A store with unfinished and finished loads of two tenants and two logs, and their frames."""

    def __init__(self, folder):
        self.tenants, self.logs = [Tenant("a"), Tenant("b")], [FakeLog(events(n)) for n in "ab"]
        self.scripts = [Script(each).__enter__() for each in (*self.tenants, *self.logs)]
        urls = [each.url for each in self.scripts]
        self.clients = [hurried(pk.Panther(url, PANTHER)) for url in urls[:2]]
        self.clients += [hurried(pk.Pangea(PANGEA, base_url_template=url)) for url in urls[2:]]
        self.folder = folder / "store"
        self.whole = [self.load(number, None) for number in range(4)]
        for number in (1, 2, 3, 0):  # the first one last: it stays unfinished
            self.tenants[0].left = PAGES if number else 3
            self.tenants[1].left = 2
            try:
                self.load(number, self.folder)
            except pk.PermissionDeniedError:
                assert number < 2

    def load(self, number, store):
        """Load the rules of a tenant, or search a log."""
        client = self.clients[number]
        return client.rules(store=store) if number < 2 else client.search(start=START, store=store)

    def files(self, number, suffix):
        """Return the files of a load within the store."""
        with TemporaryDirectory() as folder:
            for tenant in self.tenants:
                tenant.left = PAGES
            self.load(number, folder)
            [question] = Path(folder).iterdir()
        found = (self.folder / question.name).rglob(f"*{suffix}")
        return sorted(path.relative_to(self.folder) for path in found)

    def close(self):
        """Stop the servers."""
        for client in self.clients:
            client.close()
        for each in self.scripts:
            each.__exit__()


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Stores to be copied and damaged."""
    made = Stores(tmp_path_factory.mktemp("stores"))
    yield made
    made.close()


def with_another_byte(path, _others, chance):
    """Change a byte."""
    content = bytearray(path.read_bytes() or b"x")
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path, _others, chance):
    """Cut the file, down to nothing."""
    path.write_bytes(path.read_bytes()[: chance.choice([0, 1, 64, 65, 70, -1])])


def extended(path, _others, chance):
    """Add to the file."""
    path.write_bytes(path.read_bytes() + chance.choice([b"\n", b"x", b"\0" * 99]))


def gone(path, _others, _chance):
    """Delete the file."""
    path.unlink()


def replaced(path, others, chance):
    """Put another file of the store in its place."""
    shutil.copy(chance.choice(others), path)


def exchanged_with_its_like(path, others, chance):
    """Exchange it with a file of the same name or kind, of another load."""
    like = [each for each in others if each.name == path.name or each.suffix == path.suffix]
    other = chance.choice(like or others)
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def linked(path, others, chance):
    """Make it a link: to another file, to itself, or to nothing."""
    path.unlink()
    path.symlink_to(chance.choice([chance.choice(others), path, path.with_name("nothing")]))


def a_folder(path, _others, _chance):
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def a_pipe(path, _others, _chance):
    """Put a pipe in its place, which nobody writes to."""
    path.unlink()
    os.mkfifo(path)


DAMAGES = (
    *(with_another_byte, cut, extended, gone, replaced),
    *(exchanged_with_its_like, linked, a_folder, a_pipe),
)


@examples(quick=15, full=20_000)
@given(seed=st.integers(0, 2**63), damages=st.lists(st.sampled_from(DAMAGES), max_size=3))
def test_a_damaged_store_never_changes_a_frame(stores, seed, damages):
    """
    Whatever was done to files of a store, a load returns the frame of an undisturbed one, or
    raises a PandakitError that names the store; nothing else is raised.
    """
    chance = random.Random(seed)
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", pk.StoreWarning)
        store = shutil.copytree(stores.folder, Path(folder, "store"))
        for damage in damages:
            paths = sorted(path for path in store.rglob("*") if path.is_file())
            path = chance.choice(paths)
            damage(path, [each for each in paths if each != path], chance)
        number = chance.randrange(4)
        for tenant in stores.tenants:
            tenant.left = PAGES
        frame, said = stores.whole[number], "the store"
        try:
            frame = stores.load(number, store)
        except pk.PandakitError as error:
            said = str(error)
    assert "store" in said
    whole = stores.whole[number]
    pd.testing.assert_frame_equal(frame[list(whole)], whole)


@pytest.mark.parametrize("number", [0, 1, 3])
@pytest.mark.parametrize("size", [0, 60, 100, 700])
def test_a_full_disk_loses_nothing(stores, tmp_path, number, size):
    """No file may be longer than so many bytes: an error with the rows so far, then the whole."""
    for tenant in stores.tenants:
        tenant.left = 2 * PAGES
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    error = None
    try:
        frame = stores.load(number, tmp_path)
    except pk.PandakitError as raised:
        error = raised
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    whole = stores.whole[number]
    if error is not None:
        assert "store" in str(error)
        if error.partial is not None:
            partial = error.partial[list(whole)]
            pd.testing.assert_frame_equal(partial, whole.head(len(partial)))
            frame = error.resume()
        else:  # nothing was requested yet
            frame = stores.load(number, tmp_path)
    pd.testing.assert_frame_equal(frame[list(whole)], whole)


@pytest.mark.parametrize("damage", [with_another_byte, exchanged_with_its_like])
@pytest.mark.parametrize("suffix", [".reply", ".parquet"])
def test_damage_is_told(stores, tmp_path, damage, suffix):
    """What was damaged, or is of another question, is requested again, and a warning says so."""
    store = shutil.copytree(stores.folder, tmp_path / "store")
    number = 0 if suffix == ".reply" else 2
    others = [store / path for path in stores.files(1 - number % 2 + number // 2 * 2, suffix)]
    mine = store / stores.files(number, suffix)[0]
    stores.tenants[0].left = PAGES
    damage(mine, others, random.Random(0))
    with pytest.warns(pk.StoreWarning, match="1 damaged files were not used"):
        frame = stores.load(number, store)
    whole = stores.whole[number]
    pd.testing.assert_frame_equal(frame[list(whole)], whole)
