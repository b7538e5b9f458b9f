"""The pure middle: records, conditions, messages, kinds. Standard library and pydantic only; no clock, no ids, no
environment."""
