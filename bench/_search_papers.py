"""Made-up papers of about 900 syllables for the benchmark of search, and queries made from them by rule.

Sentences are drawn from Vietnamese text: Debian's libreoffice-help-vi, fetched and unpacked here where apt answers, and
the project's own sample papers; without it syllables are strung together. 5 % of the words are replaced (Zipf), .6 % of
the letters misread.
"""

from __future__ import annotations

import html
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from archive.search.words import WORD, line
from archive.vietnamese import fold
from server.demo import texts

PACKAGE = "libreoffice-help-vi"
SAMPLES = Path(__file__).parents[1] / "plugins"
ONSETS = tuple("b c ch d đ g gi h kh l m n ng nh ph qu r s t th tr v x".split())  # noqa: SIM905
RHYMES = tuple("ảo ân ành ập ắt âu ây iên iếp iệu oan oát ói ông ộc ơn uật uyên ưng ước ườ ượng ách ãi ánh".split())  # noqa: SIM905
SYMBOLS = tuple("UBND-VX UBND-KT QĐ-UBND BC-SYT KH-UBND TB-VP NQ-HĐND CV/TU TB/TU CT/TU HD-STC TTr-SXD".split())  # noqa: SIM905
TYPES = ("Công văn", "Quyết định", "Báo cáo", "Kế hoạch", "Thông báo", "Nghị quyết", "Tờ trình")
MISREAD = {"n": "h", "e": "c", "i": "l", "o": "c", "u": "n", "h": "b", "c": "e", "t": "l", "m": "n", "a": "o", "d": "đ"}
MARKS_LOST = {"ế": "e", "ư": "u", "ơ": "o", "ạ": "a", "ị": "i", "ộ": "ô", "ề": "ê", "ớ": "o", "ắ": "ă", "ầ": "â"}
CONFUSED = {**MISREAD, **MARKS_LOST}
LENGTH = 900
MOST_ALIKE = 5


@dataclass(frozen=True)
class Paper:
    """One made-up document; `clean` is its text before it was misread."""

    code: str
    type: str
    organ: str
    date: str
    subject: str
    text: str
    clean: str


@dataclass(frozen=True)
class Judged:
    """A query, the one document it was made from, and the best mean of 1/rank anybody could have: the same words may
    stand in several documents, and nobody can tell which was meant."""

    kind: str
    text: str
    target: int
    best: float = 1.0


class Zipf:
    """Draws with probability 1/(rank + 3)."""

    def __init__(self, things: Sequence[str], rng: random.Random) -> None:
        self._things, self._rng = things, rng
        self._sums = list(accumulate(1 / (rank + 3) for rank in range(len(things))))

    def draw(self, count: int) -> list[str]:
        return self._rng.choices(self._things, cum_weights=self._sums, k=count)


def sentences(rng: random.Random, folders: Sequence[Path] = ()) -> list[str]:
    """Different sentences of 6 to 60 words, in random order."""
    if folders:
        text = "\n\n".join(file.read_text(encoding="utf-8") for folder in folders for file in folder.glob("*.txt"))
    else:
        text = "\n\n".join([*_help(), *_samples()])
    found = {" ".join(piece.split()) for piece in re.split(r"(?<=[.;:])\s|\n\s*\n", text)}
    kept = sorted(piece for piece in found if 6 <= len(WORD.findall(piece)) <= 60)
    rng.shuffle(kept)
    print(f"{len(kept)} sentences" if len(kept) > 2000 else "no Vietnamese text: syllables strung together")
    return kept if len(kept) > 2000 else list(_strung(rng))


def _help() -> Iterator[str]:
    """The paragraphs of the package's pages; none where it cannot be had."""
    with tempfile.TemporaryDirectory(prefix="vanthu-help-") as folder:
        for asked in (["apt-get", "-qq", "download", PACKAGE], ["sh", "-c", f"dpkg-deb -x {PACKAGE}*.deb ."]):
            try:
                done = subprocess.run(asked, cwd=folder, capture_output=True, timeout=120, check=False)
            except (OSError, subprocess.TimeoutExpired):
                return
            if done.returncode:
                return
        for file in sorted(Path(folder).rglob("*.html")):
            page = file.read_text(encoding="utf-8", errors="replace")
            for paragraph in re.findall(r"<p[^>]*>(.*?)</p>", page, re.DOTALL):
                text = html.unescape(re.sub(r"<[^>]+>", "", paragraph))
                if not text.isascii():
                    yield text


def _samples() -> Iterator[str]:
    for file in sorted(SAMPLES.glob("*/samples/*.txt")):
        yield file.read_text(encoding="utf-8")
    for paper in vars(texts).values():
        yield from getattr(paper, "body", ())


def _strung(rng: random.Random) -> Iterator[str]:
    syllables = Zipf([onset + rhyme for rhyme in RHYMES for onset in ONSETS], rng)
    for _ in range(20_000):
        yield " ".join(syllables.draw(rng.randint(8, 40))) + "."


def generated(count: int, pool: list[str], rng: random.Random) -> Iterator[Paper]:
    """`count` documents drawn from `pool`."""
    ranked = [word for word, _ in Counter(w for s in pool for w in WORD.findall(s.lower())).most_common()]
    words = Zipf(ranked, rng)
    pieces = [sentence.split() for sentence in pool]
    for number in range(count):
        yield _paper(number, _body(pieces, words, rng), rng)


def _body(pool: list[list[str]], words: Zipf, rng: random.Random) -> str:
    length, parts = rng.randint(600, 1200), []
    while length > 0:
        tokens = list(rng.choice(pool))
        length -= len(tokens)
        places = [n for n in range(len(tokens)) if rng.random() < 0.05]
        for place, word in zip(places, words.draw(len(places)), strict=True):
            tokens[place] = word
        parts.append(" ".join(tokens))
    return "\n".join(parts)


def cut(folders: Sequence[Path], rng: random.Random) -> Iterator[Paper]:
    """The texts themselves, cut into documents of LENGTH words."""
    number = 0
    for folder in folders:
        for file in sorted(folder.glob("*.txt")):
            words = file.read_text(encoding="utf-8").split()
            for at in range(0, len(words), LENGTH):
                if len(words) - at > 100:
                    yield _paper(number, " ".join(words[at : at + LENGTH]), rng)
                    number += 1


def _paper(number: int, body: str, rng: random.Random) -> Paper:
    symbol = rng.choice(SYMBOLS)
    code = f"{number + 1}{'-' if '/' in symbol else '/'}{symbol}"
    date = f"{rng.randint(2015, 2025)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    subject = " ".join(body.split()[:14])
    organ = f"Cơ quan số {rng.randint(1, 60)}"
    head = f"Số: {code}\n{organ}\n{subject}\n"
    cited = f"\nCăn cứ {rng.randint(1, 3000)}/{rng.choice(SYMBOLS)} ngày {date[8:]}/{date[5:7]}/{date[:4]}"
    clean = head + body + cited
    return Paper(code, rng.choice(TYPES), organ, date, subject, misread(clean, 0.006, rng), clean)


def misread(text: str, rate: float, rng: random.Random) -> str:
    """Letters and marks confused as a reader does, about `rate` of the letters."""
    letters = list(text)
    for at in rng.sample(range(len(letters)), round(rate * len(letters))):
        letters[at] = CONFUSED.get(letters[at], letters[at])
    return "".join(letters)


def judged(papers: Sequence[Paper], count: int, rng: random.Random) -> list[Judged]:
    """Words of one document each, as it was before it was misread, and half as many codes in four spellings.

    3 to 5 words that stand side by side in at most MOST_ALIKE documents (nobody looks for "pursuant to the law");
    marks are dropped in 20 %, one letter of one word is misread in 10 %.
    """
    queries: list[Judged] = []
    lines = [line(paper.clean) for paper in papers]
    while len(queries) < count:
        target = rng.randrange(len(papers))
        words = re.findall(r"[^\W\d_]+(?: [^\W\d_]+){2,4}", papers[target].clean[120:])
        if not words:
            continue
        window = " ".join(rng.choice(words).split()[: rng.randint(3, 5)]).lower()
        alike = _alike(line(window), lines)
        if 0 < alike <= MOST_ALIKE:
            best = sum(1 / rank for rank in range(1, alike + 1)) / alike
            queries.append(_spoiled(window, target, best, len(queries) % 10, rng))
    for n in range(count // 2):
        target = rng.randrange(len(papers))
        queries.append(Judged("code", spelled(papers[target].code, n % 4), target))
    return queries


def _alike(window: str, lines: Sequence[str]) -> int:
    """How many lines have it, as far as that matters."""
    found = 0
    for other in lines:
        found += window in other
        if found > MOST_ALIKE:
            break
    return found


def _spoiled(text: str, target: int, best: float, turn: int, rng: random.Random) -> Judged:
    if turn < 2:
        return Judged("no marks", fold(text), target, best)
    if turn > 2:
        return Judged("plain", text, target, best)
    places = [n for n, letter in enumerate(text) if letter in MISREAD]
    at = rng.choice(places or [0])
    return Judged("misread", text[:at] + MISREAD.get(text[at], "x") + text[at + 1 :], target, best)


def spelled(code: str, way: int) -> str:
    """A code in one of four spellings."""
    number, link, symbol = re.split(r"([-/])", code, maxsplit=1)
    spaced = f"{number} {' '.join(WORD.findall(symbol))}"
    return (code, code.lower(), spaced, f"{number} {link}{symbol}")[way]
