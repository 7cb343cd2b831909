"""Personal data in texts: where it stands, and the text without it. Pure: nothing is asked, nothing is kept."""

from libs.pii.detect import DEFAULT_TYPES, detect
from libs.pii.finding import Finding
from libs.pii.redact import redact

__all__ = ["DEFAULT_TYPES", "Finding", "detect", "redact"]
