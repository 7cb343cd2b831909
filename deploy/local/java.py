"""Where Java and Maven are, if they are."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalStackError

_OLDEST = 17


class NoJavaError(LocalStackError):
    """Apache Kafka cannot run here: Java or Maven is missing or too old."""


@dataclass(frozen=True, slots=True)
class Java:
    """The programs that Apache Kafka needs: `java` of the given version, and `mvn`."""

    java: str
    version: int
    mvn: str


def find_java() -> Java:
    """Return Java (of JAVA_HOME, or else on the PATH) and Maven; raise NoJavaError when one is missing or too old."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise NoJavaError("Apache Kafka needs Java 17 or newer, and there is no java here.")
    version = _version(java)
    if version < _OLDEST:
        raise NoJavaError(f"Apache Kafka needs Java 17 or newer, and {java} is Java {version}.")
    mvn = shutil.which("mvn")
    if mvn is None:
        raise NoJavaError("Apache Kafka is fetched by Maven, and there is no mvn here.")
    return Java(java, version, mvn)


def _version(java: str) -> int:
    """Return the feature release of a java program: 17 for 17.0.15, 8 for 1.8.0; 0 when it does not run."""
    said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr  # noqa: S603 - java itself
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0
