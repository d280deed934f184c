#!/bin/sh
# Makes requirements.lock, requirements-tesserocr.lock, requirements-oidc.lock and requirements-test.lock anew, with hashes, from setup.cfg and the list below.
# Needs pip-tools on PATH. rapidocr is locked without its dependencies: only its model file is used.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile() {
    pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$@"
}
python3 - >"$work/core.in" <<'PY'
import configparser
config = configparser.ConfigParser()
config.read("setup.cfg")
print("\n".join(line for line in config["options"]["install_requires"].split() if "rapidocr" not in line))
print("setuptools==80.9.0")
PY
compile --output-file "$work/core.lock" "$work/core.in"
printf 'rapidocr==3.10.0\n' >"$work/model.in"
pip download --quiet --no-deps --dest "$work" --requirement "$work/model.in"
hash=$(sha256sum "$work"/rapidocr-*.whl | cut -d' ' -f1)
{
    printf '# What the product runs on: complete, hashed, installed with --no-deps (rapidocr brings a model file only).\n'
    printf '# Made by tools/lock.sh; see docs/decisions.md for a line on each.\n'
    cat "$work/core.lock"
    printf 'rapidocr==3.10.0 \\\n    --hash=sha256:%s\n' "$hash"
} >requirements.lock
printf 'tesserocr==2.13.0\n' >"$work/tesserocr.in"
compile --output-file "$work/tesserocr.lock" "$work/tesserocr.in"
{
    printf -- '-c %s/core.lock\n' "$work"
    printf 'joserfc==1.8.0\n'
} >"$work/oidc.in"
compile --output-file "$work/oidc-whole.lock" "$work/oidc.in"
{
    printf '# The optional second engine (VANTHU_OCR_ENGINE=tesserocr): pip install --no-deps --require-hashes -r this file.\n'
    printf '# Made by tools/lock.sh.\n'
    cat "$work/tesserocr.lock"
} >requirements-tesserocr.lock
{
    printf '# Signing in through a server of the province (VANTHU_OIDC_ISSUER): pip install --no-deps --require-hashes -r this file.\n'
    printf '# Made by tools/lock.sh.\n'
    sed -n '/^joserfc==/,/[0-9a-f]$/p' "$work/oidc-whole.lock" # what it needs is in requirements.lock
} >requirements-oidc.lock
{
    printf -- '-c %s/core.lock\n' "$work"
    printf '%s\n' coverage pytest pytest-timeout pytest-xdist hypothesis schemathesis playwright axe-playwright-python ruff mypy pikepdf tantivy joserfc==1.8.0
} >"$work/test.in"
compile --output-file "$work/test.lock" "$work/test.in"
python3 - "$work/core.lock" "$work/test.lock" >requirements-test.lock <<'PY'
import re, sys
core, test = (re.findall(r"(?m)^([\w.-]+)==.*\n(?:    .*\n)*", open(f).read()) and
              {m.group(1): m.group(0) for m in re.finditer(r"(?m)^([\w.-]+)==.*\n(?:    .*\n)*", open(f).read())}
              for f in sys.argv[1:])
print("# What `./run test` needs on top of requirements.lock.")
print("".join(text for name, text in sorted(test.items()) if name not in core), end="")
PY
