"""An HTTP server of ours on a free port of this machine, for as long as somebody needs it."""

from typing import Self

from aiohttp import web


class LocalServer:
    """Serves routes on 127.0.0.1 inside `async with`; `url` is where, without a slash at the end."""

    def __init__(self, routes: list[web.RouteDef], port: int = 0) -> None:
        application = web.Application()
        application.add_routes(routes)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        self._port = port
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
