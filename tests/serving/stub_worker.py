"""A worker without a model, which does what the body says: {"do": "sleep", "seconds": 3}. Started as a process."""

import json
import os
import queue
import signal
import sys
import threading
import time

from stylefuse.serving.service.ipc import read_frame, write_frame

ABOUT = {"styles": ["ink", "monet"], "tasks": ["stylize"], "modes": [], "digest": "0" * 64}


def read(requests, unwanted):
    while frame := read_frame(sys.stdin.buffer):
        if "cancel" in frame.header:
            unwanted.add(frame.header["cancel"])
        else:
            requests.put(frame)
    os._exit(0)


def main(mark: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    requests, unwanted = queue.SimpleQueue(), set()
    threading.Thread(target=read, args=(requests, unwanted), daemon=True).start()
    if mark == "refuses":
        write_frame(sys.stdout.buffer, {"error": "the model is not whole"})
        return
    write_frame(sys.stdout.buffer, {"about": {**ABOUT, "digest": mark}})
    while True:
        ask, body = requests.get()
        try:
            told = json.loads(body)
        except ValueError:
            told = {}
        until = time.monotonic() + told.get("seconds", 0)
        if "progress" in told:
            write_frame(sys.stdout.buffer, {"progress": told["progress"]})
        match told.get("do"):
            case "die":
                os._exit(9)
            case "sleep":
                while time.monotonic() < until and ask["id"] not in unwanted:
                    time.sleep(0.005)
            case "hang":  # deaf to what the server wants
                time.sleep(told["seconds"])
        if ask["id"] in unwanted:
            write_frame(sys.stdout.buffer, {"status": 499})
            continue
        answer = {"worker": mark, "pid": os.getpid(), "bytes": len(body), "kind": ask["kind"]}
        header = {
            "status": 200,
            "content_type": "application/json",
            "headers": {},
            "task": "stylize",
            "pixels": 1,
        }
        write_frame(sys.stdout.buffer, header, json.dumps(answer).encode() + b" " * told.get("size", 0))


if __name__ == "__main__":
    main(sys.argv[1])
