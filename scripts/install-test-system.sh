#!/usr/bin/env bash
# System packages that only tests need: a browser, for the proposals that run in
# one and for the pages that people look at. Debian and its relatives.
set -euo pipefail
if command -v chromium > /dev/null; then
  exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium > /dev/null
chromium --version
