"""Forms as providers post them: the fields' own bytes, since a field may have a charset of its own, and the files beside them."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, create_form_parser

from libs.channels.inbound import NotUnderstood

MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form."""

    field: str
    filename: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What was posted, in its order."""

    fields: tuple[tuple[str, bytes], ...]
    files: tuple[FormFile, ...] = ()

    def texts(self) -> dict[str, str]:
        """Return the fields as UTF-8, of repeated ones the last."""
        return {name: value.decode(errors="replace") for name, value in self.fields}


def read(content_type: str, body: bytes) -> Form:
    """Read a form of either encoding. Raises NotUnderstood."""
    match content_type.partition(";")[0].strip().lower():
        case "application/x-www-form-urlencoded":
            return _urlencoded(body)
        case "multipart/form-data":
            return _multipart(content_type, body)
        case _:
            raise NotUnderstood("the Content-Type must be application/x-www-form-urlencoded or multipart/form-data")


def _urlencoded(body: bytes) -> Form:
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise NotUnderstood(f"the form cannot be read, or has more than {MOST_FIELDS} fields") from None
    return Form(tuple((name.decode(errors="replace"), value) for name, value in fields))


def _multipart(content_type: str, body: bytes) -> Form:
    fields: list[tuple[str, bytes]] = []
    files: list[FormFile] = []

    def take_field(field: Field) -> None:
        fields.append(((field.field_name or b"").decode(errors="replace"), field.value or b""))

    def take_file(file: File) -> None:
        file.file_object.seek(0)
        name, filename = ((part or b"").decode(errors="replace") for part in (file.field_name, file.file_name))
        files.append(FormFile(name, filename, file.content_type or "", file.file_object.read()))

    in_memory = {"MAX_MEMORY_FILE_SIZE": len(body) + 1, "MAX_FIELDS": MOST_FIELDS}
    try:
        parser = create_form_parser({"Content-Type": content_type.encode()}, take_field, take_file, in_memory)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        raise NotUnderstood("the body is not the multipart form that its Content-Type says") from None
    return Form(tuple(fields), tuple(files))
