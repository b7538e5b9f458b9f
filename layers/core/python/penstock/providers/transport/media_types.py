"""What a file is, by its first bytes: a server may say anything of a web page that it sends."""

_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_SOUNDS = {b"ID3": "audio/mpeg", b"OggS": "audio/ogg", b"fLaC": "audio/flac"}
_IN_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def of_picture(data: bytes) -> str | None:
    """Its media type; None for what is no picture that a browser shows."""
    return _known(data, _PICTURES) or _in_riff(data, "image/")


def of_sound(data: bytes) -> str | None:
    """Its media type; None for what is no sound that a browser plays."""
    return _known(data, _SOUNDS) or _in_riff(data, "audio/") or ("audio/mpeg" if _begins_a_frame(data) else None)


def _known(data: bytes, beginnings: dict[bytes, str]) -> str | None:
    return next((kind for beginning, kind in beginnings.items() if data.startswith(beginning)), None)


def _in_riff(data: bytes, wanted: str) -> str | None:
    found = _IN_RIFF.get(data[8:12], "") if data.startswith(b"RIFF") else ""
    return found if found.startswith(wanted) else None


def _begins_a_frame(data: bytes) -> bool:
    """Of MPEG, layer III, without a tag before it: eleven bits of ones, then version and layer."""
    return len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2
