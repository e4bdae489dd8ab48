"""The blob store keeps bytes, and says what is wrong when it cannot give them back."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.blob_store import (
    BlobDamagedError,
    BlobMissingError,
    BlobStore,
    BlobTooLargeError,
    BlobUnavailableError,
)
from connectors.settings import BlobSettings, Settings
from schemas.events import BlobRef


def store_at(url: str, max_bytes: int = 1 << 20) -> BlobStore:
    return BlobStore(Settings(blobs=BlobSettings(url=url, max_bytes=max_bytes)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(folder: Path) -> BlobStore:
    return store_at(f"file://{folder}")


@given(st.binary(max_size=1 << 12))
def test_bytes_come_back_from_any_kind_of_store(data: bytes) -> None:
    store = store_at(f"memory://{uuid.uuid4()}")
    assert store.get(store.put(data)) == data


def test_bytes_come_back_from_a_folder(store: BlobStore, folder: Path) -> None:
    for data in (b"", b"music", bytes(100_000)):
        ref = store.put(data)
        assert ref.size == len(data)
        assert store.get(ref) == data
        assert (folder / ref.key).read_bytes() == data


def test_the_same_bytes_are_kept_once_and_nothing_else_is_left(store: BlobStore, folder: Path) -> None:
    refs = {store.put(b"music") for _ in range(3)}
    assert len(refs) == 1
    assert [file for file in folder.rglob("*") if file.is_file()] == [folder / refs.pop().key]


def test_many_writers_of_the_same_blob_do_not_disturb_each_other(store: BlobStore) -> None:
    data = bytes(1 << 18)
    problems: list[Exception] = []

    def write_and_read() -> None:
        try:
            assert store.get(store.put(data)) == data
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=write_and_read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_writing_again_repairs_a_damaged_blob(store: BlobStore, folder: Path) -> None:
    ref = store.put(b"music")
    (folder / ref.key).write_bytes(b"noise")
    store.put(b"music")
    assert store.get(ref) == b"music"


def test_a_blob_that_is_gone(store: BlobStore, folder: Path) -> None:
    ref = store.put(b"music")
    (folder / ref.key).unlink()
    with pytest.raises(BlobMissingError, match="is not in the blob store"):
        store.get(ref)


@pytest.mark.parametrize(
    ("bytes_there", "message"),
    [(b"noise", "differ from the SHA-256"), (b"mus", "should have 5 bytes, but has only 3"), (b"music!", "has more")],
)
def test_a_blob_that_is_damaged(store: BlobStore, folder: Path, bytes_there: bytes, message: str) -> None:
    ref = store.put(b"music")
    (folder / ref.key).write_bytes(bytes_there)
    with pytest.raises(BlobDamagedError, match=message):
        store.get(ref)


@pytest.mark.parametrize("key", ["../../secret", "/etc/hostname", ""])
def test_a_claim_check_cannot_reach_other_files(store: BlobStore, key: str) -> None:
    ref = store.put(b"music")
    with pytest.raises(BlobDamagedError, match="no key of this blob store"):
        store.get(replace(ref, key=key))
    with pytest.raises(BlobDamagedError, match="no key of this blob store"):
        store.get(BlobRef(f"{key[:2]}/{key}", key, 5))


def test_what_is_too_large_is_neither_written_nor_read(folder: Path) -> None:
    ref = store_at(f"file://{folder}").put(bytes(2000))
    small = store_at(f"file://{folder}", max_bytes=1000)
    with pytest.raises(BlobTooLargeError, match=r"blobs\.max_bytes"):
        small.put(bytes(2000))
    with pytest.raises(BlobTooLargeError, match=r"blobs\.max_bytes"):
        small.get(ref)


def test_a_store_that_cannot_be_used_is_told_from_a_blob_that_is_gone(tmp_path: Path) -> None:
    ref = store_at(f"file://{tmp_path / 'blobs'}").put(b"music")
    (tmp_path / "file").write_bytes(b"")
    store = store_at(f"file://{tmp_path / 'file'}")
    with pytest.raises(BlobUnavailableError, match="cannot be written now"):
        store.put(b"music")
    with pytest.raises(BlobUnavailableError, match="cannot be read now"):
        store.get(ref)


def test_an_unknown_kind_of_store_is_refused_at_once() -> None:
    with pytest.raises(BlobUnavailableError, match=r"blobs\.url"):
        store_at("carrier-pigeon://loft")
