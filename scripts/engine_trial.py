"""What scripts/engine-slurm and scripts/engine-kubernetes have in common: a server, a controller and the data of four sites on
this machine, and stopwatches for how long it takes until an engine runs what is wanted. Needs Python's standard library."""
import csv, glob, json, os, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

ROUNDS = 100_000  # more than will run; the target is per round, times this
SITES = {f"n{k}": (f"edge-{k}", f"site{k}") for k in range(1, 5)}  # node: its worker, the site


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    numbers = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return numbers


class Trial:
    """Processes, folders and figures of one run; `with` ends and removes what there is. What an engine runs is for those that
    derive from it to say (`jobs`), and how the controller is started (`begin`)."""

    def __init__(self, script, binaries, keep, environment=None):
        """`environment`: what processes get besides, as a function of the folder."""
        self.script, self.binaries, self.keep = script, os.path.abspath(binaries), keep
        self.root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.work = os.path.abspath(keep or tempfile.mkdtemp())
        os.makedirs(self.work, exist_ok=True)
        # What an engine runs is of another environment: it does not find what a server puts there for workers of its own user.
        runtime = os.path.join(self.work, "runtime")
        os.makedirs(runtime, mode=0o700, exist_ok=True)
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=runtime, **(environment(self.work) if environment else {}))
        self.processes, self.figures, self.faults = {}, {}, {}
        self.http, self.control, self.bulk, self.own = free_ports(4)
        signal.signal(signal.SIGTERM, lambda *_: self.fail("terminated"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(*reversed(list(self.processes)))
        if not self.keep:
            shutil.rmtree(self.work, ignore_errors=True)

    def fail(self, text):
        sys.exit(f"{self.script}: {text}")

    # Processes

    def run(self, *words, check=True, **more):
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, **more)
        if check and done.returncode:
            self.fail(f"{' '.join(words[:6])}: {done.stderr.strip()}")
        return done.stdout

    def start(self, name, *words):
        with open(os.path.join(self.work, name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen(words, stdout=log, stderr=log, env=self.environment)

    def tool(self, name, tool, *words):
        self.start(name, os.path.join(self.binaries, tool), *words)

    def end(self, *names):
        ending = [self.processes.pop(name) for name in names if name in self.processes]
        for process in ending:
            process.terminate()
        for process in ending:
            process.wait()

    def kill(self, name):
        self.processes[name].kill()
        self.processes.pop(name).wait()

    # The federation

    def generate(self):
        """Data of four sites, and which rows of each have a fault."""
        self.data = os.path.join(self.work, "data")
        self.run(os.path.join(self.binaries, "fl-train"), "generate", "--out", self.data, "--sites", "4", "--entities", "1",
                 "--hours", "30", "--step", "120", "--faults", "2", "--severity", "6-7")
        for path in glob.glob(self.data + "/*/*_interpretation.csv"):
            with open(path) as file:
                self.faults[os.path.relpath(path, self.data).removesuffix("_interpretation.csv")] = [
                    range(int(row["start"]), int(row["end_exclusive"])) for row in csv.DictReader(file)]

    def server(self, name, rounds):
        self.tool("server", "fl-server", "--data-folder", f"{self.work}/{name}", "--http", f"127.0.0.1:{self.http}", "--control",
                  f"tcp://127.0.0.1:{self.control}", "--bulk", f"tcp://127.0.0.1:{self.bulk}", "--minimum-workers", "2",
                  "--rounds", str(rounds), "--epochs", "1", "--hidden", "8,4", "--heartbeat", "0.5",
                  "--target-seconds", str(rounds * 30), "--settle", "2", "--log-level", "info")
        self.wait("the server", lambda: self.get("/healthz"))
        self.run(os.path.join(self.binaries, "fl-server"), "keys", "token", "--data-folder", f"{self.work}/{name}",
                 "--role", "admin", "--name", "engine", "--out", f"{self.work}/{name}.token")

    def engine(self, name, every, arguments, *options, defaults=None):
        """`arguments`: of each worker besides its data; `defaults`: what else the nodes file says of all."""
        with open(f"{self.work}/{name}.json", "w") as file:
            json.dump({"defaults": {"site": "site{node}", "domain": "all",
                                    "arguments": ["--data", self.data + "/{site}", *arguments], **(defaults or {})},
                       "nodes": [{"name": node, "worker": worker, "site": site} for node, (worker, site) in SITES.items()]}, file)
        self.tool("engine", "fl-engine", "run", "--nodes", f"{self.work}/{name}.json", "--server", f"127.0.0.1:{self.http}",
                  "--every", every, "--control", f"tcp://127.0.0.1:{self.control}", "--bulk", f"tcp://127.0.0.1:{self.bulk}",
                  "--enrol-workers", "--token-file", f"{self.work}/{name}.token", "--federation", name,
                  "--http", f"127.0.0.1:{self.own}", *options)

    def token(self, name):
        with open(f"{self.work}/{name}.token") as file:
            return file.read().strip()

    def get(self, path, port=None, token=None):
        headers = {"Authorization": "Bearer " + token} if token else {}
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.http}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def target(self, seconds, name):
        body = json.dumps({"targetSeconds": seconds, "rounds": ROUNDS}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}/v1/placement/target", body,
            {"Content-Type": "application/json", "Authorization": "Bearer " + self.token(name)})
        urllib.request.urlopen(request, timeout=5).read()

    def decision(self):
        return self.get("/v1/placement")["decision"]

    def predicted(self):
        """What a round takes now, as placement says."""
        rounds = self.get("/v1/placement")["measuredRounds"]
        return [one["predictedSeconds"] for one in rounds if "predictedSeconds" in one][-1]

    def wanted(self):
        return self.get("/v1/placement/nodes")["nodes"]

    def committed(self):
        return sum(1 for one in self.get("/v1/rounds")["rounds"] if one["kind"] == "training" and one["committed"])

    def check_enrolment(self, name):
        """Every worker came in by a word that the controller asked for."""
        principals = self.get("/v1/principals", token=self.token(name))["principals"]
        came = {one["grant"]["name"]: one["origin"] for one in principals}
        if came != {worker: "token" for worker, _ in SITES.values()}:
            self.fail(f"workers that enrolled: {came}; logs are in {self.work}")

    def found(self):
        """Sites with an alarm that begins in one of their faults, and how many alarms there are."""
        alarms = [one for one in self.get("/v1/alarms?since=0")["alarms"] if one["state"] == "raised"]
        return {one["site"] for one in alarms if any(
            one["onset"]["index"] in fault for fault in self.faults[one["site"] + "/" + one["entity"]])}, len(alarms)

    # Stopwatches

    def wait(self, what, condition, seconds=120, shows=lambda: None):
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            try:
                if condition():
                    return time.monotonic() - begin
            except (OSError, KeyError, ValueError):
                pass
            time.sleep(0.2)
        print(json.dumps(shows()), file=sys.stderr)
        self.fail(f"{what}: not after {seconds} s; logs are in {self.work}")

    @staticmethod
    def holds(condition, seconds=3):
        """A condition that goes on for a while."""
        since = None

        def check():
            nonlocal since
            if not condition():
                since = None
                return False
            since = since or time.monotonic()
            return time.monotonic() - since >= seconds

        return check

    def measure(self, what, condition):
        """How long until the condition holds, and goes on for three seconds."""
        seconds = self.wait(what, self.holds(condition), shows=self.shown) - 3
        self.figures[what] = round(seconds, 1)
        print(f"{what}: {seconds:.1f} s until the right workers run", flush=True)

    # What the engine runs

    def jobs(self):
        """Worker to (job, role, node), of copies that run."""
        raise NotImplementedError

    def begin(self, name):
        """Starts the controller of a federation."""
        raise NotImplementedError

    def shown(self):
        return {"jobs": self.jobs(), "wanted": self.wanted()}

    def workers(self):
        return {name for name, (_, role, _) in self.jobs().items() if role in ("worker", "acceleratedWorker")}

    def is_right(self, down=()):
        """Whether what runs is what is wanted, and is here; nodes that take nothing have no holder."""
        running = self.jobs()
        for node in self.wanted():
            name, wants = node["name"], node["wants"]
            if name in down:
                if wants in ("worker", "acceleratedWorker"):
                    return False
                continue
            if running.get(name, (None, "nothing"))[1] != wants:
                return False
            if wants != "nothing" and not node["isHere"] and not node["standsBy"]:
                return False
        return True

    def is_well(self):
        return self.get("/healthz", self.own)["status"] == "ok"

    def is_without(self, victim):
        return victim not in self.workers() and len(self.workers()) >= 2 and self.is_right({victim})

    # What is done to it

    def from_submission_to_alarms(self):
        self.server("alarms", 60)
        begin = time.monotonic()
        self.begin("alarms")
        self.wait("the first worker", self.jobs)
        print(f"a worker runs {time.monotonic() - begin:.1f} s after the controller's start", flush=True)
        for what, count in [("submissionToAlarm", 1), ("submissionToAlarmsOfAllSites", len(SITES))]:
            self.wait(what, lambda: len(self.found()[0]) >= count, shows=self.shown)
            self.figures[what] = round(time.monotonic() - begin, 1)
        print(f"from submission to alarms: {self.figures}, {self.found()[1]} alarms", flush=True)
        self.wait("the right workers", self.holds(lambda: self.is_right() and len(self.workers()) == 2), shows=self.shown)
        self.check_enrolment("alarms")

    def targets(self, name):
        """Starts a federation, and changes its target."""
        self.server(name, ROUNDS)
        self.begin(name)
        self.wait("the first placement", lambda: self.decision()["reason"] == "started")
        self.measure("first placement", self.is_right)
        print("workers:", sorted(self.workers()), flush=True)
        # A target that these two meet, and half of it, which they do not.
        needed = self.predicted()
        self.target(ROUNDS * needed * 1.6, name)
        self.wait("two workers", self.holds(lambda: self.is_right() and len(self.workers()) == 2), shows=self.shown)
        number = self.decision()["number"]
        self.target(ROUNDS * needed * 0.8, name)
        self.wait("another decision", lambda: self.decision()["number"] != number)
        self.measure("target halved", self.is_right)
        print("workers:", sorted(self.workers()), flush=True)
        number = self.decision()["number"]
        self.target(ROUNDS * 30, name)
        self.wait("another decision", lambda: self.decision()["number"] != number or len(self.workers()) == 2)
        self.measure("target as before", self.is_right)

    def victim(self):
        """One that works, and its node."""
        name = sorted(self.workers())[0]
        return name, self.jobs()[name][2]

    def same(self, what, disturb):
        """Something that nothing may come of."""
        before, done = {one[0] for one in self.jobs().values()}, self.committed()
        disturb()
        self.measure(what, lambda: self.is_right() and self.is_well())
        isSame = {one[0] for one in self.jobs().values()} == before
        print("the same copies:", isSame, "rounds meanwhile:", self.committed() - done, flush=True)

    def restart_controller(self, name):
        self.kill("engine")
        self.begin(name)

    def conclude(self, name):
        """Looks at all rounds, prints the figures, and fails where a promise is broken."""
        self.check_enrolment(name)
        rounds = [one for one in self.get("/v1/rounds")["rounds"] if one["kind"] == "training"]
        lost = [one for one in rounds if not one["committed"]]
        twice = [one for one in rounds if len({c["worker"] for c in one["contributions"]}) != len(one["contributions"])]
        quorate = [one for one in lost if len(one["contributions"]) >= 2]
        for one in lost:
            print("abandoned:", one.get("round"), one.get("abandonedBecause", ""), len(one["contributions"]), "contributions")
        self.figures.update(
            rounds=len(rounds), abandoned=len(lost), abandonedWithQuorum=len(quorate), countedTwice=len(twice))
        print(json.dumps(self.figures))
        late = [name for name, value in self.figures.items()
                if isinstance(value, float) and not name.startswith("submission") and value > 40]
        if quorate or twice or late:
            self.fail(f"rounds lost with their quorum {len(quorate)}, counted twice {len(twice)}, late {late}")
