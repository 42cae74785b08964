"""How scoring endpoints are spoken to. Adding a protocol is adding one place here."""
