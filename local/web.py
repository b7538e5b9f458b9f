"""The gateway's socket and HTTP server."""

import socket
from http.client import HTTPConnection, HTTPException

import uvicorn

from local.errors import LocalError
from local.gateway import Gateway

HOST = "127.0.0.1"


def web_server(gateway: Gateway, grace: float) -> uvicorn.Server:
    """Serves the gateway; when told to stop, requests that run have `grace` seconds left."""
    config = uvicorn.Config(
        gateway,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(grace),
    )
    return uvicorn.Server(config)


def listen(port: int) -> socket.socket:
    # With the protocol named, asyncio turns off delayed sending on each connection (40 ms a request otherwise).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError as taken:
        listener.close()
        raise LocalError(f"port {port} is taken ({taken.strerror}): set PORT to a free one, e.g. PORT=8080") from taken
    return listener


def health(port: int) -> int | str:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, HTTPException) as failed:
        return type(failed).__name__
    finally:
        connection.close()
