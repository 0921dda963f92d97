"""Plugins: discovery, states, enabling, and what holds a bad one."""
