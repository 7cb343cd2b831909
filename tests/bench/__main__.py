"""`make bench`: every measurement in one run; a table on the terminal, and .comanda/bench.json beside it."""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from deploy.local.stack import Stack
from libs.service import collect_garbage_seldom
from libs.settings import Settings
from tests.bench import ingest, load, match, message_store, pii, pipeline, relay

RESULTS = Path(".comanda/bench.json")
console = Console(highlight=False)


def main() -> None:
    """Measure, print, and write the figures down."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=40_000, help="for message_store and its baselines")
    parser.add_argument("--seconds", type=float, default=20, help="for each rate of the pipeline")
    parser.add_argument("--rates", default="20,100,200,250,300,350,400", help="messages a second, ascending")
    parser.add_argument("--data", type=Path, help="a folder as `comanda eval match` takes it, for the matching engine beside its peers")
    wanted = parser.parse_args()
    collect_garbage_seldom()
    folder = Path(tempfile.mkdtemp(prefix="comanda-bench-"))
    try:
        results: dict[str, Any] = {"match": match.match(wanted.data)}
        results |= _store(folder / "store", wanted.messages)
        results |= _ingest(folder / "ingest", wanted.seconds)
        results |= _pipeline(folder / "pipeline", wanted.rates, wanted.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2))
    _show(results)


def _store(folder: Path, count: int) -> dict[str, Any]:
    """Measure message_store between two runs of its bare baseline, so that a drift of the machine shows; and the relay."""
    with Stack(folder, names=[], say=console.print) as stack:
        environment = stack.environment("message_store")
        settings = Settings(
            database_url=SecretStr(environment["COMANDA_DATABASE_URL"]),
            kafka_bootstrap=stack.bootstrap,
            kafka_idempotence=environment["COMANDA_KAFKA_IDEMPOTENCE"] == "true",
            http_port=1,
            jwt_secret=SecretStr("only-for-the-benchmark-0123456789"),
            master_key=SecretStr(environment["COMANDA_MASTER_KEY"]),
        )
        admin_url = stack.admin_url.rsplit("/", 1)[0] + "/message_store"

        async def measure() -> dict[str, Any]:
            await load.publish(stack.bootstrap, message_store.TOPIC, count)
            plain = await message_store.transaction_a_message(admin_url, stack.bootstrap, count // 20)
            before = await message_store.bare_loop(admin_url, stack.bootstrap, count)
            ours = await message_store.message_store(settings, count)
            after = await message_store.bare_loop(admin_url, stack.bootstrap, count)
            relayed = await relay.relay(settings, admin_url, count)
            stored, scanned = await pii.scan(settings, count // 2)
            bare = (before + after) / 2
            return {
                "message_store": {
                    "bare_loop_per_s": [round(before), round(after)],
                    "transaction_a_message_per_s": round(plain),
                    "message_store_per_s": round(ours),
                    "share_of_bare_loop": round(ours / bare, 3),
                    "times_transaction_a_message": round(ours / plain, 1),
                },
                "relay_rows_per_s": round(relayed),
                "personal_data": {
                    "texts_recognized_per_s": round(pii.detect(count)),
                    "messages_stored_per_s": round(stored),
                    "messages_scanned_per_s": round(scanned),
                    "messages_stored_and_scanned_per_s": round(1 / (1 / stored + 1 / scanned)),
                },
            }

        return uvloop.run(measure())


def _ingest(folder: Path, seconds: float) -> dict[str, Any]:
    with Stack(folder, names=["ingest"], say=console.print) as stack:
        return {"ingest": uvloop.run(ingest.ingest(stack, seconds))}


def _pipeline(folder: Path, rates: str, seconds: float) -> dict[str, Any]:
    with Stack(folder, say=console.print) as stack:
        measured, memory = uvloop.run(pipeline.run(stack, [float(rate) for rate in rates.split(",")], seconds))
    sustained = [each for each in measured if each.sustained]
    return {
        "pipeline": [each.as_json() for each in measured],
        "highest_sustained_rate": max((each.rate for each in sustained), default=0),
        "memory_mb": memory,
    }


def _show(results: dict[str, Any]) -> None:
    table = Table("what", "result", title="Benchmarks")
    for name, value in results["message_store"].items():
        table.add_row(f"message_store: {name}", str(value))
    for name, value in results["personal_data"].items():
        table.add_row(f"personal data, one process: {name}", str(value))
    for name, value in results["ingest"].items():
        table.add_row(f"ingest on one core: {name}", str(value))
    table.add_row("relay: rows a second", str(results["relay_rows_per_s"]))
    for each in results["pipeline"]:
        session, order = each["message_to_session_ms"], each["yes_to_confirmed_order_ms"]
        table.add_row(
            f"pipeline at {each['rate']:.0f}/s{'' if each['sustained'] else ' (not sustained)'}",
            f"{each['throughput']}/s; message to session p50 {session.get('p50')} p99 {session.get('p99')} ms; "
            f"yes to order p50 {order.get('p50')} p99 {order.get('p99')} ms",
        )
    table.add_row("highest sustained rate", f"{results['highest_sustained_rate']:.0f}/s")
    table.add_row("memory", ", ".join(f"{name} {megabytes} MB" for name, megabytes in results["memory_mb"].items()))
    for name, figures in results["match"].items():
        for way, (first, five, rate) in figures.items() if isinstance(figures, dict) else ():
            table.add_row(f"matching, {name}: {way}", f"recall@1 {first}, @5 {five}; {rate}/s")
    console.print(table)
    if skipped := results["match"].get("skipped"):
        console.print(skipped)


if __name__ == "__main__":
    started = time.monotonic()
    main()
    console.print(f"{time.monotonic() - started:.0f} s; the figures are in {RESULTS}")
