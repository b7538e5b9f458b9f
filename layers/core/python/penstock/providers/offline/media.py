"""Sample pictures and sounds, made of a seed: nobody takes them for the real thing."""

import math
import struct
import zlib
from array import array
from hashlib import sha256

from penstock.providers.wav import wav

_SIZES = {"landscape": (768, 512), "square": (512, 512), "portrait": (512, 768)}
_TILE = 64
_RATE = 8_000
_CHARACTERS_A_SECOND, _LONGEST_SECONDS = 15, 600


def picture(seed: str, shape: str) -> bytes:
    """A PNG of tiles in two colours of the seed."""
    width, height = _SIZES[shape]
    digest = sha256(seed.encode()).digest()
    colours = [bytes(128 + byte // 2 for byte in digest[first : first + 3]) for first in (0, 3)]
    rows = []
    for band in range(height // _TILE):
        tiles = (colours[digest[(band * 7 + column) % 32] & 1] * _TILE for column in range(width // _TILE))
        rows.append((b"\0" + b"".join(tiles)) * _TILE)  # each row begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, red, green and blue
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def hum(seed: str, characters: int) -> bytes:
    """A WAV, as long as speaking that many characters takes, ten minutes at most."""
    seconds = min(max(characters / _CHARACTERS_A_SECOND, 0.2), _LONGEST_SECONDS)
    pitch = 110 + sha256(seed.encode()).digest()[0] / 2
    cycle = array("B", (int(128 + 24 * math.sin(2 * math.pi * pitch * at / _RATE)) for at in range(_RATE)))
    frames = (cycle.tobytes() * (int(seconds) + 1))[: int(seconds * _RATE)]
    return wav(frames, _RATE, width=1)
