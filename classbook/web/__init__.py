"""Face 2: the HTTP API, the desk that makes it fast, and the pages."""
