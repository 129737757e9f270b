"""Those who put packages into a prefix: rattler (in a child process), conda, pip."""
