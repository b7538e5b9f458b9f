"""Every HTTP request: parse, one engine call, reply. The routes are put together on the first call."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from penstock import wiring
from penstock.routes import app


@lru_cache(maxsize=1)
def _app() -> app.App:
    return app.build(wiring.parts(), wiring.clean_html, wiring.word_document)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    wiring.observe(context)
    return _app()(event, context)
