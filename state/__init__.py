"""What the app remembers, in blobs: records, agenda, heartbeats."""
