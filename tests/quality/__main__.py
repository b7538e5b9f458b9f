"""`python -m tests.quality` measures the gate anew and writes the tables into docs/quality.md."""

from tests.quality.confusion import publish

publish()
