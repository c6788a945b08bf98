#!/usr/bin/env bash
# The Python client as a member gets it: the package is built from the contracts, put where nothing else is, and tested against the program; so is the
# example of its README.
#
# CHAPPE_BIN names the program. pip brings grpcio and what builds the package.
set -euo pipefail

program=${CHAPPE_BIN:?names the program}
if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "SKIPPED: python.sh: python3 has no pip, which clients/python is built with"
    exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A copy: building leaves files beside the sources.
mkdir "$folder/source"
cp -r clients/python/. "$folder/source"
cp -r proto "$folder/source/proto"
python3 -m pip install --quiet --disable-pip-version-check --target "$folder/packages" "$folder/source"

export CHAPPE_BIN="$program" PYTHONPATH="$folder/packages" PYTHONDONTWRITEBYTECODE=1
python3 -m unittest discover --start-directory clients/python/tests
