"""One line of writing as probabilities: the PP-OCRv6 small recogniser, run by ONNX Runtime alone.

The model (Apache-2.0) lies inside the `rapidocr` wheel and is read from there without importing that package, which
would want OpenCV. Where the runtime or the model cannot be had, `open_recogniser()` says None and everything
handwritten stays "not sure".
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frames = NDArray[np.float32]
"""(frames, characters): probability of each character in each narrow column of the picture; 0 is the CTC blank."""

MODEL = Path("models") / "PP-OCRv6_rec_small.onnx"
HEIGHT = 48
NARROWEST = 160
"""The model was trained on pictures at least so wide; a narrower one gets mid-grey on its right."""
WIDEST = 1600

log = logging.getLogger(__name__)


class Recogniser:
    """The model in memory. One a process: it takes some 100 MB and half a second to open."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._output = session.get_outputs()[0].name
        listed = session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.characters: tuple[str, ...] = ("", *listed, " ")
        self._index = {character: n for n, character in reversed(list(enumerate(self.characters)))}

    def index(self, character: str) -> int | None:
        """The column of a character; None when the model does not know it."""
        return self._index.get(character)

    def frames(self, picture: Image.Image) -> Frames:
        """What stands in one line of writing; `picture` holds the line and little else."""
        answer: Frames = self._session.run([self._output], {self._input: self._fed(picture)})[0][0]
        return answer

    def _fed(self, picture: Image.Image) -> NDArray[np.float32]:
        """The picture as the model wants it."""
        width = min(WIDEST, max(HEIGHT, round(picture.width * HEIGHT / picture.height)))
        small = picture.convert("RGB").resize((width, HEIGHT), Image.Resampling.BICUBIC)
        pixels = np.asarray(small, np.float32)[..., ::-1] / 127.5 - 1
        pixels = np.pad(pixels, ((0, 0), (0, max(0, NARROWEST - width)), (0, 0)))
        return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])

    def spell(self, frames: Frames) -> list[tuple[int, str, float]]:
        """(frame, character, probability) along the best path, blanks and repeats left out."""
        best = frames.argmax(1)
        kept = [t for t, n in enumerate(best) if n and (t == 0 or n != best[t - 1])]
        return [(t, self.characters[best[t]], float(frames[t, best[t]])) for t in kept]

    def columns(self, frames: Frames, alphabet: Sequence[str], lookalike: float, foreign: float) -> Frames:
        """(frames, 1 + letters): the summed probability of the characters in each string of `alphabet`.

        Column 0 gathers the blank and the characters of the first string, which are passed over like it. In the
        others all characters after the first count only as `lookalike`. Characters of no string are passed over at
        the price of `foreign`: print below the pen, the frame of a stamp.
        """
        passed, *letters = ([n for c in group if (n := self.index(c)) is not None] for group in alphabet)
        summed = [frames[:, [0, *passed]].sum(1)]
        summed += [frames[:, group[:1]].sum(1) + lookalike * frames[:, group[1:]].sum(1) for group in letters]
        summed[0] = summed[0] + foreign * (1 - frames[:, [0, *itertools.chain(passed, *letters)]].sum(1))
        return np.stack(summed, 1)


@functools.cache
def open_recogniser() -> Recogniser | None:
    """The recogniser of this process, opened when first asked for; None where it cannot be had."""
    path = _model_path()
    if path is None:
        log.warning("handwriting.unavailable reason=model")
        return None
    try:
        import onnxruntime as ort
    except ImportError:
        log.warning("handwriting.unavailable reason=runtime")
        return None
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The arena would keep the memory of the widest line for the life of the process.
    options.enable_cpu_mem_arena = False
    return Recogniser(ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"]))


def _model_path() -> Path | None:
    spec = importlib.util.find_spec("rapidocr")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        path = Path(folder) / MODEL
        if path.is_file():
            return path
    return None
