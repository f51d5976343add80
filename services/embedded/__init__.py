"""All three services, their database and their broker in one process: nothing to install, nothing to configure."""
