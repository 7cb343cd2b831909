"""`comanda migrate`: a database and a role for each service, and every migration that it has not seen yet."""

import asyncio
import os
import subprocess
import sysconfig
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

import libs
import services
from libs.postgres import Connection

OWNER_GIVES_UP = "alter role comanda_owner set lock_timeout = '5s'; alter role comanda_owner set statement_timeout = '15min'"
"""A migration that waits for a lock lets nobody else have it: it fails, and is run again."""
GROUP_ROLES = ("comanda_app", "comanda_worker", "comanda_owner")
DBMATE = Path(sysconfig.get_path("scripts")) / "dbmate"


class MigrationFailed(Exception):
    """dbmate refused; the text is what it said."""


async def migrate_all(admin_url: str, password: str) -> None:
    """Create what is missing and migrate every service's database, each as the role that owns it.

    `admin_url` is a superuser's; `password` is what the services' login roles get. Safe to repeat, and to run while services run.
    Raises MigrationFailed with dbmate's words.
    """
    admin = await asyncpg.connect(admin_url)
    try:
        for role in GROUP_ROLES:
            await _create_role(admin, role, "nologin")
        await admin.execute(f"alter role comanda_owner login password {_literal(password)}; {OWNER_GIVES_UP}")
        for name in services.NAMES:
            await _create_database(admin, name, password)
    finally:
        await admin.close()
    for name in services.NAMES:
        await asyncio.to_thread(_dbmate, _url(admin_url, "comanda_owner", password, name), name)


async def _create_role(admin: Connection, role: str, options: str) -> None:
    if not await admin.fetchval("select true from pg_roles where rolname = $1", role):
        await admin.execute(f"create role {role} {options}")


async def _create_database(admin: Connection, name: str, password: str) -> None:
    """One database a service, which only its own login role may connect to. That role owns nothing and cannot bypass row level security."""
    await _create_role(admin, name, "login nobypassrls nosuperuser nocreatedb nocreaterole")
    await admin.execute(f"alter role {name} password {_literal(password)}")
    await admin.execute(f"grant comanda_app to {name} with inherit true; grant comanda_worker to {name} with inherit false, set true")
    if not await admin.fetchval("select true from pg_database where datname = $1", name):
        await admin.execute(f"create database {name} owner comanda_owner template template0 encoding 'UTF8'")
    await admin.execute(f"revoke all on database {name} from public; grant connect on database {name} to {name}")


def _dbmate(url: str, name: str) -> None:
    """Run the shared migrations, then the service's own; each keeps its own list of what was applied."""
    for folder, table in ((Path(libs.__file__).parent, "schema_migrations_shared"), (Path(services.__file__).parent / name, "schema_migrations")):
        command = [
            str(DBMATE),
            "--migrations-dir",
            str(folder / "migrations"),
            "--migrations-table",
            table,
            "--no-dump-schema",
            "--migration-lock",
            "up",
            "--strict",
        ]
        done = subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise MigrationFailed(f"{name}: {done.stderr.strip() or done.stdout.strip()}")


def _url(admin_url: str, role: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    query = parts.query or "sslmode=disable"
    return urlunsplit((parts.scheme, f"{role}:{quote(password, safe='')}@{host}", f"/{database}", query, ""))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
