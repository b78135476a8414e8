"""Attention made cheaper: in tiles, with a cache, with fewer cells; and what it costs beside other layers."""
