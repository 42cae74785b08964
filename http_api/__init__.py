"""The HTTP API: a person looks, and takes over."""
