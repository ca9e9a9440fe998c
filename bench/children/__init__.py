"""What runs in a process of its own: each module is started with ``python -m`` and prints one JSON object."""
