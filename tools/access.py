"""Write docs/access.md: every GET route, asked by everybody about every kind of paper."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = "tests/server/test_access_table.py"


def main() -> int:
    """The test writes what it would compare."""
    asked = [sys.executable, "-m", "pytest", "-q", "-n0", TEST]
    return subprocess.run(asked, cwd=ROOT, env=os.environ | {"VANTHU_WRITE_ACCESS": "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
