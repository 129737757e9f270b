"""SSH endpoints of notebooks: real servers on loopback, one port each."""
