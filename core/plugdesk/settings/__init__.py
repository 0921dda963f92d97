"""Settings of the site and of plugins, with secrets encrypted at rest."""
