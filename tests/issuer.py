"""An issuer of tokens for tests: real RSA keys, published by a real server on a free port."""

import json
import threading
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


@lru_cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class KeyServer:
    """Publishes the keys named in `published`; counts how often it is asked."""

    def __init__(self) -> None:
        self.published, self.asked, self.broken = ["first"], 0, False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                body = b"<html>" if server.broken else json.dumps({"keys": server.keys()}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def keys(self) -> list[dict[str, Any]]:
        public = [(name, RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)) for name in self.published]
        return [{**key, "kid": name, "use": "sig", "alg": "RS256"} for name, key in public]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
