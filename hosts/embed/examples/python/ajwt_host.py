"""A host for the A-JWT verifier module on wasmtime: spec/abi.md in Python.

One Host is one instance and decides one request at a time. The replay memory is the
host's. Whatever goes wrong is a refusal.
"""

import collections
import dataclasses
import json
import re
import struct
import threading

import wasmtime

ABI_VERSION = 1
PASS, TAKE = 0xA5, 0x5A
CALL_SECONDS = 1.0  # the longest that one call may take
MEMORY_BYTES = 64 << 20  # the most linear memory
MAX_MESSAGE = 80 << 20

UNAVAILABLE, FRESH, SEEN, FULL, QUOTA = 0, 1, 2, 3, 4  # what a replay store says

# Refusals of the host itself: number, status, name (spec/CODES.md).
TRAP = (11004, 500, "internal_trap")
TIMEOUT = (11005, 503, "internal_timeout")
TOO_LARGE = (12005, 500, "abi_too_large")
ANSWER_MALFORMED = (12008, 500, "abi_answer_malformed")


class Malformed(Exception):
    """An answer that cannot be read."""


@dataclasses.dataclass
class Answer:
    """An answer of the module (spec/abi.md, section 5). Let pass on .passes alone."""

    action: int = 0
    verdict: int = 0
    enforced: int = 1
    status: int = 500
    code: int = 0
    check: int = 0
    level: int = 0
    texts: dict = dataclasses.field(default_factory=dict)  # by tag
    warnings: list = dataclasses.field(default_factory=list)
    replay: list = dataclasses.field(default_factory=list)  # (key, owner, tag, expiry, token)
    faults: list = dataclasses.field(default_factory=list)  # (code, name, pointer, detail)
    upstream: dict = dataclasses.field(default_factory=dict)  # header fields to set, once Host.strips took out all others
    strip: list = dataclasses.field(default_factory=list)  # names of the policy's forward

    @property
    def passes(self):
        return self.action == PASS

    @property
    def code_name(self):
        return self.texts.get(0x41, b"").decode()

    @property
    def record(self):
        """The decision record, one JSON object."""
        return self.texts.get(0x56, b"").decode()

    @property
    def policy_digest(self):
        return self.texts.get(0x4A, b"")


def refusal(reason):
    code, status, name = reason
    record = '{"verdict":"reject","enforced":true,"code":"%s","level":"none"}' % name
    return Answer(status=status, code=code, texts={0x41: name.encode(), 0x56: record.encode()})


def record(tag, value):
    return struct.pack("<BI", tag, len(value)) + value


def encode_request(request, replay_answer=None):
    """The message of ajwt_verify. request has the members of a vector's request."""
    out = [
        record(0x01, request["method"].encode()),
        record(0x02, request["scheme"].encode()),
        record(0x03, request["authority"].encode()),
        record(0x04, request["target"].encode()),
    ]
    for name, value in request["headers"]:
        name = name.encode()
        out.append(record(0x05, struct.pack("<I", len(name)) + name + value.encode()))
    if request.get("body") is not None:
        out.append(record(0x06, request["body"]))
    out.append(record(0x07, struct.pack("<q", request["now"])))
    if replay_answer is not None:
        out.append(record(0x08, bytes(replay_answer)))
    return b"".join(out)


ONCE = frozenset([0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x4C, 0x52, 0x53, 0x55, 0x56])
HASHES = frozenset([0x48, 0x49, 0x4A])
FIELD_NAME = re.compile("[a-z0-9-]+")
FIELD_VALUE = re.compile(b"[ -~]+")


def decode_answer(data):
    """Reads an answer; whatever it cannot read, and every contradiction, is Malformed."""
    if len(data) < 10:
        raise Malformed("shorter than its head")
    a = Answer(*struct.unpack_from("<BBBHHHB", data))
    at = 10
    while at < len(data):
        if len(data) - at < 5:
            raise Malformed("a record's head is cut off")
        tag, length = struct.unpack_from("<BI", data, at)
        at += 5
        if length > len(data) - at:
            raise Malformed("a record is cut off")
        try:
            take_record(a, tag, data[at : at + length])
        except (struct.error, UnicodeDecodeError) as e:
            raise Malformed("tag %#x" % tag) from e
        at += length
    check_consistency(a)
    return a


def take_record(a, tag, value):
    if tag in ONCE:
        if tag in a.texts or (tag in HASHES and len(value) != 32):
            raise Malformed("tag %#x" % tag)
        if tag not in HASHES:
            value.decode()  # text is UTF-8
        a.texts[tag] = value
    elif tag == 0x4B and len(value) > 2:
        a.warnings.append(value[2:].decode())
    elif tag == 0x51 and len(value) == 105 and value[104] <= 1:
        a.replay.append(struct.unpack("<32s32s32sq?", value))
    elif tag == 0x54:
        (n,) = struct.unpack_from("<I", value)
        name, text = value[4 : 4 + n].decode(), value[4 + n :]
        if not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(text) or name in a.upstream:
            raise Malformed("tag %#x" % tag)
        a.upstream[name] = text.decode()
    elif tag == 0x64:
        if not FIELD_NAME.fullmatch(value.decode()):
            raise Malformed("tag %#x" % tag)
        a.strip.append(value.decode())
    elif tag in (0x61, 0x62):
        if tag == 0x61:
            a.faults.append(decode_fault(value))
    else:
        raise Malformed("tag %#x" % tag)


def decode_fault(value):
    code, n = struct.unpack_from("<HI", value)
    name, rest = value[6 : 6 + n], value[6 + n :]
    (n,) = struct.unpack_from("<I", rest)
    return code, name.decode(), rest[4 : 4 + n].decode(), rest[4 + n :].decode()


def check_consistency(a):
    passes = a.verdict == 1 or a.enforced == 0
    accepted = a.verdict == 1
    ok = (
        a.verdict <= 1
        and a.enforced <= 1
        and (a.level & 0x0F) <= 3
        and a.level & 0xC0 == 0
        and accepted == (a.code == 0) == (a.code_name == "")
        and (not accepted or (a.status == 0 and a.check == 0 and a.enforced == 1))
        and (accepted or a.enforced == 0 or 400 <= a.status <= 599)
        and (
            passes and not a.replay
            if a.action == PASS
            else passes and bool(a.replay)
            if a.action == TAKE
            else not passes and not a.replay and not a.upstream
        )
    )
    if not ok:
        raise Malformed("parts contradict each other")


class ReplayMemory:
    """Remembers keys until they expire; takes all keys of a decision or none.

    It refuses when it is full of live entries, or when one owner has per_key of them.
    """

    def __init__(self, capacity=65536, per_key=None):
        self.capacity = capacity
        self.per_key = per_key or max(1, capacity // 16)
        self.entries = {}  # key: (owner, expiry)
        self.owned = collections.Counter()
        self.lock = threading.Lock()

    def take(self, keys, now):
        """Returns a result and, for SEEN, the index of the first known key."""
        with self.lock:
            for i, (key, _, _, _, _) in enumerate(keys):
                if key in self.entries and self.entries[key][1] >= now:
                    return SEEN, i
            if self.room(keys) != FRESH:
                self.forget(now)
            result = self.room(keys)
            if result == FRESH:
                for key, owner, _, expiry, _ in keys:
                    if key in self.entries:  # expired, and not yet forgotten
                        self.owned[self.entries[key][0]] -= 1
                    self.entries[key] = owner, expiry
                    self.owned[owner] += 1
            return result, 0

    def room(self, keys):
        if len(self.entries) + len(keys) > self.capacity:
            return FULL
        more = collections.Counter(owner for _, owner, _, _, _ in keys)
        return QUOTA if any(self.owned[o] + n > self.per_key for o, n in more.items()) else FRESH

    def forget(self, now):
        self.entries = {k: e for k, e in self.entries.items() if e[1] >= now}
        self.owned = collections.Counter(owner for owner, _ in self.entries.values())


class Host:
    """One instance of the module, under one policy."""

    def __init__(self, module_path, policy, replay_start, replay=None):
        config = wasmtime.Config()
        config.epoch_interruption = True  # so that a call can be stopped
        self.engine = wasmtime.Engine(config)
        self.module = wasmtime.Module.from_file(self.engine, module_path)
        self.linker = wasmtime.Linker(self.engine)
        self.linker.define_wasi()
        self.configuration = (
            record(0x21, policy) + record(0x22, b"\x01") + record(0x23, struct.pack("<q", replay_start))
        )
        self.documents = {}  # by kind and issuer
        self.instance = None
        self.start()  # raises if the policy is not one
        rules = json.loads(policy).get("replay", {})
        self.replay = replay or ReplayMemory(rules.get("capacity", 65536), rules.get("per_key"))

    def start(self):
        """Makes an instance, configures it and loads what was loaded before."""
        self.store = wasmtime.Store(self.engine)
        self.store.set_limits(memory_size=MEMORY_BYTES)
        self.store.set_wasi(wasmtime.WasiConfig())  # no files, arguments or environment
        self.store.set_epoch_deadline(1)
        instance = self.linker.instantiate(self.store, self.module)
        self.exports = instance.exports(self.store)
        self.memory = self.exports["memory"]
        self.block = self.size = 0
        self.timed("_initialize")
        if self.timed("ajwt_abi_version") != ABI_VERSION:
            raise RuntimeError("the module has another ABI version")
        answer = self.send("ajwt_configure", self.configuration)
        if not answer.passes:
            raise ValueError(answer.faults)
        self.digest = answer.policy_digest
        self.strip = frozenset(answer.strip)
        for message in self.documents.values():
            if not self.send("ajwt_load", message).passes:
                raise RuntimeError("a document is no longer taken")
        self.instance = instance

    def load_keys(self, issuer, data, now):
        """Loads a JWK Set for an issuer whose policy entry has jwks_uri."""
        message = (
            record(0x31, b"\x01") + record(0x32, issuer.encode()) + record(0x33, data) + record(0x34, struct.pack("<q", now))
        )
        answer = self.send("ajwt_load", message)
        if not answer.passes:
            raise ValueError(answer.faults)
        self.documents[(1, issuer)] = message

    def verify(self, request):
        """Decides a request. Never raises: what goes wrong is an answer that refuses."""
        answer = self.ask(encode_request(request))
        if answer.action != TAKE:
            return answer
        try:
            result, index = self.replay.take(answer.replay, request["now"])
        except Exception:  # a store that is out of reach
            result, index = UNAVAILABLE, 0
        if result == FRESH:
            answer.action = PASS
            return answer
        answer = self.ask(encode_request(request, (result, index)))
        return refusal(ANSWER_MALFORMED) if answer.action == TAKE else answer

    def strips(self, name):
        """Tells whether a client's header field of that name must not reach the upstream."""
        return re.sub("[^a-z0-9]", "-", name.lower()) in self.strip

    def ask(self, message):
        if len(message) > MAX_MESSAGE:
            return refusal(TOO_LARGE)
        try:
            if self.instance is None:
                self.start()
            answer = self.send("ajwt_verify", message)
            if answer.action in (PASS, TAKE) and (answer.level & 0x0F == 0 or answer.policy_digest != self.digest):
                raise Malformed("not an answer to this call")
            return answer
        except Malformed:
            self.instance = None
            return refusal(ANSWER_MALFORMED)
        except wasmtime.Trap as e:
            self.instance = None
            return refusal(TIMEOUT if e.trap_code == wasmtime.TrapCode.INTERRUPT else TRAP)
        except Exception:  # proc_exit, or an instance that cannot be made
            self.instance = None
            return refusal(TRAP)

    def send(self, export, message):
        if len(message) > self.size:
            if self.block:
                self.timed("ajwt_free", self.block)
            self.size = max(len(message), 16 << 10)
            self.block = self.timed("ajwt_alloc", self.size) & 0xFFFFFFFF
            if self.block == 0:
                raise MemoryError("ajwt_alloc")
        self.memory.write(self.store, message, self.block)
        result = self.timed(export, self.block, len(message)) & 0xFFFFFFFFFFFFFFFF
        address, length = result >> 32, result & 0xFFFFFFFF
        if address + length > self.memory.data_len(self.store):
            raise Malformed("outside memory")
        return decode_answer(bytes(self.memory.read(self.store, address, address + length)))

    def timed(self, export, *args):
        """Calls an export; one that takes too long traps."""
        self.store.set_epoch_deadline(1)
        timer = threading.Timer(CALL_SECONDS, self.engine.increment_epoch)
        timer.start()
        try:
            return self.exports[export](self.store, *args)
        finally:
            timer.cancel()
