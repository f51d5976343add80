"""Breach risk by command line: models learned, measured, published."""
