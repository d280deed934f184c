"""The web as a server of its own, and a worker beside it, for tests that come in over the network."""

import contextlib
import threading

from waitress import create_server
from waitress.wasyncore import close_all

from archive.jobs.worker import Worker


@contextlib.contextmanager
def serving(app, threads=8):
    """Its address while it runs."""
    server = create_server(app, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # By the thread that listens: closed by another, its connections would go while it looks at them.
        server.trigger.pull_trigger(lambda: close_all(server._map, ignore_all=True))
        thread.join(300)
        server.task_dispatcher.shutdown()
        vars(app.extensions["vanthu"]).get("search", server).close()


@contextlib.contextmanager
def working(settings):
    """A worker does what is to be done."""
    stop, worker = threading.Event(), Worker(settings)
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(300)
    worker.close()
