# ruff: noqa: D103 - what each leaves where is its name
"""Tests that pass, and that each leave a token behind: run by test_sweep.py, never by itself."""

import base64
import gzip
import json
import logging
import pickle
import subprocess
import sys
import urllib.parse
import warnings
import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pytest

from pandakit.redaction import Secret
from pandakit.snapshot import save
from tests.tokens import CANARY, FRESH


def test_plain_file(tmp_path):
    (tmp_path / "plain.txt").write_text(f"token: {CANARY}")


def test_piece(tmp_path):
    (tmp_path / "piece.txt").write_text(CANARY[4:-2])


def test_address(tmp_path):
    (tmp_path / "address.txt").write_text(urllib.parse.quote(f"?access_token={CANARY}", safe=""))


def test_basic(tmp_path):
    (tmp_path / "basic.txt").write_bytes(base64.b64encode(f"Bearer {CANARY}".encode()))


def test_utf16(tmp_path):
    (tmp_path / "utf16.csv").write_text(CANARY, encoding="utf-16")


def test_digits(tmp_path):
    (tmp_path / "digits.txt").write_text(CANARY.encode().hex())


def test_document(tmp_path):
    (tmp_path / "document.json").write_text(json.dumps({"a": [CANARY.encode().decode()]}))


def test_pickled(tmp_path):
    (tmp_path / "pickled.pkl").write_bytes(pickle.dumps({"a": CANARY}))


def test_gzip(tmp_path):
    (tmp_path / "packed.gz").write_bytes(gzip.compress(CANARY.encode()))


def test_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", gzip.compress(CANARY.encode()))


def test_column(tmp_path):
    frame = pd.DataFrame({"text": [CANARY * 9] * 99})
    frame.to_parquet(tmp_path / "column.parquet", compression="zstd", write_statistics=False)


def test_facts(tmp_path):
    frame = pd.DataFrame({"text": ["a"]})
    frame.attrs["pandakit"] = {"source": CANARY}
    save(frame, tmp_path / "facts.parquet")


def picture():
    """Make a picture with a compressed text: a signature, one chunk, no pixels."""
    body = b"Comment\0\0" + zlib.compress(CANARY.encode() * 20)
    return b"\x89PNG\r\n\x1a\n" + len(body).to_bytes(4) + b"zTXt" + body + b"crc."


def test_picture(tmp_path):
    (tmp_path / "picture.png").write_bytes(picture())


def test_page(tmp_path):
    data = base64.b64encode(picture() + b" " * 400).decode()
    (tmp_path / "page.html").write_text(f"<img src='data:image/png;base64,{data}'>")


def test_published():
    Path("published.md").write_text(FRESH)


def test_printed():
    sys.stdout.write(CANARY)


def test_process():
    code = f"import sys; sys.stderr.write({CANARY!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_debug():
    logging.getLogger("urllib3.connectionpool").debug("sent %s", CANARY)


@pytest.mark.filterwarnings("default")
def test_warned():
    warnings.warn(CANARY, stacklevel=1)


@pytest.mark.parametrize("token", [CANARY])
def test_named(token):
    pass


@pytest.fixture(scope="session")
def late(tmp_path_factory):
    yield
    (tmp_path_factory.mktemp("end") / "late.txt").write_text(CANARY)


def test_late(late):
    pass


def test_stranger():
    assert Secret("a-token-of-its-own").reveal()
