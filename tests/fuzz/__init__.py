"""Hostile bytes for every decoder and every handler."""
