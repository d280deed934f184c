"""`python -m tests.server.paperless.serving DATA MOMENT`: the web on a free port, killed -9 at a moment of an upload.

MOMENT: `row`: the bytes are safe and their scan committed, the task is about to be written; `answer`: that is written,
too, and the answer is about to go out; anything else: never. Says its port on standard output.
"""

import os
import signal
import sys
from pathlib import Path

import sqlalchemy as sa
from waitress import create_server

from archive import config
from server import create_app


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def main(data, moment):
    app = create_app(config.load(data=Path(data), reserve_mb=1))
    engine = app.extensions["vanthu"].engine

    def heard(_connection, _cursor, statement, *_rest):
        if moment == "row" and statement.startswith("INSERT INTO client_upload"):
            die()

    def called(environ, start):
        body = inner(environ, start)
        if moment == "answer" and environ["PATH_INFO"].endswith("post_document/"):
            die()
        return body

    sa.event.listen(engine, "before_cursor_execute", heard)
    inner, app.wsgi_app = app.wsgi_app, called
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    print(server.effective_port, flush=True)
    server.run()


main(*sys.argv[1:])
