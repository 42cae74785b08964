"""What the HTTP services of the local stack are built from."""
