"""`make catalogue FILE=…`: what a catalogue of one's own offers, or what is wrong with it."""

import sys
from pathlib import Path

from penstock.providers import catalogue


def main(arguments: list[str]) -> int:
    """0 if the file can be used, 1 if not."""
    try:
        models = catalogue.load(Path(arguments[0])) if arguments else catalogue.load()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for model in models:
        until = f" (until {model.retires})" if model.retires else ""
        print(f"{model.id:28}{model.provider:10}{', '.join(model.features)}{until}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
