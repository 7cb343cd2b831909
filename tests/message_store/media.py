"""A provider that keeps files, a message_store that fetches them, and files as customers send them."""

import asyncio
import io
import json
import struct
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from openpyxl import Workbook

from deploy.demo.stand_ins.server import LocalServer
from libs import crypto, postgres
from libs.postgres import Pool
from libs.service import Service
from schemas.attachment import Attachment
from schemas.integration_changed import IntegrationChanged, IntegrationStatus, Provider
from schemas.message_created import MessageCreated
from services.message_store.__main__ import CONSUMES
from services.message_store.settings import MessageStoreSettings
from tests.consuming import arrived, consume, nowhere, said
from tests.making import INTEGRATION, NOW, received

TOKEN = "the-provider-knows-it"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDLESS_BYTES = 50_000_000
ORDER = "3 cs Whole Milk\n2 doz Eggs"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Files(LocalServer):
    """`GET /{media_id}` as the Cloud API has it, and files: each answered by what a test put in `files`."""

    def __init__(self) -> None:
        super().__init__([web.get("/{media_id}", self._tell), web.get("/files/{name}", self._send)])
        self.files: dict[str, bytes | Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        """Paths, with the Authorization that came along."""
        self.sent_bytes = 0
        """Of the endless file."""

    async def _tell(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.headers.get("Authorization")))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": {"code": 190}}, status=401)
        return web.json_response({"url": f"{self.url}/files/{request.match_info['media_id']}", "messaging_product": "whatsapp"})

    async def _send(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Authorization")))
        found = self.files.get(request.match_info["name"])
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found, content_type="application/octet-stream") if isinstance(found, bytes) else await found(request)

    async def endless(self, request: web.Request) -> web.StreamResponse:
        """Send far more than anybody wants, without saying so."""
        response = web.StreamResponse()
        await response.prepare(request)
        while self.sent_bytes < ENDLESS_BYTES:
            await response.write(b"a" * 10_000)
            self.sent_bytes += 10_000
        return response

    def refer(self, name: str, target: str) -> None:
        """Answer `name` with a redirect."""

        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": target})

        self.files[name] = answer


def settings(folder: Path, provider: str = "http://127.0.0.1:1", **more: Any) -> MessageStoreSettings:
    """Settings of a message_store that may fetch from this machine."""
    told = {
        "storage_folder": folder,
        "media_allow_loopback": True,
        "media_max_bytes": 200_000,
        "media_hosts": {each: ["127.0.0.1"] for each in (Provider.TWILIO, Provider.GATEWAY)},
        "whatsapp_api_url": provider,
        "whatsapp_access_token": TOKEN,
    }
    return MessageStoreSettings.model_validate(nowhere().model_dump() | told | more)


def service_on(pool: Pool, told: MessageStoreSettings) -> Service:
    """A process of message_store as its job sees it."""
    service = Service("message_store", told, {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what its run() would open
    return service


def whatsapp(name: str = "order.xlsx", mime_type: str | None = XLSX, **more: Any) -> Attachment:
    """A file as the Cloud API names it."""
    return Attachment(external_id=name, mime_type=mime_type, filename=name, **more)


async def message_with(pool: Pool, tenant: UUID, *attachments: Attachment) -> MessageCreated:
    """Store a message with files; that it comes twice changes nothing."""
    event = received(tenant, "", attachments=attachments)
    for _ in range(2):
        await consume(pool, "message_store", CONSUMES, event)
    return (await said(pool, tenant, MessageCreated))[-1]


def integration(tenant: UUID, provider: Provider, credentials: dict[str, str] | None = None, **more: Any) -> IntegrationChanged:
    """How a tenant's account is reached, as ingest tells it."""
    place = f"integration.changed/{INTEGRATION}"
    sealed = b64encode(crypto.seal(nowhere().master_key, json.dumps(credentials).encode(), place)).decode() if credentials else None
    told: dict[str, Any] = {
        "distributor_id": tenant,
        "occurred_at": NOW,
        "integration_id": INTEGRATION,
        "provider": provider,
        "channel": "WHATSAPP",
        "external_account_id": "15550001001",
        "status": IntegrationStatus.ACTIVE,
        "sealed_credentials": sealed,
    }
    return arrived(IntegrationChanged(**(told | more)), uuid4())


async def rows(pool: Pool, tenant: UUID) -> list[dict[str, Any]]:
    """The files of a tenant, in their order."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return [dict(row) for row in await tx.fetch("select * from message_attachments order by id")]


async def make_due(pool: Pool, tenant: UUID) -> None:
    """Let no pause and no lease hold back what waits."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update message_attachments set run_after = now(), locked_until = '-infinity' where state = 'PENDING'")


def sheet(*lines: Sequence[Any], hidden: Sequence[Sequence[Any]] = ()) -> bytes:
    """An Excel workbook with these rows, and with those of a sheet that nobody sees."""
    book = Workbook()
    for line in lines:
        book.worksheets[0].append(list(line))
    if hidden:
        unseen = book.create_sheet("prices")
        unseen.sheet_state = "hidden"
        for line in hidden:
            unseen.append(list(line))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def old_sheet(*lines: Sequence[str | float]) -> bytes:
    """A workbook as Excel wrote it until 2003: BIFF8 records in a compound file of 512-byte sectors, of which the first two are its tables."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def beginning(of: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, of, 0, 0, 0, 0))

    def cell(y: int, x: int, value: str | float) -> bytes:
        place = struct.pack("<HHH", y, x, 0)
        if isinstance(value, str):
            return record(0x204, place + struct.pack("<HB", len(value), 0) + value.encode("latin-1"))
        return record(0x203, place + struct.pack("<d", value))

    end, name = record(0x0A, b""), b"\x06\x00Sheet1"
    before = beginning(5)
    at = len(before) + 4 + 6 + len(name) + len(end)
    cells = b"".join(cell(y, x, value) for y, line in enumerate(lines) for x, value in enumerate(line))
    book = before + record(0x85, struct.pack("<IH", at, 0) + name) + end + beginning(0x10) + cells + end
    book = book.ljust(max(4_096, -(-len(book) // 512) * 512), b"\x00")
    sectors = len(book) // 512

    def entry(called: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (called + "\x00").encode("utf-16-le")
        return struct.pack("<64sHBBiii16sIQQIQ", text, len(text), kind, 1, -1, -1, child, b"", 0, 0, 0, start & 0xFFFFFFFF, size)

    chain = [-3, -2, *range(3, 2 + sectors), -2]
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6xIIIIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4_096, -2, 0, -2, 0)
    )
    tables = struct.pack("<109i", 0, *[-1] * 108) + struct.pack("<128i", *chain, *[-1] * (128 - len(chain)))
    folder = entry("Root Entry", 5, 1, -2, 0) + entry("Workbook", 2, -1, 2, len(book)) + bytes(256)
    return header + tables + folder + book


def pdf(*pages: Sequence[Sequence[str]], before: bytes = b"") -> bytes:
    """A PDF of tables, written column by column as some programs do; `before` is put before each page's text."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids: list[int] = []
    for table in pages:
        columns = [
            f"1 0 0 1 {50 + 120 * x} {750 - 20 * y} Tm ({table[y][x]}) Tj" for x in range(max(map(len, table), default=0)) for y in range(len(table))
        ]
        content = before + f"BT /F1 12 Tf {' '.join(columns)} ET".encode()
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>" % len(objects)
        )
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % kid for kid in kids), len(kids))
    return assemble(objects)


def assemble(objects: Sequence[bytes]) -> bytes:
    """The PDF file of these objects, the first of which is its catalog."""
    content, places = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj %s endobj\n" % (number, each)
    table = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(content) + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncGenerator[str]:
    """Serve the same bytes to whoever asks, then hang up; yields the URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}"
