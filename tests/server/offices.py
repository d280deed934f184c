"""An office to talk to over HTTP: an application on a migrated database, with a person of each role and their keys."""

from archive import access, people
from archive.models import User
from server import create_app


class Office:
    """The application, its state, and a client that speaks with the key of one role."""

    def __init__(self, settings):
        self.app = create_app(settings)
        self.app.testing = False  # errors must come out as they do for real
        self.state = self.app.extensions["vanthu"]
        self.keys = {}
        with self.sessions.begin() as session:
            for role in access.ROLES:
                user = User(name=f"{role}_1", role=role, password_hash="-")
                session.add(user)
                session.flush()
                self.keys[role] = people.new_token(session, user, "thử", people.SCOPES)

    @property
    def sessions(self):
        return self.state.sessions

    def ask(self, method, path, role="clerk", **more):
        headers = more.pop("headers", {})
        if role:
            headers = {"Authorization": f"Bearer {self.keys[role]}", **headers}
        answer = self.app.test_client().open(path, method=method, headers=headers, **more)
        answer.direct_passthrough = False
        answer.get_data()
        answer.close()
        return answer

    def close(self):
        if "search" in vars(self.state):
            self.state.search.close()
        if "engine" in vars(self.state):
            self.state.engine.dispose()
