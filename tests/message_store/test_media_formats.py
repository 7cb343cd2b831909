"""A file is what its content says, and the sender has to agree."""

import tempfile

import pytest

from services.message_store.media import formats
from services.message_store.media.domain import NotFetched
from tests.message_store.media import XLSX, pdf, sheet

XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "Workbook".encode("utf-16-le")
MSI = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
MP4 = b"\x00\x00\x00\x18ftypmp42"


def recognize(content: bytes, declared: str | None, filename: str | None = None) -> tuple[str, str]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        found = formats.recognize(file, declared, filename)
        return found.mime_type, found.kind


@pytest.mark.parametrize(
    ("content", "declared", "filename", "mime_type", "kind"),
    [
        (pdf(()), "application/pdf", None, "application/pdf", "DOCUMENT"),
        (b"\r\n" + pdf(()), None, None, "application/pdf", "DOCUMENT"),
        (sheet(("a",)), "application/octet-stream", "a.xlsx", XLSX, "DOCUMENT"),
        (sheet(("a",)), "application/vnd.ms-excel", None, XLSX, "DOCUMENT"),
        (XLS, "application/vnd.ms-excel", None, "application/vnd.ms-excel", "DOCUMENT"),
        (b"3 cs milk", "text/plain; charset=utf-8", None, "text/plain", "DOCUMENT"),
        (b"3,cs,milk", "text/csv", None, "text/csv", "DOCUMENT"),
        (b"3,cs,milk", "application/vnd.ms-excel", None, "text/csv", "DOCUMENT"),
        (b"3,cs,milk", None, "Order.CSV", "text/csv", "DOCUMENT"),
        (b"3,cs,milk", None, None, "text/plain", "DOCUMENT"),
        ("3 cs milk".encode("utf-16"), "text/plain", None, "text/plain", "DOCUMENT"),
        (b"\xff\xd8\xff\xe0", "image/jpg", None, "image/jpeg", "IMAGE"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "IMAGE/WEBP", None, "image/webp", "IMAGE"),
        (b"OggS\x00", "audio/ogg; codecs=opus", None, "audio/ogg", "AUDIO"),
        (MP4, "video/3gpp", None, "video/mp4", "VIDEO"),
        (MP4, "audio/mp4", None, "audio/mp4", "AUDIO"),
        (MP4, None, "voice.m4a", "audio/mp4", "AUDIO"),
    ],
)
def test_what_is_stored_is_known_by_its_content(content: bytes, declared: str | None, filename: str | None, mime_type: str, kind: str) -> None:
    assert recognize(content, declared, filename) == (mime_type, kind)


@pytest.mark.parametrize(
    ("content", "declared", "code"),
    [
        (b"MZ\x90\x00\x03\x00", None, "TYPE_NOT_ALLOWED"),
        (b"\x7fELF\x02\x01", "application/pdf", "TYPE_NOT_ALLOWED"),
        (b"PK\x03\x04 an archive of anything", "application/zip", "TYPE_NOT_ALLOWED"),
        (MSI, "application/vnd.ms-excel", "TYPE_NOT_ALLOWED"),
        (b"\x1f\x8b\x08\x00", "text/plain", "TYPE_NOT_ALLOWED"),
        (b"<html><script>", "text/html", "TYPE_MISMATCH"),
        (b"<svg onload=", "image/svg+xml", "TYPE_MISMATCH"),
        (b"\x89PNG\r\n\x1a\n", "application/pdf", "TYPE_MISMATCH"),
        (pdf(()), "image/png", "TYPE_MISMATCH"),
    ],
)
def test_what_is_something_else_is_refused(content: bytes, declared: str | None, code: str) -> None:
    with pytest.raises(NotFetched) as raised:
        recognize(content, declared)
    assert (raised.value.error_code, raised.value.for_ever) == (code, True)
