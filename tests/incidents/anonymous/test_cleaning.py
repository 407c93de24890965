import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from incidents.anonymous.cleaning import MAX_PIXELS, clean_file
from tests.incidents.anonymous.reporting import picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_picture_keeps_its_pixels_and_nothing_else(kind: str):
    data = picture(kind, **({"comment": b"TellingNote"} if kind == "JPEG" else {}))
    assert b"TellingCamera" in data

    cleaned = clean_file(data, name=f"telling-name.{kind}")

    opened = Image.open(io.BytesIO(cleaned.data))
    red = opened.convert("RGB").getpixel((20, 10))
    assert isinstance(red, tuple)
    assert cleaned.is_cleaned
    assert b"Telling" not in cleaned.data
    assert (opened.format, opened.size, dict(opened.getexif())) == (kind, (40, 20), {})
    assert all(abs(a - b) < 12 for a, b in zip(red, (200, 30, 30), strict=True))


def test_picture_on_its_side_is_put_upright_for_what_said_so_is_gone():
    image = Image.new("RGB", (40, 20))
    exif = image.getexif()
    exif[0x0112] = 6  # turn by 90 degrees
    target = io.BytesIO()
    image.save(target, format="JPEG", exif=exif)
    cleaned = clean_file(target.getvalue(), name="x.jpg")
    assert Image.open(io.BytesIO(cleaned.data)).size == (20, 40)


def test_transparent_png_stays_transparent():
    target = io.BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).quantize().save(target, format="PNG")
    cleaned = clean_file(target.getvalue(), name="x.png")
    assert Image.open(io.BytesIO(cleaned.data)).convert("RGBA").getpixel((1, 1))[3] == 0


def test_text_in_a_png_is_gone():
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415  only here

    target, info = io.BytesIO(), PngInfo()
    info.add_text("Author", "TellingAuthor")
    Image.new("RGB", (4, 4)).save(target, format="PNG", pnginfo=info)
    assert b"TellingAuthor" in target.getvalue()
    assert b"TellingAuthor" not in clean_file(target.getvalue(), name="x.png").data


def test_other_types_are_kept_as_they_came_and_said_so():
    data = b"%PDF-1.7 /Author (Jane)"
    cleaned = clean_file(data, name="Jane's report.PDF")
    assert (cleaned.data, cleaned.extension, cleaned.is_cleaned) == (data, "pdf", False)


def test_moving_picture_is_kept_whole():
    target = io.BytesIO()
    frames = [Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in (0, 200)]
    frames[0].save(target, format="WEBP", save_all=True, append_images=frames[1:])
    cleaned = clean_file(target.getvalue(), name="x.webp")
    assert (cleaned.data, cleaned.is_cleaned) == (target.getvalue(), False)


def test_picture_of_too_many_pixels_is_not_unpacked():
    side = int(MAX_PIXELS**0.5) + 1
    target = io.BytesIO()
    Image.new("1", (side, side)).save(target, format="PNG")
    assert clean_file(target.getvalue(), name="x.png").is_cleaned is False


# Pillow warns of damaged notes in a picture and goes on without them.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_damaged_picture_is_kept_or_cleaned_but_never_fails(kind: str, data):
    whole = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(12, len(whole) - 1))] = data.draw(
            st.integers(0, 255)
        )
    cut = bytes(whole[: data.draw(st.integers(13, len(whole)))])
    cleaned = clean_file(cut, name="x")
    assert cleaned.is_cleaned or cleaned.data == cut
