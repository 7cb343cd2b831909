"""`comanda dlq`: what consumers refused for ever, why, and how to send it again once the reason is mended."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from libs.dead_letter import REDELIVER_TO, SUFFIX
from libs.kafka import LARGEST_RECORD_BYTES

REPLAYED = "dlq-replayed"
"""Header of a marker, a record without a value on the same topic: the offset that was sent again."""
FIRST_ADDED = "dlq-consumer"
"""The first header that a consumer adds to what it refuses; those before it came with the record."""
CLIENT = "comanda-dlq"
PATIENCE_SECONDS = 10.0

Record = ConsumerRecord[bytes, bytes]
Result = TypeVar("Result")

app = typer.Typer(help="Records that consumers refused for ever.", no_args_is_help=True)
Bootstrap = Annotated[str, typer.Option(envvar="COMANDA_KAFKA_BOOTSTRAP", help="host:port of the broker")]
TopicName = Annotated[str, typer.Argument(help="The topic whose records were refused, such as message.received")]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record as it lies on `<topic>.dlq`."""

    record: Record
    was_replayed: bool

    @property
    def original_headers(self) -> list[tuple[str, bytes]]:
        """The headers that the record had when it was refused."""
        return list(self.record.headers[: self._first_added])

    @property
    def about(self) -> dict[str, str]:
        """Who refused it, where it was, and why."""
        return {name: value.decode(errors="replace") for name, value in self.record.headers[self._first_added :]}

    @property
    def _first_added(self) -> int:
        names = [name for name, _ in self.record.headers]
        return len(names) - 1 - names[::-1].index(FIRST_ADDED)


@app.command("list")
def list_all(bootstrap: Bootstrap) -> None:
    """Show for each topic and consumer how much waits, and why the newest was refused."""
    table = Table("topic", "refused by", "waiting", "replayed", "newest", "reason of the newest")
    for topic, letters in _run(_read_all(bootstrap)).items():
        by_consumer: dict[str, list[DeadLetter]] = defaultdict(list)
        for letter in letters:
            by_consumer[letter.about[FIRST_ADDED]].append(letter)
        for consumer, theirs in sorted(by_consumer.items()):
            newest = theirs[-1]
            replayed = sum(letter.was_replayed for letter in theirs)
            at = datetime.fromtimestamp(newest.record.timestamp / 1000, UTC).isoformat(timespec="seconds")
            table.add_row(topic, consumer, str(len(theirs) - replayed), str(replayed), at, newest.about["dlq-reason"])
    if table.row_count:
        Console().print(table)
    else:
        typer.echo("No record was refused.")


@app.command()
def show(
    topic: TopicName, offset: int, bootstrap: Bootstrap, *, value: Annotated[bool, typer.Option("--value", help="Show the value too")] = False
) -> None:
    """Show one record's headers and why it was refused. Its value is what a customer wrote: shown only with --value."""
    letter = _at(offset, topic, _run(_read(bootstrap, topic)))
    for name, text in {**{name: _text(raw) for name, raw in letter.original_headers}, **letter.about, "key": _text(letter.record.key)}.items():
        typer.echo(f"{name}: {text}")
    typer.echo(f"replayed: {'yes' if letter.was_replayed else 'no'}")
    if value:
        typer.echo(_text(letter.record.value))


@app.command()
def replay(
    topic: TopicName,
    bootstrap: Bootstrap,
    offset: Annotated[int | None, typer.Option(help="Of the record on the dead letter topic, as `show` takes it")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every record that was not replayed yet")] = False,
) -> None:
    """Send refused records once more, to the consumer that refused them alone."""
    if (offset is None) != everything:
        raise typer.BadParameter("say which: --offset N, or --all")
    letters = _run(_read(bootstrap, topic))
    chosen = letters if offset is None else [_at(offset, topic, letters)]
    if offset is not None and chosen[0].was_replayed:
        typer.echo(f"{topic} {offset} was replayed already.", err=True)
        raise typer.Exit(1)
    waiting = [letter for letter in chosen if not letter.was_replayed]
    _run(_send_again(bootstrap, waiting))
    typer.echo(f"{len(waiting)} sent again to {topic}.")


def _at(offset: int, topic: str, letters: Sequence[DeadLetter]) -> DeadLetter:
    for letter in letters:
        if letter.record.offset == offset:
            return letter
    raise typer.BadParameter(f"{topic}{SUFFIX} has no refused record at {offset}")


def _text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode(errors="backslashreplace")


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except (KafkaError, OSError, TimeoutError) as error:
        typer.echo(f"The broker did not do what was asked ({type(error).__name__}). Is it running, and is --bootstrap its address?", err=True)
        raise typer.Exit(1) from error


async def _read(bootstrap: str, topic: str) -> list[DeadLetter]:
    async with _reader(bootstrap) as consumer:
        if topic + SUFFIX not in await consumer.topics():
            raise typer.BadParameter(f"there is no topic {topic}{SUFFIX}")
        return await _letters(consumer, topic)


async def _read_all(bootstrap: str) -> dict[str, list[DeadLetter]]:
    async with _reader(bootstrap) as consumer:
        topics = sorted(name.removesuffix(SUFFIX) for name in await consumer.topics() if name.endswith(SUFFIX))
        return {topic: await _letters(consumer, topic) for topic in topics}


@asynccontextmanager
async def _reader(bootstrap: str) -> AsyncGenerator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, client_id=CLIENT, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _letters(consumer: AIOKafkaConsumer, topic: str) -> list[DeadLetter]:
    """Read the topic's dead letters from the beginning to the end."""
    partition = TopicPartition(topic + SUFFIX, 0)
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    records: list[Record] = []
    async with asyncio.timeout(PATIENCE_SECONDS) as patience:
        while (end := consumer.highwater(partition)) is None or await consumer.position(partition) < end:
            if taken := (await consumer.getmany(partition, timeout_ms=100)).get(partition):
                records += taken
                patience.reschedule(asyncio.get_running_loop().time() + PATIENCE_SECONDS)
    markers = {int(value) for record in records for name, value in record.headers if name == REPLAYED}
    return [DeadLetter(record, record.offset in markers) for record in records if any(name == FIRST_ADDED for name, _ in record.headers)]


async def _send_again(bootstrap: str, letters: Sequence[DeadLetter]) -> None:
    """Send each record, then its marker. A crash in between repeats the record, and the consumer's inbox makes the repeat do nothing."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, client_id=CLIENT, acks="all", max_request_size=LARGEST_RECORD_BYTES)
    try:
        await producer.start()
        for letter in letters:
            record, about = letter.record, letter.about
            headers = [*letter.original_headers, (REDELIVER_TO, about[FIRST_ADDED].encode())]
            await producer.send_and_wait(
                about["dlq-topic"], key=record.key, value=record.value, headers=headers, partition=int(about["dlq-partition"])
            )
            await producer.send_and_wait(record.topic, partition=0, value=b"", headers=[(REPLAYED, str(record.offset).encode())])
    finally:
        await producer.stop()
