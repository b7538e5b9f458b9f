"""AWS on one machine, as far as Penstock uses it: see emulator.py, and corrections.py for what is put right in moto."""

from local.emulator.emulator import Emulator

__all__ = ["Emulator"]
