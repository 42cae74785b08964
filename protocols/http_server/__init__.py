"""Any server that takes a model by HTTP: what it is sent is described in the endpoints file."""
