"""The command line for policies."""
