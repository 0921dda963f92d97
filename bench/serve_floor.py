"""Serve the floor application with Plugdesk's own server module: serve_floor.py PORT THREADS."""

import sys

from floor import app
from plugdesk.web.server import bind, serve

if __name__ == "__main__":
    serve(app, bind("127.0.0.1", int(sys.argv[1])), threads=int(sys.argv[2]))
