"""Sample pictures and sounds that any program opens."""

import io
import struct
import wave
import zlib
from typing import Literal

import pytest

from penstock.domain.models import Model
from penstock.domain.prompts import ImagePrompt, Media, MediaPrompt, SpeechPrompt
from penstock.providers.offline import OfflineWriter

PAINTER = Model(
    id="painter",
    provider="toy",
    input_price=5_000_000,
    output_price=30_000_000,
    image_tokens=1_500,
    context_limit=4_000,
    output_limit=2_000,
    features=("image",),
)
SPEAKER = Model(
    id="speaker",
    provider="toy",
    character_price=15_000_000,
    character_tokens=300,
    context_limit=4_000,
    output_limit=2_000,
    features=("speech",),
)


def made(prompt: MediaPrompt, model: Model = PAINTER) -> Media:
    return OfflineWriter().make(model, prompt, 60.0)


def size(png: bytes) -> tuple[int, int]:
    """As a viewer reads it: every checksum holds, and there are as many rows and bytes as the header says."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, parts = 8, {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        parts[name], at = data, at + 12 + length
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    assert len(zlib.decompress(parts[b"IDAT"])) == height * (1 + 3 * width)
    return width, height


@pytest.mark.parametrize(
    ("shape", "expected"), [("landscape", (768, 512)), ("square", (512, 512)), ("portrait", (512, 768))]
)
def test_a_picture_has_the_shape_that_was_asked_for(
    shape: Literal["landscape", "square", "portrait"], expected: tuple[int, int]
) -> None:
    done = made(ImagePrompt(purpose="image-1", description="a cat", shape=shape))
    assert (size(done.data), done.media_type, done.written_by) == (expected, "image/png", "offline")


def test_other_words_make_another_picture_and_the_same_words_the_same() -> None:
    one, two, again = (made(ImagePrompt(purpose="i", description=text)).data for text in ("a cat", "a dog", "a cat"))
    assert one == again != two


def test_a_picture_counts_as_the_catalogue_says_and_costs_what_the_model_would() -> None:
    prompt = ImagePrompt(purpose="i", description="a cat")
    used = made(prompt).usage
    assert (used.tokens, used.images, used.calls) == (1_500, 1, 1)
    assert 0 < used.cost <= prompt.most(PAINTER).cost
    assert used.tokens <= prompt.most(PAINTER).tokens


def test_speech_lasts_as_long_as_its_text_and_is_billed_by_the_character() -> None:
    prompt = SpeechPrompt(purpose="s", text="word " * 60)
    done = made(prompt, SPEAKER)
    with wave.open(io.BytesIO(done.data)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(20, abs=0.1)
    assert (done.media_type, done.usage.characters, done.usage.tokens) == ("audio/wav", 300, 90)
    assert done.usage.cost == 4_500 == prompt.most(SPEAKER).cost
