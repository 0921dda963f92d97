"""The web application that the three faces share."""
