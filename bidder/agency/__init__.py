"""Many shops looked at together: how each stands, which need somebody, their pages behind one address.

Stands between the commands and the daemon: it opens each shop's configuration and store, and asks what a single
daemon's page asks. A single shop needs none of it.
"""
