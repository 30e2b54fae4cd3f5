#!/usr/bin/env bash
# TensorFlow for the tests of its engine, by the command that users have for it.
# Needs the built package (npm run build).
set -euo pipefail
cd "$(dirname "$0")/.."
node dist/src/cli.js setup tensorflow
node dist/src/cli.js doctor
