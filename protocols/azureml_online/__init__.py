"""Managed online endpoints of Azure Machine Learning: blue/green, by the app's own identity."""
