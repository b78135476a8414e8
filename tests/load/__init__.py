"""Many visitors at once: sessions that do not touch, and how fast they are served (`python -m tests.load`)."""
