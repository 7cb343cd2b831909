"""The kinds of files that are stored, recognized by their content; what the sender calls them has to agree."""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from services.message_store.media.domain import Kind, NotFetched

HEAD_BYTES = 4_096
PDF_BEGINS_WITHIN = 1_024
SAYS_NOTHING = ("", "application/octet-stream", "binary/octet-stream", "application/binary", "application/x-download", "application/force-download")
"""MIME types that tell nothing of a file."""
NOT_IN_TEXTS = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b") | {127}


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `also_called`: other MIME types, and endings of names, that agree with it; `reader`: the module that reads its text."""

    mime_type: str
    kind: Kind
    also_called: tuple[str, ...] = ()
    reader: str | None = None


PDF = Format("application/pdf", Kind.DOCUMENT, ("application/x-pdf",), "pdf")
XLSX = Format(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.DOCUMENT,
    ("application/vnd.ms-excel", "application/zip", "application/x-zip-compressed"),
    "sheet",
)
XLS = Format("application/vnd.ms-excel", Kind.DOCUMENT, ("application/msexcel", "application/x-msexcel", "application/excel"), "sheet")
DOCX = Format(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.DOCUMENT,
    ("application/msword", "application/zip", "application/x-zip-compressed"),
)
TEXT = Format("text/plain", Kind.DOCUMENT, (), "text")
CSV = Format(
    "text/csv",
    Kind.DOCUMENT,
    ("application/csv", "text/x-csv", "text/comma-separated-values", "text/tab-separated-values", "application/vnd.ms-excel", ".csv", ".tsv"),
    "values",
)
JPEG = Format("image/jpeg", Kind.IMAGE, ("image/jpg", "image/pjpeg"))
PNG = Format("image/png", Kind.IMAGE, ("image/x-png",))
GIF = Format("image/gif", Kind.IMAGE)
WEBP = Format("image/webp", Kind.IMAGE)
HEIC = Format("image/heic", Kind.IMAGE, ("image/heif",))
OGG = Format("audio/ogg", Kind.AUDIO, ("application/ogg", "audio/opus"))
MP3 = Format("audio/mpeg", Kind.AUDIO, ("audio/mp3", "audio/mpeg3"))
AMR = Format("audio/amr", Kind.AUDIO)
AAC = Format("audio/aac", Kind.AUDIO, ("audio/x-aac", "audio/aacp"))
MP4 = Format("video/mp4", Kind.VIDEO, ("video/3gpp", "video/3gp", "video/quicktime"))
M4A = Format("audio/mp4", Kind.AUDIO, ("audio/m4a", "audio/x-m4a", "audio/aac", "audio/3gpp", ".m4a"))

BEGINNINGS: tuple[tuple[bytes, Format], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"OggS", OGG),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"\xff\xf2", MP3),
    (b"#!AMR", AMR),
    (b"\xff\xf1", AAC),
    (b"\xff\xf9", AAC),
)
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
INSIDE: dict[bytes, tuple[tuple[bytes, Format], ...]] = {
    ZIP: ((b"xl/workbook.xml", XLSX), (b"word/document.xml", DOCX)),
    OLE: (("Workbook".encode("utf-16-le"), XLS), ("Book".encode("utf-16-le"), XLS)),
}
"""What containers hold tells what they are; the names stand there uncompressed."""


def recognize(file: BinaryIO, declared: str | None, filename: str | None) -> Format:
    """Return what a file is. Raises NotFetched for ever where we store no such files, or the sender calls it something else."""
    file.seek(0)
    candidates = _by_content(file, file.read(HEAD_BYTES))
    if not candidates:
        raise NotFetched("TYPE_NOT_ALLOWED", for_ever=True)
    mime_type = (declared or "").partition(";")[0].strip().lower()
    if mime_type in SAYS_NOTHING:
        ending = "." + (filename or "").lower().rpartition(".")[2]
        return next((each for each in candidates if ending in each.also_called), candidates[0])
    agreeing = [each for each in candidates if mime_type in (each.mime_type, *each.also_called)]
    if not agreeing:
        raise NotFetched("TYPE_MISMATCH", for_ever=True)
    return agreeing[0]


def _by_content(file: BinaryIO, head: bytes) -> Sequence[Format]:
    """Return what the content can be, the likeliest first."""
    for beginning, found in BEGINNINGS:
        if head.startswith(beginning):
            return [found]
    for container, inside in INSIDE.items():
        if head.startswith(container):
            return _inside(file, inside)
    if b"%PDF-" in head[:PDF_BEGINS_WITHIN]:
        return [PDF]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return [WEBP]
    if head[4:8] == b"ftyp":
        return [HEIC] if head[8:12] in (b"heic", b"heix", b"mif1") else [MP4, M4A]
    return [TEXT, CSV] if _is_text(head) else []


def _inside(file: BinaryIO, names: Sequence[tuple[bytes, Format]]) -> Sequence[Format]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return next(([found] for name, found in names if content.find(name) >= 0), [])


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return NOT_IN_TEXTS.isdisjoint(head)
