"""Read a PDF just far enough to see what it claims and carries."""

import re
import shutil
import subprocess
import zlib

import pytest

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="poppler-utils is not installed"
)


def catalogue(pdf):
    """Return the catalogue's bytes."""
    [found] = re.findall(rb"<</Type/Catalog.*?\nendobj", pdf, re.S)
    return found


def metadata(pdf):
    """Return the XMP packet as text."""
    [found] = re.findall(rb"<\?xpacket begin.*?<\?xpacket end", pdf, re.S)
    return found.decode()


def attached_file(pdf):
    """Return the content of the one file that is embedded."""
    [head, length] = re.search(
        rb"<</Length (\d+)/Type/EmbeddedFile[^\n]*>>\s*stream\r?\n", pdf
    ).span()
    size = int(re.search(rb"/Length (\d+)", pdf[head:length]).group(1))
    return zlib.decompress(pdf[length : length + size])


def fonts(pdf):
    """Return the names of the fonts, without the marks of their subsets."""
    names = re.findall(rb"/FontName/[A-Z]{6}\+([\w-]+)", pdf)
    return {name.decode().removesuffix("-Identity-H") for name in names}


def text_of(pdf):
    """Return the text in the order of the file, white space evened out."""
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return " ".join(done.stdout.decode().split())
