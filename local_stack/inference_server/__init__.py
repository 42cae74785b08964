"""Programs that run an entry script: `init()` once, then `run(text)` for each request to `/score`.

They run in another Python than the stack's, so nothing is imported here but the standard library.
Each is given a socket that listens already: so no port is taken by chance, and none but loopback.
"""
