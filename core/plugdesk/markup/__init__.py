"""Markup: making HTML harmless, reading it as text, and making it from text."""
