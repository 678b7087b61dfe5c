#!/bin/sh
# Runs joserfc against the token and claim cases in a virtual environment of its own
# (build/joserfc). What it is known to get wrong stands in expected-failures.json.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
venv=$root/build/joserfc
mark=$venv/installed
if ! cmp -s "$here/requirements.txt" "$mark"; then
	rm -rf "$venv"
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$here/requirements.txt"
	cp "$here/requirements.txt" "$mark"
fi
cd "$root"
exec go run ./cmd/ajwt conformance run \
	--cmd "'$venv/bin/python' '$here/adapter.py'" \
	--filter "$(tr '\n' ',' <"$here/../../oracle/filter.txt" | sed 's/,$//')" \
	--expected-failures "$here/expected-failures.json" \
	--out build/conformance/joserfc "$@"
