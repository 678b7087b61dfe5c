"""Decides requests with the module and prints their decision records, one a line.

    python verify.py [--module ../../../../dist/ajwt.wasm] [POLICY REQUESTS]
"""

import argparse
import json
import pathlib

from ajwt_host import Host

here = pathlib.Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", default=here / "../../../../dist/ajwt.wasm")
    parser.add_argument("policy", nargs="?", type=pathlib.Path, default=here / "policy.json")
    parser.add_argument("requests", nargs="?", type=pathlib.Path, default=here / "requests.json")
    args = parser.parse_args()

    requests = json.loads(args.requests.read_text())
    # A real host passes the current time here and in every request.
    host = Host(str(args.module), args.policy.read_bytes(), replay_start=requests["start"])
    for request in requests["requests"]:
        answer = host.verify(request)
        print(answer.record)


if __name__ == "__main__":
    main()
