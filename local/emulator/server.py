"""The emulator on a port, for tools and containers: the same state as in the process, over HTTP."""

import logging
import socket
import threading
from typing import Any


class Server:
    """moto's own HTTP application on a thread; `port` 0 becomes the free one it found."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Serves as soon as it returns. OSError: the port is taken."""
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server  # noqa: PLC0415

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        application = DomainDispatcherApplication(create_backend_app)
        handler = type("Quiet", (MotoRequestHandler,), {"protocol_version": "HTTP/1.1"})
        with socket.create_server((self.host, self.port), backlog=128) as taken:
            fd = taken.fileno()
            self._server = make_server(self.host, self.port, application, threaded=True, request_handler=handler, fd=fd)
            self.port = taken.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None
