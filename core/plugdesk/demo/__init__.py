"""A sample shop to look around in: people, tickets and files, all of it marked and removable.

`loading.load(site)` fills a site, `removing.remove(site)` takes everything out again.
"""
