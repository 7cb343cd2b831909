"""`comanda topics`: create the topics that schemas/topics/ agrees on, and keep their settings as written there."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from libs.dead_letter import SUFFIX
from libs.kafka import LARGEST_RECORD_BYTES
from schemas import topics
from schemas.topics import Cleanup, Topic

DAY_MS = 24 * 3600 * 1000
DEAD_LETTERS = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS), "max.message.bytes": str(LARGEST_RECORD_BYTES)}
TOPIC_ALREADY_EXISTS = 36


class TopicNotCreated(Exception):
    """The broker refused a topic."""


async def create_topics(bootstrap: str, replication: int = 1, partitions: int | None = None) -> list[str]:
    """Create what is missing, with `replication` copies of each partition. Returns the names of what was created. Raises TopicNotCreated.

    `partitions` is the most that any topic gets: a small installation is served sooner by few, since a consumer asks for all of its partitions
    each time. Topics that exist keep theirs: another number would send the keys elsewhere, past their order.
    """
    wanted = [new for topic in topics.load().values() for new in _new_topics(topic, replication, partitions)]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="comanda-topics")
    await admin.start()
    try:
        answer = await admin.create_topics(wanted)
        created: list[str] = []
        existing: list[NewTopic] = []
        codes = {name: code for name, code, *_ in answer.topic_errors}  # pyright: ignore[reportAttributeAccessIssue] - aiokafka has no types
        for new in wanted:
            code = codes[new.name]
            if code == 0:
                created.append(new.name)
            elif code == TOPIC_ALREADY_EXISTS:
                existing.append(new)
            else:
                raise TopicNotCreated(f"{new.name}: {for_code(code).__name__}")
        if existing:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, new.name, configs=new.topic_configs) for new in existing])
    finally:
        await admin.close()
    return created


def _new_topics(topic: Topic, replication: int, partitions: int | None) -> list[NewTopic]:
    new = [NewTopic(topic.name, min(topic.partitions, partitions or topic.partitions), replication, topic_configs=_settings(topic))]
    if topic.dead_letters:
        new.append(NewTopic(topic.name + SUFFIX, 1, replication, topic_configs=DEAD_LETTERS))
    return new


def _settings(topic: Topic) -> dict[str, str]:
    if topic.cleanup is Cleanup.COMPACT:
        return {"cleanup.policy": "compact", "min.compaction.lag.ms": str(DAY_MS)}
    return {"cleanup.policy": "delete", "retention.ms": str((topic.retention_days or 1) * DAY_MS)}
