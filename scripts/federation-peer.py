#!/usr/bin/env python3
"""A worker of the federation's wire protocol, version 4, written from docs/federation.md and driven by hand: to try a running
fl-server from outside. Needs pyzmq.

  federation-peer.py --control tcp://127.0.0.1:7411 join      # an honest peer is let in, keeps its lease, says goodbye
  federation-peer.py --control tcp://127.0.0.1:7411 flood     # 100,000 messages of a stranger: how long do honest heartbeats wait?

Prints one line of JSON; leaves with 1 when the peer is not let in or loses its lease."""
import argparse
import json
import multiprocessing
import random
import struct
import sys
import time
import zlib

import zmq

REGISTRATION, WELCOME, REFUSAL, HEARTBEAT, STATUS, GOODBYE = range(1, 7)
NO_FEDERATION = bytes(16)


def number(value, width):
    return int(value).to_bytes(width, "little")


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return number(len(value), 4) + value


def many(items):
    return number(len(items), 4) + b"".join(items)


def envelope(kind, sender, payload, federation=NO_FEDERATION, epoch=0, sequence=1):
    """Magic, version, type, federation, lease epoch, sequence, length, checksum, sender, payload."""
    head = b"FLTN" + number(4, 2) + number(kind, 2) + federation + number(epoch, 8) + number(sequence, 8)
    head += number(len(payload), 4)
    tail = number(len(sender.encode()), 1) + sender.encode() + payload
    return head + number(zlib.crc32(head + tail), 4) + tail


def parse(message):
    name = 49 + message[48]
    kind, = struct.unpack_from("<H", message, 6)
    epoch, sequence = struct.unpack_from("<QQ", message, 24)
    return {"type": kind, "federation": message[8:24], "epoch": epoch, "sequence": sequence, "payload": message[name:]}


def registration(incarnation, site, entities):
    capabilities = number(1, 2) + text("cpu") + text("peer") + text("float32") + number(1, 2)
    capabilities += struct.pack("<dd", 100, 100) + text("0" * 64) + many([])
    return (number(incarnation, 8) + number(0, 4) + text(site) + text(site) + capabilities
            + many([text(entity) for entity in entities]) + text("") + number(0, 1) + many([]))


def assignment_revision(status):
    """The number of the assignment that a status carries or repeats; the next heartbeat says that it was taken over."""
    def skip_bytes(at):
        return at + 4 + int.from_bytes(status[at:at + 4], "little")

    at = skip_bytes(16)
    has_plan, at = status[at], at + 1
    if has_plan:
        at = skip_bytes(at + 4 + 4 + 1 + 8)
        at = skip_bytes(at + 4)
        count, at = int.from_bytes(status[at:at + 4], "little"), at + 4
        for _ in range(count):
            at = skip_bytes(at)
    return int.from_bytes(status[at + 3:at + 11], "little")


class Peer:
    """One worker: registers, heartbeats, reads what it is told."""

    def __init__(self, control, name):
        self.name = name
        self.incarnation = random.getrandbits(63) | 1
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.ROUTING_ID, f"{name}#{self.incarnation:x}".encode())
        self.socket.setsockopt(zmq.LINGER, 500)
        self.socket.connect(control)
        self.federation, self.epoch, self.sequence, self.revision = NO_FEDERATION, 0, 0, 0

    def send(self, kind, payload):
        self.sequence += 1
        self.socket.send(envelope(kind, self.name, payload, self.federation, self.epoch, self.sequence))
        return self.sequence

    def receive(self, seconds):
        if not self.socket.poll(max(0, seconds) * 1000):
            return None
        message = parse(self.socket.recv())
        if message["type"] == WELCOME:
            self.federation, self.epoch = message["federation"], message["epoch"]
        if message["type"] == STATUS:
            self.revision = assignment_revision(message["payload"])
        return message

    def join(self, seconds=10):
        end = time.monotonic() + seconds
        self.send(REGISTRATION, registration(self.incarnation, self.name, [f"{self.name}/entity"]))
        while time.monotonic() < end:
            message = self.receive(end - time.monotonic())
            if message and message["type"] in (WELCOME, REFUSAL):
                return message["type"] == WELCOME
        return False

    def heartbeat(self, seconds=10):
        """Seconds until the server's answer; None without one, or when the lease is gone."""
        payload = number(self.revision, 8) + number(0, 1) + number(0, 8) + number(0, 8) + number(0, 1) + number(0, 4)
        start = time.monotonic()
        asked = self.send(HEARTBEAT, payload)
        while time.monotonic() < start + seconds:
            message = self.receive(start + seconds - time.monotonic())
            if message and message["type"] == REFUSAL:
                return None
            if message and message["type"] == STATUS and struct.unpack_from("<Q", message["payload"])[0] == asked:
                return time.monotonic() - start
        return None


def noise(control, count):
    socket = zmq.Context().socket(zmq.DEALER)
    socket.setsockopt(zmq.SNDHWM, 10_000)
    socket.setsockopt(zmq.LINGER, 60_000)
    socket.connect(control)
    payload = number(0, 8) + number(0, 1) + number(0, 8) + number(0, 8) + number(0, 1) + number(0, 4)
    for sequence in range(count):
        socket.send(envelope(HEARTBEAT, "ghost", payload, epoch=12345, sequence=sequence))
    socket.close()


def measure(peer, seconds, every, going=lambda: True):
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end and going():
        answer = peer.heartbeat()
        if answer is None:
            return None
        times.append(answer)
        time.sleep(every)
    return sorted(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--control", default="tcp://127.0.0.1:7411")
    parser.add_argument("--name", default="peer")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("what", choices=["join", "flood"])
    options = parser.parse_args()
    peer = Peer(options.control, options.name)
    result = {"joined": peer.join(), "federation": peer.federation.hex()}
    if result["joined"]:
        quiet = measure(peer, 5, 0.25)
        result.update(keptLease=quiet is not None, quietSeconds=quiet and round(quiet[-1], 4))
        if options.what == "flood":
            senders = [multiprocessing.Process(target=noise, args=(options.control, options.messages // 2)) for _ in range(2)]
            start = time.monotonic()
            for sender in senders:
                sender.start()
            busy = measure(peer, 120, 0.05, lambda: any(sender.is_alive() for sender in senders))
            result.update(messages=options.messages, floodSeconds=round(time.monotonic() - start, 2))
            result.update(keptLease=result["keptLease"] and busy is not None)
            if busy:
                result.update(medianSeconds=round(busy[len(busy) // 2], 4), worstSeconds=round(busy[-1], 4))
        peer.send(GOODBYE, b"")
        time.sleep(0.2)
    print(json.dumps(result))
    sys.exit(0 if result["joined"] and result.get("keptLease") else 1)


if __name__ == "__main__":
    main()
