"""Taking personal data out of texts that go to a model or are kept to learn from."""

from libs import pii


def redact(text: str) -> str:
    """Return `text` with what is personal replaced by what it was."""
    return pii.redact(text, pii.detect(text))
