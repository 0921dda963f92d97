"""Files that customers and agents attach: made here, the same each time."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 200


@dataclass(frozen=True, slots=True)
class Sample:
    """A file."""

    name: str
    content_type: str
    content: bytes


def sample_file(kind: str, language: str) -> Sample:
    """Return the file of that kind, named in the language of the conversation."""
    korean = language == "ko"
    if kind == "photo":
        return Sample("파손 사진.png" if korean else "broken mug.png", "image/png", _photo())
    if kind == "list":
        return Sample("주문 목록.csv" if korean else "order list.csv", "text/csv", _list(korean))
    names = {"invoice": ("invoice R-0871.pdf", "세금계산서.pdf")}
    english_name, korean_name = names.get(kind, ("registration.pdf", "사업자등록증.pdf"))
    name = korean_name if korean else english_name
    return Sample(name, "application/pdf", _pdf(f"Dami Goods sample: {kind}"))


def _list(korean: bool) -> bytes:
    english = "article,colour,quantity\nTea bowl small,celadon,24\nServing plate large,white,6\n"
    text = "품목,색,수량\n찻잔 (소),청자,24\n접시 (대),백자,6\n" if korean else english
    return text.encode("utf-8-sig")


def _photo() -> bytes:
    """Draw a mug with a crack, as a PNG (RFC 2083)."""
    rows = b"".join(
        b"\0" + b"".join(bytes(_pixel(x, y)) for x in range(WIDTH)) for y in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _pixel(x: int, y: int) -> tuple[int, int, int]:
    in_handle = 55**2 > (x - 215) ** 2 + (y - 105) ** 2 > 38**2 and x > 200
    if 100 < x < 215 and 40 < y < 170:
        crack = abs(x - 150 - (y % 26 - 13) // 2) < 2 and y < 120
        shade = (x - 100) // 4
        return (60, 50, 45) if crack else (172 - shade, 196 - shade, 180 - shade)
    if in_handle:
        return (140, 165, 150)
    table = 235 - y // 12
    return (table, table - 8, table - 22)


def _pdf(line: str) -> bytes:
    """Write a page with one line (ISO 32000-1, 7.5)."""
    drawing = f"BT /F1 18 Tf 72 760 Td ({line}) Tj ET".encode("ascii")
    fonts = b"/Resources << /Font << /F1 5 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % fonts,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    document = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return document + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, len(document))
    )
