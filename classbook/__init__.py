"""Classbook books places: classes, events, seats, appointments and rooms, all by one law."""

__version__ = "0.1.0"
