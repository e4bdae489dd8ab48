"""The blob store on S3, by the URL in the settings alone: a real client against moto's S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from connectors.blob_store import BlobMissingError, BlobStore, BlobUnavailableError
from connectors.settings import BlobSettings, Settings

BUCKET = "clips"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    S3FileSystem.clear_instance_cache()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    yield url
    server.stop()


def store_in(bucket: str) -> BlobStore:
    return BlobStore(Settings(blobs=BlobSettings(url=f"s3://{bucket}/blobs")))


def test_bytes_come_back_from_s3(endpoint: str) -> None:
    music = bytes(range(256)) * 4096
    ref = store_in(BUCKET).put(music)
    assert store_in(BUCKET).get(ref) == music


def test_a_blob_that_s3_does_not_have_is_missing(endpoint: str) -> None:
    ref = store_in(BUCKET).put(b"music")
    digest = "0" * 64
    absent = replace(ref, key=f"{digest[:2]}/{digest}", sha256=digest)
    with pytest.raises(BlobMissingError):
        store_in(BUCKET).get(absent)


def test_a_bucket_that_does_not_exist_is_said_so(endpoint: str) -> None:
    with pytest.raises(BlobUnavailableError, match="nowhere"):
        store_in("nowhere").put(b"music")
