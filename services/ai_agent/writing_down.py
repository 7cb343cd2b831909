"""Pictures and voice notes as text, written down by a model that sees or hears."""

from base64 import b64encode
from dataclasses import dataclass

from libs import storage
from libs.llm.call import Audio, Question, Transcript
from libs.storage import FileMissing, Storage
from schemas.ai_call_recorded import AgentType
from schemas.message_file_stored import FileKind
from services.ai_agent.asking import Asked, Asker, Rung
from services.ai_agent.check import NotInTheText
from services.ai_agent.message import StoredFile
from services.ai_agent.prompts import FRAME, data
from services.ai_agent.terms import Known

VERSION = "transcript-1"
LONGEST_TEXT = 20_000
MOST_BYTES = {FileKind.IMAGE: 8_000_000, FileKind.AUDIO: 25_000_000}
SEEN = ("image/jpeg", "image/png", "image/webp", "image/gif")
INSTRUCTIONS = """Write down what the picture says, such as an order list written by hand: every line as it stands there, one below the other,
nothing added, nothing corrected, nothing translated. Where there is no writing, the text is empty."""


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes down what files say. `sees` and `hears` are the models that can; None where none is configured."""

    asker: Asker
    kept: Storage | None
    sees: Rung | None
    hears: Rung | None

    async def write_down(self, file: StoredFile, known: Known) -> Asked[Transcript]:
        """Return what a file says; no result where it cannot be read. Raises OSError while the storage is away."""
        rung = self.sees if file.kind is FileKind.IMAGE else self.hears
        can_be_read = file.size_bytes <= MOST_BYTES[file.kind] and (file.kind is FileKind.AUDIO or file.mime_type in SEEN)
        if rung is None or self.kept is None or not can_be_read or not storage.belongs_to(file.storage_key, known.distributor_id):
            return Asked(result=None, calls=())
        try:
            content = b"".join([piece async for piece in self.kept.get(file.storage_key)])
        except FileMissing:
            return Asked(result=None, calls=())
        return await self.asker.ask(known, AgentType.MESSAGE_ANALYSIS, VERSION, lambda model: _question(model, file, content), _checked, rungs=[rung])


def _question(model: str, file: StoredFile, content: bytes) -> Question[Transcript]:
    audio = Audio(content=content, mime_type=file.mime_type) if file.kind is FileKind.AUDIO else None
    images = () if audio else (f"data:{file.mime_type};base64,{b64encode(content).decode()}",)
    return Question(model=model, instructions=INSTRUCTIONS + FRAME, text=data(kind=file.kind), answer=Transcript, images=images, audio=audio)


def _checked(transcript: Transcript) -> Transcript:
    if len(transcript.text) > LONGEST_TEXT:
        raise NotInTheText("a text that is too long for a message")
    return transcript
