"""The services, each a process of its own with a database of its own: `python -m services.<name>`."""

from pathlib import Path

NAMES = tuple(sorted(folder.parent.name for folder in Path(__file__).parent.glob("*/__main__.py")))
"""Every service there is."""
