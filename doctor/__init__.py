"""Finds what is wrong with a set-up, and says how to mend it. Changes nothing."""
