"""The command: flags, files and signals become calls of the engine."""
