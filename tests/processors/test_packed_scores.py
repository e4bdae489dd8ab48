"""A packed score that unpacks to too much is refused before it is unpacked."""

from __future__ import annotations

import io
import zipfile

import pytest

from processors.midi import BadMusicError
from processors.scores.musicxml import read_mxl


def packed(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["score_xml", "META-INF__container_xml"])
def test_a_bomb_is_not_unpacked(name: str) -> None:
    bomb = packed(**{name: b" " * (1 << 20)})
    assert len(bomb) < 2000
    with pytest.raises(BadMusicError) as caught:
        read_mxl(bomb, 1 << 16)
    assert caught.value.type == "too_large"
