"""Tests, by package; `support` holds what several of them share."""
