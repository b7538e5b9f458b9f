"""Measurements of Penstock as its user would see it: `make bench`."""
