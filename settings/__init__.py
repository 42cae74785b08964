"""What the user configured: app settings and the endpoints file, every fault named at once."""
