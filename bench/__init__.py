"""Measures the app beside a bare script: `python -m bench`, or `make bench`."""
