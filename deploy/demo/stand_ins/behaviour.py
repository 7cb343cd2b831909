"""How a stand-in for a provider answers when it is told to misbehave."""

from dataclasses import dataclass

from aiohttp import web

from deploy.demo.stand_ins.server import LocalServer


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How the next calls are answered; `times` None means all of them."""

    status: int = 200
    error_code: int = 131000
    delay_seconds: float = 0.0
    retry_after: int | str | None = None
    """Seconds, or an HTTP date."""
    times: int | None = None
    take_all_the_same: bool = False
    """Take the message and answer with the error nevertheless, as when an answer gets lost."""

    @property
    def refuses(self) -> bool:
        """Whether the answer is an error."""
        return self.status != web.HTTPOk.status_code

    @property
    def takes(self) -> bool:
        """Whether the message is taken, whatever the answer."""
        return self.take_all_the_same or not self.refuses

    def headers(self) -> dict[str, str]:
        """The headers of an error."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}


class BehavingServer(LocalServer):
    """A local server whose `behaviour` may be set; it serves well by default."""

    def __init__(self, routes: list[web.RouteDef], port: int = 0) -> None:
        super().__init__(routes, port)
        self.behaviour = Behaviour()

    def next_behaviour(self) -> Behaviour:
        """Return how this call is answered."""
        behaviour = self.behaviour
        if behaviour.times is None:
            return behaviour
        behaviour.times -= 1
        if behaviour.times <= 0:
            self.behaviour = Behaviour()
        return behaviour
