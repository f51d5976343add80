"""Texts written to measure what is found in complaints with, and the figures."""
