// Recomputes from the entries what the record says of deadlines. A clock's entries must
// agree with each other, with the acts on record, and with the times of witnesses.

const GRACE_MS = 300000; // so long a busy system may take to say that one has passed
const ROUNDING_MS = 1;
const STARTS = ["clock.started", "clock.duty_started"];
const MOVES = ["clock.moved", "clock.paused", "clock.resumed"];
const ACTS = ["incident.", "triage.", "filing."];
const DONE_BY = new Map([
  ["Acknowledge", "incident.acknowledged"],
  ["Triage", "triage.decided"],
  ["Resolve", "incident.resolved"],
]);

// An entry of a clock whose content is withheld, or is not as it is written here.
class Unreadable extends Error {}

function numberIn(body, name) {
  const value = Object.hasOwn(body, name) ? body[name] : null;
  if (typeof value !== "number") throw new Unreadable();
  return value;
}

function textIn(body, name) {
  const value = Object.hasOwn(body, name) ? body[name] : "";
  if (typeof value !== "string") throw new Unreadable();
  return value;
}

function instantIn(body, name) {
  if (!Object.hasOwn(body, name)) return null;
  const value = instantMs(body[name]);
  if (value === null) throw new Unreadable();
  return value;
}

class Deadlines {
  constructor(bounds, hasWitnesses) {
    this.bounds = bounds;
    this.hasWitnesses = hasWitnesses;
    this.clocks = new Map();
    this.acts = new Map();
    this.done = new Map();
    this.lastAt = 0;
    this.findings = [];
    this.unread = 0;
  }

  see(entry) {
    if (entry.hashed) {
      this.unread += 1;
      return;
    }
    this.lastAt = Math.max(this.lastAt, entry.atMs);
    if (!entry.type.startsWith("clock.")) {
      if (ACTS.some((one) => entry.type.startsWith(one))) this.seeAct(entry);
      return;
    }
    try {
      const { body } = entry.fields;
      if (typeof body !== "object" || Array.isArray(body)) throw new Unreadable();
      this.seeClock(entry, body);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.unread += 1;
    }
  }

  seeAct({ type, atMs, index }) {
    if (!this.acts.has(atMs)) this.acts.set(atMs, index);
    if (!this.done.has(type)) this.done.set(type, []);
    this.done.get(type).push([atMs, index]);
  }

  seeClock(entry, body) {
    const key = JSON.stringify([textIn(body, "regime"), textIn(body, "stage"), numberIn(body, "clock")]);
    const due = instantIn(body, "due_at");
    let clock = this.clocks.get(key);
    if (!clock) {
      clock = { name: textIn(body, "what"), seq: entry.seq, due, started: 0, outcome: "running" };
      clock.isBreached = clock.isPaused = clock.isOver = false;
      this.clocks.set(key, clock);
    }
    if (STARTS.includes(entry.type)) clock.started = instantIn(body, "started_at") ?? 0;
    else if (!MOVES.includes(entry.type) && !clock.isPaused) this.checkDue(entry, clock, due);
    clock.due = due;
    this.take(entry, clock, body);
  }

  take(entry, clock, body) {
    if (entry.type === "clock.breached") {
      this.breached(entry, clock, numberIn(body, "late_ms"));
    } else if (entry.type === "clock.met") {
      const metAt = instantIn(body, "met_at");
      if (metAt !== null) this.met(entry, clock, metAt, numberIn(body, "late_ms"));
      clock.isOver = true;
    } else if (entry.type === "clock.cancelled") {
      [clock.isOver, clock.outcome] = [true, "cancelled"];
    } else if (entry.type === "clock.paused") {
      [clock.isPaused, clock.outcome] = [true, "paused"];
    } else if (entry.type === "clock.resumed") {
      clock.isPaused = clock.isOver = false;
      clock.outcome = "running";
    }
  }

  checkDue(entry, clock, due) {
    if (clock.due === null || due === clock.due) return;
    this.find("CLOCK_MOVED", entry.seq, `${clock.name}: due ${instant(clock.due)} before, ${due === null ? "none" : instant(due)} here`);
  }

  find(doubt, seq, detail) {
    this.findings.push([doubt, seq, 1, detail]);
  }

  breached(entry, clock, lateMs) {
    [clock.isBreached, clock.outcome] = [true, "passed"];
    const wrong = (why) => new Rejected("CLOCK_FALSE", `entry ${entry.seq}: ${clock.name} ${why}`);
    if (clock.due === null) throw wrong("had no due instant");
    const [, upper] = this.bounds(entry.index);
    const isEarly = upper !== null && upper * 1000 < clock.due;
    if (isEarly || entry.atMs - clock.due + ROUNDING_MS < lateMs) {
      throw wrong(`is said to have passed before ${instant(clock.due)}`);
    }
    for (const [at, index] of this.done.get(DONE_BY.get(clock.name)) || []) {
      if (clock.started <= at && at <= clock.due && index < entry.index) {
        throw wrong(`is said to have passed, but was done ${instant(at)}`);
      }
    }
  }

  met(entry, clock, metAt, lateMs) {
    const late = clock.due === null ? 0 : Math.max(0, metAt - clock.due);
    if (Math.abs(late - lateMs) > ROUNDING_MS) {
      throw new Rejected("CLOCK_FALSE", `entry ${entry.seq}: ${clock.name} was ${late} ms late, not ${lateMs}`);
    }
    if (late > ROUNDING_MS) {
      clock.outcome = "done late";
      this.needBreach(clock, `it was done ${instant(metAt)}`);
    } else {
      clock.outcome = this.prove(entry, clock, metAt);
    }
  }

  // The act itself bounds a claim best. Where it is on another side's record, the entry
  // that the clock was met still bounds it from above.
  prove(entry, clock, metAt) {
    if (clock.due === null || !this.hasWitnesses) return "done in time by the operator's clock";
    const act = this.acts.get(metAt);
    const [lower, upper] = this.bounds(act ?? entry.index);
    if (upper !== null && upper * 1000 <= clock.due) return "done in time, proved";
    if (act !== undefined && lower !== null && lower * 1000 > clock.due) {
      throw new Rejected("CLOCK_FALSE", `entry ${entry.seq}: ${clock.name} is said to be done in time, but no entry of it was there at ${instant(lower * 1000)}`);
    }
    this.find("CLOCK_UNDETERMINED", entry.seq, `${clock.name}, due ${instant(clock.due)}, done ${instant(metAt)}`);
    return "done in time by the operator's clock, not proved";
  }

  needBreach(clock, why) {
    if (clock.isBreached) return;
    const detail = `${clock.name}, due ${clock.due === null ? "" : instant(clock.due)}: ${why}`;
    if (!this.unread) throw new Rejected("CLOCK_MISSING", detail);
    this.find("CLOCK_UNDETERMINED", clock.seq, detail);
  }

  // Looks for clocks that had passed when the record was known to be whole.
  finish(untilMs) {
    const until = Math.max(untilMs, this.lastAt);
    for (const clock of this.clocks.values()) {
      if (clock.isOver || clock.isPaused || clock.due === null) continue;
      if (clock.due + GRACE_MS < until) this.needBreach(clock, `nothing says so by ${instant(until)}`);
    }
  }
}
