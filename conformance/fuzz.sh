#!/bin/sh
# Runs every fuzz target of the project for the given time each; no target is a failure.
set -eu
time=${1:-10s}
found=0
for file in $(grep -rl --include='*_test.go' '^func Fuzz' core wasm hosts conformance vectors cmd | sort); do
	dir=$(dirname "$file")
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$file"); do
		found=$((found + 1))
		echo "== ./$dir $target ($time)"
		go test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
	done
done
[ "$found" -gt 0 ] || { echo "no fuzz target was found" >&2; exit 1; }
echo "$found fuzz targets ran for $time each"
