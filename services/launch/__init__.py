"""How the services become a process: the parts they stand on, the order of start and stop, and the command line."""
