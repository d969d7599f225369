"""The HTTP server: it passes requests to the dispatcher and sends its replies, in one event loop."""

import asyncio
import socket
import struct

from sso_batch.emulator.dispatcher import Delivery, DeliveryMode, Dispatcher
from sso_batch.emulator.http import MalformedRequestError, Request, json_reply, take_request

# With a linger time of 0, closing the socket sends a reset.
_NO_LINGER = struct.pack("ii", 1, 0)


class Server:
    """A listening socket and its connections, all in the event loop that runs `start`."""

    def __init__(self, dispatcher: Dispatcher, *, latency: float = 0.0) -> None:
        self.dispatcher = dispatcher
        self.latency = latency
        self.connections: set[ClientConnection] = set()
        self._requests = 0

    async def start(self, host: str, port: int) -> str:
        """Start listening and return the URL."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: ClientConnection(self), host, port)
        address = self._listener.sockets[0].getsockname()
        return f"http://{address[0]}:{address[1]}"

    async def stop(self) -> None:
        """Close the listening socket and all connections immediately."""
        self._listener.close()
        for connection in list(self.connections):
            connection.abort()
        await self._listener.wait_closed()
        # The transports close their sockets in the next iteration of the loop.
        await asyncio.sleep(0)

    def next_request_id(self) -> str:
        """Return the request id of the next answer."""
        self._requests += 1
        return f"{self._requests:08x}-0000-4000-8000-000000000000"

    def answer(self, request: Request) -> tuple[Delivery, float]:
        """Return the answer to a request, and its delay in seconds."""
        if "authorization" not in request.headers and request.method == "GET":
            if request.path == "/health":
                return Delivery(json_reply(200, {"status": "ok"})), 0
            if request.path == "/calls":
                return Delivery(json_reply(200, self._counts())), 0
        return self.dispatcher.answer(request), self.latency

    def _counts(self) -> dict[str, object]:
        counts: dict[str, object] = {}
        for name, counter in (("calls", self.dispatcher.calls), ("throttled", self.dispatcher.throttled)):
            organizations: dict[str, dict[str, int]] = {}
            for (organization, operation), count in sorted(counter.items()):
                organizations.setdefault(organization, {})[operation] = count
            counts[name] = organizations
        return counts


class ClientConnection(asyncio.Protocol):
    """A client's connection; its requests are answered in order."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Add this connection to the server's connections."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Remove this connection from the server's connections."""
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Buffer bytes until a request is complete."""
        self._buffer += data
        if not self._answering:
            self._serve()

    def abort(self) -> None:
        """Close the connection without sending buffered data."""
        self._transport.abort()

    def _serve(self) -> None:
        try:
            request = take_request(self._buffer)
        except MalformedRequestError:
            self._transport.abort()
            return
        if request is None:
            return
        delivery, delay = self._server.answer(request)
        if delay:
            self._answering = True
            asyncio.get_running_loop().call_later(delay, self._deliver, delivery)
        else:
            self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        self._answering = delivery.mode == "hang"
        if self._transport.is_closing() or self._answering:
            return
        encoded = delivery.reply.encode(self._server.next_request_id())
        if delivery.mode == "complete":
            self._transport.write(encoded)
            if self._buffer:
                self._serve()
        else:
            self._send_partially(encoded, delivery.mode)

    def _send_partially(self, encoded: bytes, mode: DeliveryMode) -> None:
        self._transport.write(encoded[: -max(1, len(encoded) // 8)])
        if mode == "truncated":
            self._transport.close()
            return
        raw: socket.socket = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()
