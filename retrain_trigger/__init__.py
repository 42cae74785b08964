"""What is wanted and why: a model landed, something is due, a landing was missed."""
