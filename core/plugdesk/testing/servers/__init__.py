"""Real servers for tests, on loopback and free ports, each ended by the test that started it."""
