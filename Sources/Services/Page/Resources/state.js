// What the page knows, and how it comes to know it: the server's answers, and the stream of alarms, which goes on where it
// broke off when the server comes back.

import { severities } from "./text.js";

const mostAlarms = 10_000;

export const state = {
  /** `connecting`, `live` or `away`; since when the last. */
  link: "connecting", awaySince: 0, federation: null, health: null, workers: [], rounds: null, placement: null, loops: null, incidents: [],
  /** What is known of each entity and its latest score, by `site/entity`. */
  entities: new Map(),
  library: [], desk: { marks: [], silences: [], hints: [] }, alarms: new Map(), last: 0,
  /** Counts what the long lists depend on: they are drawn again only when it has changed. */
  drawn: 0,
};
/** Marks by `alarm ID` and `incident ID`. */
let marks = new Map();
const listeners = new Set();
let dirty = false;

/** Calls back at most some times a second however much happens. */
export function whenChanged(act) { listeners.add(act); }
export function changed() {
  if (dirty) return;
  dirty = true;
  setTimeout(() => { dirty = false; for (const act of listeners) act(); }, 200);
}

/** What allows changes: of a link that `fl-alerts page` printed, or typed in; forgotten with the tab. */
export const token = {
  get value() { return sessionStorage.getItem("token") ?? ""; },
  set value(text) { sessionStorage.setItem("token", text); },
  get headers() { return this.value ? { Authorization: `Bearer ${this.value}` } : {}; },
};
function takeToken() {
  if (!location.hash.startsWith("#token=")) return;
  try { token.value = decodeURIComponent(location.hash.slice(7)); } catch { /* no token: it is asked for when it is needed */ }
  history.replaceState(null, "", location.pathname);
}
takeToken();
// A link that is opened where the page is open already loads nothing anew.
window.addEventListener("hashchange", takeToken);

/** A server that hangs, or a network that drops packets, says nothing: after some seconds that is no answer either. */
export async function get(path, seconds = 30) {
  const answer = await fetch(path, { cache: "no-store", headers: token.headers, signal: AbortSignal.timeout(seconds * 1000) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// MARK: Alarms

/** Takes in an event: what a later one says stands, but an alarm that is over stays over (it may be settled after that). */
export function take(event) {
  if (event.sequence > state.last) state.last = event.sequence;
  if (event.quality) return;
  state.drawn += 1;
  const known = state.alarms.get(event.id);
  if (known && known.revision > event.revision) { known.fault = event.fault ?? known.fault; return; }
  event.stands = event.state !== "cleared" && (known?.stands ?? true);
  if (known && known.revision < event.revision) state.alarms.delete(event.id);
  state.alarms.set(event.id, event);
  if (state.alarms.size <= mostAlarms) return;
  // Those that are over go first, the oldest of them.
  for (const [id, alarm] of state.alarms) if (!alarm.stands) { state.alarms.delete(id); return; }
  state.alarms.delete(state.alarms.keys().next().value);
}

const rank = (severity) => severities.indexOf(severity);
export const worst = (alarms) => alarms.reduce((a, b) => (rank(b.severity) > rank(a?.severity) ? b : a), null);

// MARK: What operators said

export const mark = (kind, id) => marks.get(`${kind} ${id}`);

function matchesText(pattern, text) {
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(parts[0])) return false;
  let at = parts[0].length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const tail = parts[parts.length - 1];
  return text.length - at >= tail.length && text.endsWith(tail);
}

/** As the server's matcher has it: every given field must fit. */
export function silences(matcher, alarm) {
  const fits = (pattern, texts) => !pattern || texts.some((text) => matchesText(pattern, text ?? ""));
  return fits(matcher.alarm, [alarm.id]) && fits(matcher.site, [alarm.site]) && fits(matcher.entity, [alarm.entity])
    && fits(matcher.fault, [alarm.fault?.name]) && fits(matcher.group, alarm.groups ?? [])
    && fits(matcher.metric, (alarm.fingerprint ?? []).map((c) => c.metric))
    && (!matcher.severity || rank(alarm.severity) <= rank(matcher.severity));
}

const isNow = (silence) => { const now = Date.now() / 1000; return silence.from <= now && now < silence.until; };
export const activeSilences = () => state.desk.silences.filter(isNow);
export const silenceOf = (alarm) => activeSilences().find((silence) => silences(silence.matcher, alarm));

function takeDesk(desk) {
  state.drawn += 1;
  state.desk = desk;
  marks = new Map(desk.marks.map((one) => [one.alarm ? `alarm ${one.alarm}` : `incident ${one.incident}`, one]));
}

// MARK: Incidents as they are looked at

/** An incident with what its alarms say. */
export function look(incident) {
  const alarms = incident.entities.flatMap((e) => e.alarms.map((id) => state.alarms.get(id))).filter(Boolean);
  const top = worst(alarms);
  const faults = alarms.map((a) => a.fault).filter((f) => f && f.name !== "unknown");
  const own = mark("incident", incident.id);
  const confirmed = own?.verdict?.kind === "confirmed" && { name: own.verdict.fault, similarity: 1, confidence: 1, isConfirmed: true };
  const fault = confirmed || (faults.sort((a, b) => b.confidence - a.confidence)[0] ?? alarms.find((a) => a.fault)?.fault ?? null);
  const standing = alarms.filter((a) => a.stands);
  const every = (test) => alarms.length > 0 && alarms.every(test);
  return {
    // Of one whose alarms are all over nothing is wrong now, even while more may come to it.
    ...incident, open: incident.open && (standing.length > 0 || alarms.length === 0), alarms, top, fault, standing, severity: top?.severity ?? "warning", mark: own,
    isAcknowledged: Boolean(own?.acknowledged) || every((a) => mark("alarm", a.id)?.acknowledged),
    isFalse: own?.verdict?.kind === "false" || every((a) => mark("alarm", a.id)?.verdict?.kind === "false"),
    isSilenced: every((a) => silenceOf(a)),
  };
}

// MARK: The server

let gathering = false, again = false;
/** Incidents follow from alarms: asked for after some have come, at most once in two seconds. */
async function gatherIncidents() {
  if (gathering) { again = true; return; }
  gathering = true;
  try { state.incidents = (await get("/v1/incidents?limit=500")).incidents.reverse(); changed(); } catch { /* asked again */ }
  setTimeout(() => { gathering = false; if (again) { again = false; gatherIncidents(); } }, 2000);
}

export async function gatherDesk() {
  const desk = await get("/v1/operations");
  // What is said meanwhile comes first: others are then read twice, and none is missed.
  for (let page = desk; page.more;) {
    page = await get(`/v1/operations?skip=${desk.marks.length}`);
    desk.marks.push(...page.marks);
  }
  takeDesk(desk);
  changed();
}
export async function gatherLibrary() {
  const before = JSON.stringify(state.library);
  state.library = (await get("/v1/library")).faults;
  // The library names alarms when they are read: the latest are read again.
  if (state.link === "live" && JSON.stringify(state.library) !== before) {
    const page = await get(`/v1/alarms?form=brief&of=alarms&latest=2000&limit=2000`);
    page.alarms.forEach(take);
  }
  changed();
}

let places = "", missed = -1;
let roundsAsked = 0, roundsVersion = -1;
export async function gatherFacts() {
  // Alarms that come while the answers are on their way are in no older answer.
  const seen = state.last;
  const [health, workers] = await Promise.all([get("/healthz", 8), get("/v1/workers")]);
  if (health.placement) state.placement = await get("/v1/placement");
  state.health = health;
  state.workers = workers.workers;
  const now = JSON.stringify([health.dataQuality, state.workers.map((worker) => [worker.name, worker.state, worker.entities])]);
  if (now !== places) { places = now; state.drawn += 1; }
  // Rounds are long, and change with the version; now and then they are asked for all the same.
  if (health.version !== roundsVersion || Date.now() - roundsAsked > 15_000) {
    [state.rounds, state.loops] = await Promise.all([get("/v1/rounds?limit=200"), get("/v1/loops?limit=40")]);
    [roundsAsked, roundsVersion] = [Date.now(), health.version];
  }
  // Another federation, or an older copy of this one's log: nothing that is here is its.
  if ((state.federation && state.federation !== health.federation) || health.lastAlarm < seen) await begin(health);
  state.federation = health.federation;
  // Events that are in the log and do not come: the stream has died without a word.
  if (health.lastAlarm > state.last && missed === state.last) listen();
  missed = health.lastAlarm > state.last ? state.last : -1;
  changed();
}

let entitiesAsked = 0, scored = null, forgotten = null;
/** Calls back when there are new scores, and when all that is known of them is another federation's. */
export function whenScored(act, forget) { [scored, forgotten] = [act, forget]; }
/** What is known of entities changes with every telling; of very many it is asked for less often. */
export async function gatherEntities(isNews = false) {
  const pause = state.entities.size > 2_000 ? 60_000 : isNews ? 4_000 : 15_000;
  if (Date.now() - entitiesAsked < pause) return false;
  entitiesAsked = Date.now();
  const all = new Map();
  for (let after = "", more = true; more && all.size < 20_000;) {
    const page = await get(`/v1/entities?limit=10000&after=${encodeURIComponent(after)}`);
    for (const one of page.entities) all.set(after = `${one.site}/${one.entity}`, one);
    more = page.more && page.entities.length > 0;
  }
  state.entities = all;
  state.drawn += 1;
  changed();
  return true;
}

async function begin(health) {
  state.alarms.clear();
  forgotten?.();
  state.drawn += 1;
  state.last = Math.max(0, health.lastAlarm - 2 * mostAlarms);
  while (true) {
    const page = await get(`/v1/alarms?form=brief&since=${state.last}&limit=2000`);
    page.alarms.forEach(take);
    if (page.last <= state.last && !page.alarms.length) break;
    state.last = Math.max(state.last, page.last);
    changed();
    if (!page.more) break;
  }
  entitiesAsked = 0;
  await Promise.all([gatherIncidents(), gatherDesk(), gatherLibrary(), gatherEntities()]);
  listen();
}

/** The server does not answer any more: what is here is from before. */
function away() {
  if (state.link !== "away") state.awaySince = Date.now();
  state.link = "away";
}

let source = null;
function listen() {
  source?.close();
  source = new EventSource(`/v1/alarms/stream?form=brief&operations=true&scores=true&since=${state.last}`);
  source.addEventListener("open", () => { state.link = "live"; changed(); });
  source.addEventListener("alarm", (message) => {
    try { take(JSON.parse(message.data)); } catch { return; }
    gatherIncidents();
    changed();
  });
  source.addEventListener("operations", () => { gatherDesk().catch(() => {}); gatherLibrary().catch(() => {}); });
  source.addEventListener("scores", () => { if (!document.hidden) gatherEntities(true).then((isNew) => isNew && scored?.()).catch(() => {}); });
  source.addEventListener("error", () => {
    away();
    changed();
    // The browser tries again by itself unless it was refused; then it is for us to.
    if (source.readyState === EventSource.CLOSED) { source.close(); source = null; }
  });
}

/** Begins, and goes on for ever. */
export async function follow() {
  for (;;) {
    try {
      if (state.link === "connecting") {
        state.health = await get("/healthz", 8);
        state.federation = state.health.federation;
        await begin(state.health);
      }
      await gatherFacts();
      if (!document.hidden) await gatherEntities();
      if (!source) listen();
      if (source.readyState === EventSource.OPEN) state.link = "live";
    } catch {
      if (state.link === "live") away();
      else if (state.link === "connecting") state.awaySince ||= Date.now();
    }
    changed();
    await new Promise((done) => setTimeout(done, document.hidden ? 10_000 : 3_000));
  }
}
