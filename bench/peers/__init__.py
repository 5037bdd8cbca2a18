"""One launcher for each subject: fill its store, serve it, say how to reach it.

Run as ``python -m bench.peers.NAME --users N --port P --state DIRECTORY``. When the
server answers, DIRECTORY holds ``ready.json``; SIGTERM ends server and launcher.
"""
