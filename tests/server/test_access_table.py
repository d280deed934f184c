"""Every GET route, asked by everybody about every paper: what is not seen is not there, in no answer and in no count.

`tools/access.py` writes docs/access.md out of the same answers; a route without a row there fails here.
"""

import itertools
import os
import re
from pathlib import Path

import pytest

from archive import access
from tests import engines
from tests.server.papers_of_all import KINDS, PEOPLE, SEES, Everything, told, word

DOC = Path(__file__).parents[2] / "docs" / "access.md"
ASIDE = {
    "/static/<path:filename>", "/healthz", "/readyz", "/metrics", "/setup/<link>", "/login", "/login/code",
    "/login/oidc", "/login/oidc/back", "/api/v1/openapi.json",
}  # fmt: skip
"""Routes that know no paper and ask nobody who they are; tests/server/test_auth.py has them."""
MORE = {
    "/search": ["?q=dich", "?q=dich&sort=date", "?q=dihc+benh", "?q=loai:cong+van", "?q=thong&facets=1"],
    "/search.xlsx": ["?q=dich"], "/api/v1/search": ["?q=dich", "?q=dihc"], "/register": ["?q=zq", "?year=2026"],
    "/inbox": ["?show=done", "?show=late", "?unit=phong_th"], "/api/v1/inbox": ["?show=done", "?unit=phong_th"],
    "/reports": ["?part=late", "?part=deadlines", "?part=machine", "?step=day"], "/handling": ["?year=2026"],
    "/files": ["?year=2026"], "/routing": ["?document={document}"], "/": ["?queue=1"], "/inbox/queue": ["?current=x"],
    "/api/documents/": ["?query=dich", "?fields=id", "?full_perms=true"], "/api/search/": ["?query=dich"],
    "/api/search/autocomplete/": ["?term=zq"],
    "/api/v1/register": ["?book=den&year=2026"], "/files/<file_id>": ["?q=dich"],
    "/messages": ["?kind=mail", "?q=zq", "?refused=1"],
}  # fmt: skip
BY_PAPER = ("<document_id>", "<message_id>", "<scan_id>", "<int:route_id>", "<int:paper>")
FILLED = {
    "<int:number>": "1", "<int:column>": "0", "<int:row>": "0", "<int:year>": "2026", "<slug>": "national",
    "<name>": "clerk", "<import_id>": "0" * 32, "<batch_id>": "0" * 32,
}  # fmt: skip
FILLED |= {f"<int:{name}>": "1" for name in ("label", "view", "task", "who", "unit")}
KINDS_OF_FORM = {"<kind>": ("pdf", "xlsx")}
MARKER = re.compile(r"zq([a-z]+?)(text|filename|subject|issuing_organ|symbol|place|signer_name|code|suggested|confirmed"
                    r"|machine|instruction|proposal|asked|twin|twinsubject)zq")  # fmt: skip


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    from archive import config, database
    from migrations import upgrade

    settings = config.load(environ=engines.variables(tmp_path_factory.mktemp("data")))
    engine = database.open_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    everything = Everything(settings)
    yield everything
    everything.close()


def rules(everything):
    found = sorted(str(rule) for rule in everything.app.url_map.iter_rules() if "GET" in rule.methods)
    return [rule for rule in found if rule not in ASIDE]


def addresses(rule, everything, kind):
    """The addresses of a route about one paper, or the ones there are."""
    ids = everything.ids[kind]
    filled = rule.replace("<document_id>", ids["document"]).replace("<scan_id>", ids["scan"])
    filled = filled.replace("<int:route_id>", ids["route"]).replace("<file_id>", everything.file)
    filled = filled.replace("<message_id>", ids["message"])
    filled = filled.replace("<int:paper>", ids["paper"])
    for name, value in FILLED.items():
        filled = filled.replace(name, value)
    for form in KINDS_OF_FORM["<kind>"] if "<kind>" in filled else ("",):
        path = filled.replace("<kind>", form)
        yield path
        for query in MORE.get(rule, ()):
            yield path + query.format(**ids)


ASKED = {
    **dict.fromkeys(("admin", "leader", "auditor"), ("own", "secret other", "quarantined")), "it": ("own",),
    "staff": ("own", "raw", "secret own", "secret other", "bundle", "quarantined"),
    "nowhere": ("own", "raw", "secret own", "quarantined"),
}  # fmt: skip
"""Whom it is enough to ask about some papers only: the others are asked about all."""


def is_of_paper(rule):
    return any(part in rule for part in BY_PAPER)


@pytest.fixture(scope="module")
def answers(everything):
    """(person, route, kind or "") → statuses; and the words and ids of unseen papers that any answer told."""
    table, leaks = {}, []
    for name in PEOPLE:
        for rule in rules(everything):
            for kind in ASKED.get(name, tuple(KINDS)) if is_of_paper(rule) else ("",):
                for path in addresses(rule, everything, kind or "own"):
                    answer = everything.desks[name].open(path)
                    table.setdefault((name, rule, kind), []).append(answer.status_code)
                    leaks += [(name, path, what) for what in unseen(everything, name, kind or "own", answer)]
    return table, sorted(set(leaks))


def unseen(everything, name, asked, answer):
    text = told(answer)
    kinds = {kind.replace(" ", ""): kind for kind in KINDS}
    hidden = set(KINDS) - SEES[name]
    kept = {word("quarantined", place) for place in ("code", "issuing_organ")} if name in RECORDS else set()
    yield from {found[0] for found in MARKER.finditer(text) if kinds[found[1]] in hidden} - kept
    if name in RECORDS:  # they keep the line of the book and see in the queue that the file stands still
        hidden = hidden - {"quarantined"}
    for kind in hidden - {asked}:
        yield from (
            kind + what for what in ("document", "scan", "paper", "message") if everything.ids[kind][what] in text
        )


RECORDS = ("admin", "clerk", "leader", "auditor")


def test_nothing_of_an_unseen_paper_is_told_anywhere(answers):
    assert answers[1] == [], "\n".join(map(str, answers[1]))


def test_no_route_breaks_and_what_is_unseen_is_not_there(answers):
    for (name, rule, kind), statuses in answers[0].items():
        assert max(statuses) < 500, (name, rule, kind)
        if kind and kind not in SEES[name] and not (kind == "quarantined" and name in RECORDS):
            # 403 before any paper is looked for is for those who may open the route for none at all.
            others = {status for one in KINDS for status in answers[0].get((name, rule, one), ())}
            assert set(statuses) <= {404} or others == {403}, (name, rule, kind, statuses)


CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
BODY = {"fields": {"place": "Huế"}, "reason": "x", "unit": "Phòng VX", "pages": [1], "document": "x", "note": "x",
        "arrived_on": "2026-03-02", "parts": [{"unit": "Phòng VX"}], "document_id": "x", "text": "x"}  # fmt: skip


@pytest.mark.parametrize("name", ["head", "deputy"])
def test_who_would_change_what_is_unseen_hears_what_is_said_of_what_is_not_there(everything, name):
    client, headers = everything.app.test_client(), {"Authorization": f"Bearer {everything.keys[name]}"}

    def ask(method, path):
        sent = {"json": BODY} if path.startswith("/api/") else {"data": BODY | {"parts": "", "fields": ""}}
        return client.open(path, method=method, headers=headers, **sent).status_code

    changed = [
        (method, str(rule)) for rule in everything.app.url_map.iter_rules() if is_of_paper(str(rule))
        for method in rule.methods & CHANGING
    ]  # fmt: skip
    assert len(changed) > 20
    for (method, rule), kind in itertools.product(changed, ("secret other", "raw")):
        for move in ("receive", "return") if "<move>" in rule else ("release",):
            asked = rule.replace("<move>", move).replace("<what>", move)
            ids = everything.ids[kind]
            made_up = filled(asked, "0" * 32, "0" * 32, "999999", "999999", "0" * 32)
            own = filled(asked, ids["document"], ids["scan"], ids["route"], ids["paper"], ids["message"])
            assert ask(method, own) == ask(method, made_up), asked


def filled(rule, document, scan, route, paper, message):
    path = rule.replace("<document_id>", document).replace("<scan_id>", scan).replace("<int:route_id>", route)
    path = path.replace("<int:paper>", paper).replace("<message_id>", message)
    for name, value in (FILLED | {"<file_id>": "0" * 32}).items():
        path = path.replace(name, value)
    return path


def table(answers):
    """The lines of docs/access.md."""
    found = answers[0]
    yield "# Who is answered what"
    yield ""
    yield "Made by `tools/access.py`, compared by `tests/server/test_access_table.py`. Each GET route, asked by all;"
    yield (
        "routes of a paper for each kind of paper, seen from Phòng VX. 404 is also the answer for what is not there, "
        "· was not asked."
    )
    yield ""
    yield "People: " + "; ".join(f"`{name}` {describe(name)}" for name in PEOPLE) + "."
    yield ""
    yield "Papers: " + "; ".join(f"*{kind}* {words}" for kind, words in KINDS.items()) + "."
    yield ""
    yield (
        "A paper is sent to another office of the installation by `clerk` and `admin` alone "
        "([offices.md](offices.md)); each office asks its own people: nobody of another is anybody here."
    )
    yield ""
    yield (
        "Routes that ask nobody who they are: " + ", ".join(f"`{rule}`" for rule in sorted(ASIDE)) + ". They know no "
        "paper. `/metrics` tells counts to whoever has `VANTHU_METRICS_TOKEN` (without one, to this machine alone), "
        "403 to everybody else, signed in or not ([operations.md](operations.md))."
    )
    yield ""
    yield "| route | paper | " + " | ".join(PEOPLE) + " |"
    yield "|---|---|" + "---|" * len(PEOPLE)
    alike = {}
    for rule, kind in dict.fromkeys((rule, kind) for name, rule, kind in found if name == "clerk"):
        said = (" ".join(dict.fromkeys(map(str, found.get((name, rule, kind), ("·",))))) for name in PEOPLE)
        alike.setdefault((rule, *said), []).append(kind or "—")
    for (rule, *said), kinds in alike.items():
        yield f"| `{rule}` | {', '.join(kinds)} | " + " | ".join(said) + " |"


def describe(name):
    role, unit = PEOPLE[name]
    return f"{role} of {unit}" if unit else f"{role}" + (" of no unit" if role == "staff" else "")


def test_the_table_in_the_docs_is_what_the_routes_answer(answers):
    lines = "\n".join(table(answers)) + "\n"
    if os.environ.get("VANTHU_WRITE_ACCESS"):
        DOC.write_text(lines, encoding="utf-8")
    assert DOC.read_text(encoding="utf-8") == lines, "docs/access.md is of before: run tools/access.py"


def test_everybody_in_the_table_has_a_role_and_every_role_somebody():
    assert {role for role, _ in PEOPLE.values()} == set(access.ROLES)
