"""What the app needs around it, on one machine; never imported by the app, not deployed."""
