"""Apache Kafka's jars, fetched once from Maven Central by `mvn` into a cache folder that all checkouts share."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.folders import prepare, writing_in
from deploy.local.java import Java

KAFKA_VERSION = "4.4.0"

_MEGABYTES = 200
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>comanda</groupId>
  <artifactId>local-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <!-- Kafka logs through slf4j and leaves it to its distribution to say where to. -->
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.5</version>
    </dependency>
  </dependencies>
</project>
"""


def cache_folder() -> Path:
    """Return the folder of this version, whether or not it is filled yet."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "comanda" / f"kafka-{KAFKA_VERSION}"


def fetch_jars(java: Java) -> Path:
    """Return the folder of the jars, complete."""
    return ensure_once(cache_folder(), "jars", lambda unfinished: _run_maven(java, unfinished))


def ensure_once(cache: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return the file or folder `name` in `cache`; the first caller makes it, others wait, and what was left unfinished is made anew."""
    wanted, unfinished = cache / name, cache / f"{name}.unfinished"
    if wanted.exists():
        return wanted
    prepare(cache, _MEGABYTES)
    with writing_in(cache), (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.unlink(missing_ok=True)
            make(unfinished)
            unfinished.rename(wanted)
    return wanted


def _run_maven(java: Java, jars: Path) -> None:
    cache = jars.parent
    (cache / "pom.xml").write_text(_POM)
    done = subprocess.run(  # noqa: S603 - Maven
        [java.mvn, "--batch-mode", "--quiet", "--file", "pom.xml", _COPY, f"-DoutputDirectory={jars}", "-DincludeScope=runtime"],
        check=False,
        cwd=cache,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        (cache / "mvn.log").write_text(done.stdout)
        raise LocalStackError(
            f"Maven could not fetch Apache Kafka {KAFKA_VERSION} (its output is in {cache / 'mvn.log'}): "
            "connect to the network, or set COMANDA_BROKER=embedded to do without it."
        )
