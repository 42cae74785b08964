"""What the app says about itself: events with constant names, never a secret."""
