#!/usr/bin/env python3
"""A worker of the federation's wire protocol, version 7, written from docs/federation.md and driven by hand: to try a running
fl-server from outside. Needs pyzmq.

  federation-peer.py join                    # an honest peer enrols, is let in, keeps its lease, says goodbye
  federation-peer.py --token TOKEN join      # the same with the word that fl-server enrol printed
  federation-peer.py --token TOKEN strangers # who has no key, a key that nobody enrolled, or claims what is another's
  federation-peer.py flood                   # 100,000 messages of an enrolled peer: how long do honest heartbeats wait?
  federation-peer.py --token TOKEN hostile   # an enrolled peer sends what is none, while --name peer's heartbeats are answered
  federation-peer.py --plain join            # with a server that was started with --plain

Without a token it enrols as processes of the server's own user on its machine do. `hostile` sends, on both endpoints, messages
that end anywhere, that have bits turned over (most with a right checksum), too few and too many frames, every type with empty and
extreme payloads, others' names, epochs and sequences at their ends, registrations that only grow, pieces of contributions and
batches of alarms of impossible sizes and places, thousands of spools, and requests of which it reads no answer; it says of each
how long the slowest heartbeat of an honest peer waited. Prints one line of JSON; leaves with 1 when the peer is not let in or
loses its lease, or a stranger gets anything."""
import argparse
import json
import multiprocessing
import os
import random
import struct
import sys
import time
import zlib

import zmq
import zmq.utils.z85

REGISTRATION, WELCOME, REFUSAL, HEARTBEAT, STATUS, GOODBYE, ENROLMENT, ENROLLED = range(1, 9)
MODEL_REQUEST, CONTRIBUTION_PIECE, ALARMS, ALARM_RECEIPT = 16, 18, 32, 33
NO_FEDERATION = bytes(16)


def number(value, width):
    return (int(value) & ((1 << 8 * width) - 1)).to_bytes(width, "little")


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return number(len(value), 4) + value


def many(items):
    return number(len(items), 4) + b"".join(items)


def envelope(kind, sender, payload, federation=NO_FEDERATION, epoch=0, sequence=1):
    """Magic, version, type, federation, lease epoch, sequence, length, checksum, sender, payload."""
    head = b"FLTN" + number(7, 2) + number(kind, 2) + federation + number(epoch, 8) + number(sequence, 8)
    head += number(len(payload), 4)
    tail = number(len(sender.encode()), 1) + sender.encode() + payload
    return head + number(zlib.crc32(head + tail), 4) + tail


def parse(message):
    name = 49 + message[48]
    kind, = struct.unpack_from("<H", message, 6)
    epoch, sequence = struct.unpack_from("<QQ", message, 24)
    return {"type": kind, "federation": message[8:24], "epoch": epoch, "sequence": sequence, "payload": message[name:]}


def local_door(control):
    """The server's public key and the secret to enrol with, from where a server of this user has put them."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = runtime + "/faultline" if runtime.startswith("/") else f"/tmp/faultline-{os.geteuid()}"
    with open(f"{folder}/control-{control.rsplit(':', 1)[1]}.json") as file:
        door = json.load(file)
    return bytes.fromhex(door["server"]), bytes.fromhex(door["secret"])


def read_token(word):
    """The server's public key and the secret of a token; its last four bytes are a checksum."""
    data = bytes.fromhex(word.removeprefix("fl-enrol-1-"))
    return data[:32], data[32:64]


def public_key(secret):
    return zmq.utils.z85.decode(zmq.curve_public(zmq.utils.z85.encode(secret)))


class Keys:
    """A key pair, and the server's public key."""

    def __init__(self, server, secret=None):
        self.server = server
        self.secret = secret or zmq.utils.z85.decode(zmq.curve_keypair()[1])
        self.public = public_key(self.secret)

    def lock(self, socket):
        socket.curve_serverkey, socket.curve_secretkey, socket.curve_publickey = self.server, self.secret, self.public


def registration(incarnation, site, entities, revision=0):
    capabilities = number(1, 2) + text("cpu") + text("peer") + text("float32") + number(1, 2)
    capabilities += struct.pack("<dd", 100, 100) + text("0" * 64) + many([])
    return (number(incarnation, 8) + number(revision, 4) + text(site) + text(site) + capabilities
            + many([text(entity) for entity in entities]) + text("") + number(0, 1) + many([]) + text(b""))


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

    def __init__(self, control, name, keys=None):
        self.name, self.keys = name, keys
        self.incarnation = random.getrandbits(63) | 1
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.tag = f"{name}#{self.incarnation:x}".encode()
        if keys:
            keys.lock(self.socket)
        else:
            self.socket.setsockopt(zmq.ROUTING_ID, self.tag)
        self.socket.setsockopt(zmq.LINGER, 500)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.SNDTIMEO, 3000)
        self.socket.connect(control)
        self.federation, self.epoch, self.sequence, self.revision = NO_FEDERATION, 0, 0, 0

    def send(self, kind, payload, name=None):
        """Where there are keys, a message is two frames: a tag that tells starts of one process apart, and the envelope."""
        self.sequence += 1
        message = envelope(kind, name or self.name, payload, self.federation, self.epoch, self.sequence)
        self.socket.send_multipart([self.tag, message] if self.keys else [message])
        return self.sequence

    def enrol(self, public, seconds=10):
        """Hands over a public key; None when it was accepted, otherwise the server's line."""
        self.send(ENROLMENT, text(public) + text(self.name) + text(self.name))
        message = self.receive(seconds)
        if not message or message["type"] != ENROLLED:
            return "no answer"
        return None if message["payload"][0] == 0 else message["payload"][9:].decode()

    def receive(self, seconds):
        if not self.socket.poll(max(0, seconds) * 1000):
            return None
        message = parse(self.socket.recv())
        if message["type"] == WELCOME:
            self.federation, self.epoch = message["federation"], message["epoch"]
        if message["type"] == STATUS:
            self.revision = assignment_revision(message["payload"])
        return message

    def join(self, seconds=10, site=None, entities=None, name=None):
        """Whether it is let in; `refusal` is the server's line where it is not."""
        end = time.monotonic() + seconds
        self.refusal = None
        site = site or self.name
        self.send(REGISTRATION, registration(self.incarnation, site, entities or [f"{self.name}/entity"]), name)
        while time.monotonic() < end:
            message = self.receive(end - time.monotonic())
            if message and message["type"] == REFUSAL:
                self.refusal = message["payload"][18:].decode()
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


def noise(control, count, keys):
    socket = zmq.Context().socket(zmq.DEALER)
    if keys:
        keys.lock(socket)
    socket.setsockopt(zmq.SNDHWM, 10_000)
    socket.setsockopt(zmq.LINGER, 60_000)
    socket.connect(control)
    payload = number(0, 8) + number(0, 1) + number(0, 8) + number(0, 8) + number(0, 1) + number(0, 4)
    for sequence in range(count):
        message = envelope(HEARTBEAT, "ghost", payload, epoch=12345, sequence=sequence)
        socket.send_multipart([b"ghost", message] if keys else [message])
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


def is_heard(control, keys):
    """Whether a peer with these keys, or none, gets any message through a handshake."""
    try:
        Peer(control, "stranger", keys).send(GOODBYE, b"")
        return True
    except zmq.Again:
        return False


def strangers(peer, options):
    """What is tried, and what came of it: nothing, or the server's line."""
    result = {
        "noKeyIsHeard": is_heard(options.control, None),
        "unknownKeyIsHeard": is_heard(options.control, Keys(peer.keys.server)),
        "tokenAgainIsHeard": bool(options.token) and is_heard(options.control, Keys(*read_token(options.token))),
    }
    result["otherName"] = None if peer.join(name=options.victim) else peer.refusal
    result["otherSite"] = None if peer.join(site=options.victim) else peer.refusal
    if options.token:
        result["otherEntities"] = None if peer.join(entities=[f"{options.victim}/entity"]) else peer.refusal
    lines = [result[name] for name in ("otherName", "otherSite", "otherEntities") if name in result]
    isHeard = result["noKeyIsHeard"] or result["unknownKeyIsHeard"] or result["tokenAgainIsHeard"]
    return result, not isHeard and all(lines)


class HonestPeer(multiprocessing.Process):
    """A peer in a process of its own that heartbeats all the time; tells how long it waited for the slowest answer."""

    def __init__(self, options):
        super().__init__(daemon=True)
        self.options, (self.ours, self.theirs) = options, multiprocessing.Pipe()
        self.start()
        if not self.ours.recv():
            sys.exit("the honest peer was not let in")

    def run(self):
        server, secret = local_door(self.options.control)
        keys = Keys(server)
        Peer(self.options.control, "honest-peer", Keys(server, secret)).enrol(keys.public)
        peer = Peer(self.options.control, "honest-peer", keys)
        self.theirs.send(peer.join())
        slowest = 0
        while True:
            answer = peer.heartbeat()
            slowest = None if answer is None or slowest is None else max(slowest, answer)
            if self.theirs.poll(0.05):
                self.theirs.recv()
                self.theirs.send(slowest)

    def slowest(self):
        """Seconds of the slowest answer so far; None when the lease was lost."""
        self.ours.send(None)
        return self.ours.recv()


def hostile(peer, bulk, options):
    """Sends what is none; for each kind the slowest answer that an honest peer had waited for by then, in seconds."""
    honest, result, draw = HonestPeer(options), {}, random.Random(1)

    def send(message, frames=None):
        for socket in (peer.socket, bulk):
            try:
                socket.send_multipart(frames if frames is not None else [peer.tag, message], zmq.NOBLOCK)
            except zmq.Again:
                pass

    def sealed(kind, payload, name=peer.name, epoch=None, sequence=None):
        peer.sequence += 1
        return envelope(kind, name, payload, peer.federation, peer.epoch if epoch is None else epoch,
                        peer.sequence if sequence is None else sequence)

    def done(what):
        result[what] = honest.slowest()
        while peer.socket.poll(0):
            peer.socket.recv()

    good = sealed(HEARTBEAT, bytes(34))
    for length in range(len(good)):
        send(good[:length])
    done("cutOff")
    for _ in range(3000):
        bad = bytearray(good)
        bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        if draw.random() < 0.7:
            bad[44:48] = number(zlib.crc32(bytes(bad[:44] + bad[48:])), 4)
        send(bytes(bad))
    done("bitsTurnedOver")
    for frames in ([b""], [good], [b"", good], [peer.tag, good, good], [peer.tag] + [b"x"] * 5000, [b"t" * 100_000, good], [peer.tag, good[:40]], [good[40:]]):
        send(None, frames)
    done("frames")
    for kind in [*range(70), 255, 256, 65_535]:
        for payload in (b"", bytes(64), b"\xff" * 64, number(2**32 - 1, 4) * 16):
            send(sealed(kind, payload, name=draw.choice([peer.name, "honest-peer", options.victim])))
    done("types")
    for epoch in (0, 1, peer.epoch - 1, peer.epoch + 1, 2**63, 2**64 - 1):
        for sequence in (0, 1, 2**63, 2**64 - 1):
            send(sealed(HEARTBEAT, bytes(34), epoch=epoch, sequence=sequence))
            send(sealed(GOODBYE, b"", name="honest-peer", epoch=epoch, sequence=sequence))
    done("epochsAndSequences")
    for revision in range(1, 40):
        entities = [f"{peer.name}/{revision}-{index}" for index in range(16_384)]
        send(sealed(REGISTRATION, registration(peer.incarnation, peer.name, entities, revision)))
    done("registrationsThatGrow")
    for total in (0, 1, 2**40, 2**63, 2**64 - 1):
        for offset in (0, 1, 2**40, 2**63, 2**64 - 1):
            head = number(0, 4) + number(1, 4) + number(1, 8) + struct.pack("<d", draw.choice([0, -1, float("nan"), 1e308]))
            changes = many([text("g") + struct.pack("<d", float("nan")) + number(2**64 - 1, 8)] * draw.randrange(3))
            send(sealed(CONTRIBUTION_PIECE, head + text(bytes(32)) + number(total, 8) + number(offset, 8) + changes + text(bytes(1000))))
            send(sealed(ALARMS, number(1, 8) + number(total, 8) + number(offset, 8) + many([text(b"[" * 10_000)] * 3)))
            send(sealed(MODEL_REQUEST, number(total, 8) + number(offset, 8)))
    done("sizesAndPlaces")
    for spool in range(3000):
        send(sealed(ALARMS, number(spool, 8) + number(1, 8) + number(1, 8) + many([text(b"{}")])))
        send(sealed(MODEL_REQUEST, number(1, 8) + number(0, 8)))
    done("spoolsAndRequests")
    return result, all(value is not None for value in result.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--control", default="tcp://127.0.0.1:7411")
    parser.add_argument("--bulk", default="tcp://127.0.0.1:7412", help="where hostile sends too")
    parser.add_argument("--name", default="peer")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--token", help="what fl-server enrol printed for --name at the site of that name")
    parser.add_argument("--victim", default="victim", help="whose name, site and entities are claimed")
    parser.add_argument("--plain", action="store_true", help="the server was started with --plain")
    parser.add_argument("what", choices=["join", "strangers", "flood", "hostile"])
    options = parser.parse_args()
    keys, refusal = None, None
    if not options.plain:
        server, secret = read_token(options.token) if options.token else local_door(options.control)
        keys = Keys(server)
        refusal = Peer(options.control, options.name, Keys(server, secret)).enrol(keys.public)
    result, isSound = {"enrolled": refusal or bool(keys)}, True
    peer = Peer(options.control, options.name, keys)
    if options.what == "strangers":
        tried, isSound = strangers(peer, options)
        result.update(tried)
    result.update(joined=peer.join(), federation=peer.federation.hex())
    if options.what == "hostile" and result["joined"]:
        bulk = zmq.Context.instance().socket(zmq.DEALER)
        keys.lock(bulk)
        bulk.connect(options.bulk)
        tried, isSound = hostile(peer, bulk, options)
        result.update(slowestSeconds=tried, keptLease=isSound)
    elif result["joined"]:
        quiet = measure(peer, 5, 0.25)
        result.update(keptLease=quiet is not None, quietSeconds=quiet and round(quiet[-1], 4))
        if options.what == "flood":
            # Enrolled peers of their own, where there is a door for them: what one key sends is counted as that key's.
            flooders = [keys, keys]
            if keys and not options.token:
                flooders = [Keys(keys.server), Keys(keys.server)]
                for index, other in enumerate(flooders):
                    name = f"{options.name}-flooder{index}"
                    line = Peer(options.control, name, Keys(keys.server, secret)).enrol(other.public)
                    if line:
                        sys.exit(f"{name}: {line}")
            senders = [
                multiprocessing.Process(target=noise, args=(options.control, options.messages // 2, other))
                for other in flooders
            ]
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
    sys.exit(0 if isSound and result["joined"] and result.get("keptLease") else 1)


if __name__ == "__main__":
    main()
