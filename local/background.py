"""A thread that works until it is told to stop."""

import threading


class Background:
    """`run` is what a subclass does, looking at `stopping` between two turns."""

    def __init__(self, name: str) -> None:
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    def run(self) -> None:
        raise TypeError(f"{type(self).__name__} does not say what it does")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begins nothing new; what runs goes on."""
        self.stopping.set()

    def join(self, timeout: float) -> bool:
        """Waits for what runs; whether it ended within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()
