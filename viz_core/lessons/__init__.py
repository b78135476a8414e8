"""Lessons: files of words, presets of the app's pages, and questions whose answers are computed from the models."""
