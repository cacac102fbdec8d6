"""A stand-in for the process that works on a clip: it does what the file says: {"frames": 3, "pause": 0.01}."""

import json
import os
import sys
import threading
import time
from pathlib import Path


def die_with_the_server() -> None:
    sys.stdin.read()
    os._exit(0)


def tell(**words) -> None:
    print(json.dumps(words), flush=True)


def main() -> None:
    ask = json.loads(sys.stdin.readline())
    threading.Thread(target=die_with_the_server, daemon=True).start()
    folder = Path(ask["folder"])
    try:
        told = json.loads(Path(ask["clip"]).read_bytes().rstrip(b" "))
    except ValueError:  # a clip of a camera
        told = {}
    (folder / "pid").write_text(str(os.getpid()))
    total = told.get("frames", 3)
    for number in range(total):
        tell(frames=number + 1, total=total)
        with (folder / "parts").open("ab") as file:
            file.write(b"x" * told.get("grows", 10))
        time.sleep(told.get("pause", 0))
    if told.get("do") == "die":
        os._exit(9)
    if told.get("do") == "refuse":
        return tell(error={"code": "hdr", "message": "clip: it is HDR; send tone_map", "field": "clip"})
    (folder / "result.mp4").write_bytes(bytes(range(256)) * told.get("size", 1))
    tell(result="result.mp4", report={"task": ask["task"], **ask["params"]})


if __name__ == "__main__":
    main()
