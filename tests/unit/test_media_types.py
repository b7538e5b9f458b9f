"""What a file is, by its first bytes."""

import pytest

from penstock.providers.offline import media
from penstock.providers.transport import media_types

WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 "
PICTURES = {
    "image/png": media.picture("a", "square"),
    "image/jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif",
    "image/webp": WEBP,
}
SOUNDS = {
    "audio/mpeg": b"ID3\x04\x00\x00",
    "audio/wav": media.hum("a", 20),
    "audio/ogg": b"OggS\x00\x02",
    "audio/flac": b"fLaC\x00\x00",
}
OTHERS = [b"", b"\xff", b"RIFF", b"<!doctype html>", b'{"error": {}}', b"RIFF\x24\x00\x00\x00AVI LIST", b"\xff\xf1\x50"]


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_known_by_its_beginning(kind: str) -> None:
    assert media_types.of_picture(PICTURES[kind]) == kind
    assert media_types.of_sound(PICTURES[kind]) is None


@pytest.mark.parametrize("kind", SOUNDS)
def test_a_sound_is_known_by_its_beginning(kind: str) -> None:
    assert media_types.of_sound(SOUNDS[kind]) == kind
    assert media_types.of_picture(SOUNDS[kind]) is None


@pytest.mark.parametrize("frame", [b"\xff\xfb\x90", b"\xff\xf3\x84", b"\xff\xe3\x18", b"\xff\xfa\x90"])
def test_an_mp3_without_a_tag_begins_with_a_frame(frame: bytes) -> None:
    assert media_types.of_sound(frame) == "audio/mpeg"


@pytest.mark.parametrize("data", OTHERS)
def test_anything_else_is_neither(data: bytes) -> None:
    """Not an AAC frame either, which differs from an MP3's in the layer alone."""
    assert media_types.of_picture(data) is None
    assert media_types.of_sound(data) is None
