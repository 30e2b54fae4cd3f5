#!/usr/bin/env bash
# System packages that only tests need: a browser, for the proposals that run in
# one and for the pages that people look at; a compiler and pip, with which
# TensorFlow is set up. Debian and its relatives.
set -euo pipefail
missing=()
command -v chromium > /dev/null || missing+=(chromium)
command -v g++ > /dev/null || missing+=(g++)
python3 -m pip --version > /dev/null 2>&1 || missing+=(python3-pip)
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
chromium --version
