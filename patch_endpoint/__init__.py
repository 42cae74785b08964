"""How a model gets into service: decide, sign, PATCH, confirm, every step recorded."""
