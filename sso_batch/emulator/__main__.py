"""The command line of the emulator: `python -m sso_batch.emulator --help`."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sso_batch.emulator.configuration import configuration, environment
from sso_batch.emulator.demo_data import demo_world
from sso_batch.emulator.emulator import Emulator
from sso_batch.emulator.limits import Limits
from sso_batch.emulator.world import World
from sso_batch.emulator.world.generator import SIZES, generate


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve an emulated AWS until SIGINT or SIGTERM."""
    options = _parser().parse_args(arguments)
    emulator = Emulator(
        _world(options),
        limits=Limits.off() if options.no_limits else None,
        latency=options.latency / 1000,
        host=options.host,
        port=options.port,
    )
    try:
        asyncio.run(_serve(emulator, options.write_config, options.public_url))
    except OSError as error:
        sys.stderr.write(f"cannot start the emulator: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sso_batch.emulator", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 chooses a free port")
    parser.add_argument(
        "--latency", type=float, default=0, metavar="MS", help="milliseconds of delay per answer"
    )
    parser.add_argument("--no-limits", action="store_true", help="disable rate limits")
    parser.add_argument(
        "--with-failure",
        action="store_true",
        help="add incomplete and failing organizations",
    )
    parser.add_argument("--write-config", type=Path, metavar="DIR", help="folder for orgs.yaml and aws.env")
    parser.add_argument("--public-url", metavar="URL", help="URL for aws.env, if clients use another one")
    sized = parser.add_argument_group("generated organizations, instead of the demo data")
    sized.add_argument("--seed", type=int, help="random seed; the same seed generates the same data")
    sized.add_argument("--organizations", type=int, help="number of organizations")
    for name in SIZES:
        sized.add_argument(
            f"--{name.replace('_', '-')}", type=int, metavar="N", help="number per organization"
        )
    return parser


def _world(options: argparse.Namespace) -> World:
    sizes = {name: getattr(options, name) for name in SIZES if getattr(options, name) is not None}
    if not sizes and options.seed is None and options.organizations is None:
        return demo_world(with_failure=options.with_failure, now=time.time())
    return generate(options.seed or 0, organizations=options.organizations or 1, **sizes)


async def _serve(emulator: Emulator, folder: Path | None, public_url: str | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def announce() -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            variables = environment(emulator.world, public_url or emulator.url)
            (folder / "orgs.yaml").write_text(configuration(emulator.world), encoding="utf-8")
            (folder / "aws.env").write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
        sys.stdout.write(f"{emulator.url}\n")
        sys.stdout.flush()

    await emulator.serve(stop, announce)


if __name__ == "__main__":
    raise SystemExit(main())
