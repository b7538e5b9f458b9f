"""Samples of sound as a file that people can open."""

import io
import wave


def wav(samples: bytes, rate: int, width: int) -> bytes:
    """One channel, `rate` samples a second of `width` bytes each, the low byte first."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(samples)
    return file.getvalue()
