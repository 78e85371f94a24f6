#!/bin/sh
# Installs what bench/baselines/fastapi/main.py needs from Debian's (or Ubuntu's) packages. `npm run bench` never does.
set -eu
packages='python3-fastapi python3-uvicorn python3-uvloop python3-httptools python3-psycopg2'
if ! command -v apt-get >/dev/null; then
  echo "This machine has no apt-get: install FastAPI, uvicorn and psycopg2 for /usr/bin/python3 in its own way." >&2
  exit 1
fi
as_root=''
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Run this as root: apt-get install $packages" >&2
    exit 1
  fi
  as_root=sudo
fi
$as_root apt-get update
# shellcheck disable=SC2086 # several words on purpose
$as_root apt-get install --yes --no-install-recommends $packages
