"""Faults on purpose: real services, database, broker and mail server are killed, frozen and cut while customers file.

`python -m tests.faults` runs the scenarios; one checker judges what is left after each.
"""
