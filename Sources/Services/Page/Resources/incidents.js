// What is wrong now: the list of incidents, and the one that is looked at.

import { actions } from "./actions.js";
import { $, Window, h, name, put, swap, tag } from "./draw.js";
import { look as lookAt } from "./scores.js";
import { activeSilences, look, mark, silenceOf, state } from "./state.js";
import { count, deviations, exactly, faultText, length, moment, number, percent, severities, since } from "./text.js";

/** What the detail shows: an incident or an alarm, by its identity. */
export const chosen = { kind: null, id: null, byHand: false };
let list, lookers = [], drawn = "";

export function start() {
  list = new Window($("incidents"), 86, {
    key: (i) => i.id, make: row, choose: (i, byHand) => choose("incident", i.id, byHand),
    empty: "No incident so far. When alarms belong together, they stand here with the likely culprit first.",
  });
}

export function choose(kind, id, byHand = false) {
  Object.assign(chosen, { kind, id, byHand });
  if (kind === "incident") list.select(lookers.find((i) => i.id === id) ?? null, { scroll: !byHand });
  // Whose radiography is on show follows what is looked at.
  const part = kind === "alarm" ? state.alarms.get(id) : first(lookers.find((i) => i.id === id) ?? { entities: [] });
  if (byHand && part) lookAt(place(part), true);
  drawDetail(true);
  // On a narrow screen the detail is below: whoever chose something wants to see it.
  if (byHand && window.innerWidth < 1000) $("detail").scrollIntoView({ block: "start" });
}

export const move = (step) => list.move(step);
export const listed = () => lookers;

export function draw() {
  // What nobody has looked at first, of that the worst: where several begin at once, the latest is not the most pressing.
  const press = (i) => (i.open ? (isPressing(i) ? 10 : 5) + severities.indexOf(i.severity) : 0);
  lookers = state.incidents.map(look).sort((a, b) => press(b) - press(a));
  const open = lookers.filter((i) => i.open);
  $("now-count").textContent = lookers.length ? `${open.length} open, ${lookers.length - open.length} over` : "";
  list.set(lookers);
  const looked = chosen.kind === "incident" ? lookers.find((i) => i.id === chosen.id) : null;
  // What nobody has chosen makes room for what goes on, once it is over; not under the hand of who is about to do something.
  const isPassed = looked && !looked.open && !chosen.byHand && open.length && !$("dialog").open;
  if (!chosen.id || (chosen.kind === "incident" && !looked) || isPassed) {
    if (lookers.length) {
      Object.assign(chosen, { kind: "incident", id: lookers[0].id, byHand: false });
      list.select(lookers[0], { scroll: false });
    }
  }
  drawDetail();
  return lookers;
}

/** How long an incident goes on: by this machine's clock where its alarms are told by the same, otherwise by their own. */
const lasting = ({ start, end }) => {
  const now = Date.now() / 1000;
  return now - end < 86_400 && now >= start ? now - start : end - start;
};
const first = (incident) => incident.entities[0];
const place = (part) => `${part.site}/${part.entity}`;

function tags(thing) {
  return [
    thing.isAcknowledged && tag("acknowledged", "well"), thing.isFalse && tag("marked false", "off"),
    thing.isSilenced && tag("silenced", "off"),
  ];
}

function row(incident) {
  const lead = first(incident);
  const others = incident.entities.length - 1;
  return h("div", { class: `incident ${incident.open ? incident.severity : "off over"}` },
    h("span", { class: "edge" }),
    h("div", { class: "who clip" }, name(lead ? place(lead) : incident.id)),
    h("span", { class: "since", title: exactly(incident.start), text: since(incident.start, incident.end, incident.open) }),
    h("div", { class: "why clip" }, name(lead?.metrics.slice(0, 3).join(", ") || "no metric named")),
    h("div", { class: "tags" },
      h("span", { class: `tag ${incident.open ? incident.severity : ""}`, text: incident.open ? incident.severity : "over" }),
      incident.fault && incident.fault.name !== "unknown" && tag(faultText(incident.fault), "known"),
      others > 0 && tag(`and ${count(others, "entity", "entities")}`, "line"),
      incident.alarms.length > 1 && tag(count(incident.alarms.length, "alarm"), "line"), ...tags(incident)));
}

// MARK: The detail

function drawDetail(force = false) {
  const thing = chosen.kind === "alarm" ? state.alarms.get(chosen.id) : lookers.find((i) => i.id === chosen.id);
  const box = $("detail");
  if (!thing) {
    if (drawn !== "none") {
      put(box, h("p", { class: "empty", text: "Choose an incident or an alarm: what deviates, what it may be, and what to do." }));
    }
    drawn = "none";
    return;
  }
  const about = chosen.kind === "alarm" ? [mark("alarm", thing.id), silenceOf(thing)] : [thing.mark, thing.isSilenced];
  const looks = JSON.stringify([chosen, about, thing.stands, thing.revision, thing.end, thing.open, thing.fault,
    thing.standing?.length, thing.alarms?.map?.((a) => a.revision), hintOf(thing.fault), state.library.length]);
  if (!force && looks === drawn) return;
  const isNew = force;
  drawn = looks;
  const top = box.scrollTop;
  const focus = box.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  swap(box, chosen.kind === "alarm" ? alarmDetail(thing) : incidentDetail(thing));
  box.scrollTop = isNew ? 0 : top;
  if (focus) box.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

const hintOf = (fault) => state.desk.hints.find((hint) => fault && hint.fault === fault.name);

function incidentDetail(incident) {
  const lead = first(incident);
  const most = Math.max(...incident.entities.map((e) => e.score), 1e-9);
  const event = incident.top;
  return h("div", { class: incident.severity },
    h("h3", {}, name(lead ? place(lead) : incident.id)),
    h("p", { class: "lead", title: exactly(incident.start) },
      `${incident.open ? `Began ${moment(incident.start)}, lasts ${length(lasting(incident))}` : `From ${moment(incident.start)} to ${moment(incident.end)}, over`}. ${count(incident.entities.length, "entity", "entities")}, ${count(incident.standing.length, "alarm")} standing.`),
    h("div", { class: "tags" }, h("span", { class: "tag", text: incident.severity }),
      incident.fault && tag(faultText(incident.fault), incident.fault.name === "unknown" ? "line" : "known"), ...tags(incident)),
    whatToDo("incident", incident, event),
    h("div", { class: "split" },
      h("div", {}, h("h4", { text: "Where it began, most likely first" }),
        h("ol", {}, incident.entities.slice(0, 12).map((part, index) => h("li", { class: "culprit" },
          h("span", { class: "n", text: index + 1 }), h("span", { class: "clip" }, name(place(part))),
          h("span", { class: "meter", title: `score ${number(part.score)}` }, h("i", { style: { width: `${Math.max(2, 100 * part.score / most)}%` } })),
          h("span", { class: "metrics clip" }, name(part.metrics.slice(0, 4).join(", ")))))),
        incident.entities.length > 12 && h("p", { class: "small", text: `and ${incident.entities.length - 12} more` })),
      event ? radiography(event) : h("p", { class: "empty", text: "Its alarms are older than those that are at hand here." })),
    incident.alarms.length > 0 && h("div", { class: "few" }, h("h4", { text: "Its alarms" }),
      incident.alarms.slice(0, 20).map((alarm) => h("button", { type: "button", on: { click: () => choose("alarm", alarm.id) } },
        h("span", { class: `tag ${alarm.stands ? alarm.severity : "off"}`, text: alarm.stands ? alarm.severity : "over" }),
        h("span", { class: "clip" }, name(place(alarm)), ` ${deviations(alarm, 2)}`), h("span", { class: "small", text: since(alarm.onset.time, alarm.at.time, alarm.stands) }))),
      incident.alarms.length > 20 && h("p", { class: "small", text: `and ${incident.alarms.length - 20} more, in the list of alarms` })),
    said(incident.mark));
}

function alarmDetail(alarm) {
  const own = mark("alarm", alarm.id), silence = silenceOf(alarm);
  const flags = { isAcknowledged: own?.acknowledged, isFalse: own?.verdict?.kind === "false", isSilenced: silence };
  const within = lookers.find((i) => i.id === alarm.incident || i.alarms.some((a) => a.id === alarm.id));
  return h("div", { class: alarm.severity },
    h("h3", {}, name(place(alarm))),
    h("p", { class: "lead", title: exactly(alarm.onset.time) },
      `${alarm.stands ? "Standing" : "Over"}; began ${moment(alarm.onset.time)}, rows ${alarm.onset.index} to ${alarm.at.index}. Worst score ${number(alarm.score)} of its threshold${alarm.reconstruction === undefined ? "" : `, reconstruction error ${number(alarm.reconstruction)} of its own`}. Model version ${alarm.modelVersion}${alarm.flaps === undefined ? "" : `; came back ${alarm.flaps} times in a row soon after it was over`}${alarm.isLearning ? ", still learning the entity" : ""}${alarm.confidence === undefined ? "" : `; confidence of its thresholds ${alarm.confidence}`}.`),
    h("div", { class: "tags" }, h("span", { class: "tag", text: alarm.severity }),
      alarm.fault && tag(faultText(alarm.fault), alarm.fault.name === "unknown" ? "line" : "known"),
      alarm.fault?.name === "unknown" && alarm.fault.nearest && tag(`nearest ${alarm.fault.nearest} ${percent(alarm.fault.similarity)}`, "line"),
      ...tags(flags), within && h("button", { class: "quiet", type: "button", on: { click: () => choose("incident", within.id) } }, "its incident")),
    whatToDo("alarm", alarm, alarm), radiography(alarm), said(own),
    h("p", { class: "small" }, "Identity ", name(alarm.id, 600)));
}

function whatToDo(kind, thing, event) {
  const hint = hintOf(thing.fault);
  return h("div", {}, h("h4", { text: "What to do" }),
    hint ? h("div", { class: "hint" }, name(hint.text, 4000), h("div", { class: "small", text: `what helped with ${hint.fault}, by ${hint.by}, ${moment(hint.at)}` }))
      : thing.fault && thing.fault.name !== "unknown"
        ? h("p", { class: "small", text: `Nobody has written down yet what helps with ${thing.fault.name}.` })
        : h("p", { class: "small", text: "No known fault is like it. Confirm what it was, and its like has that name everywhere from then on." }),
    h("div", { class: "do", style: { marginTop: ".6rem" } }, actions(kind, thing, event)));
}

/** The metrics that deviate, by layer and group, each on its side. */
function radiography(event) {
  const causes = event.fingerprint ?? [];
  const layers = new Map();
  for (const cause of causes) {
    if (!layers.has(cause.group)) layers.set(cause.group, []);
    layers.get(cause.group).push(cause);
  }
  const most = Math.max(...causes.map((c) => c.share), 1e-9);
  return h("div", {}, h("h4", { text: "What deviates" }),
    causes.length === 0 && h("p", { class: "small", text: "The alarm says nothing of metrics." }),
    [...layers].map(([group, members]) => [h("div", { class: "layer clip" }, name(group)),
      ...members.map((cause) => h("div", { class: "cause", title: `${number(cause.deviation)} times its normal spread` },
        h("span", { class: "clip" }, name(cause.metric)),
        h("span", { class: "sides", role: "img", "aria-label": `${cause.deviation < 0 ? "below" : "above"} normal` },
          h("i", { class: cause.deviation < 0 ? "below" : "", style: { width: `${Math.max(3, 100 * cause.share / most)}%` } })),
        h("b", { text: percent(cause.share) })))]),
    causes.length > 0 && h("p", { class: "small", text: "Share of the whole deviation; to the right above normal, to the left below." }));
}

function said(own) {
  if (!own) return null;
  const lines = [
    own.acknowledged && `${own.acknowledged.by} acknowledged it, ${moment(own.acknowledged.at)}`,
    own.verdict?.kind === "false" && `${own.verdict.by} marked it as false, ${moment(own.verdict.at)}`,
    own.verdict?.kind === "false" && (own.verdict.learned
      ? `${own.verdict.learned.by} has learned from that, ${moment(own.verdict.learned.at)}: the same again is no alarm`
      : "no worker has learned from that yet"),
    own.verdict?.kind === "confirmed" && `${own.verdict.by} confirmed it as ${own.verdict.fault}, ${moment(own.verdict.at)}`,
  ].filter(Boolean);
  if (!lines.length && !own.notes.length) return null;
  return h("div", {}, h("h4", { text: "What was said of it" }),
    lines.map((line) => h("p", { class: "say" }, name(line))),
    own.notes.map((note) => h("p", { class: "say" }, name(note.text, 4000), h("br"), h("small", { text: `${note.by}, ${moment(note.at)}` }))));
}

/** The sentence at the top: never better than what is known. */
export function headline() {
  const title = $("headline"), sub = $("subline");
  const isAway = state.link === "away" || (state.link === "connecting" && state.awaySince > 0);
  if (!state.health && !isAway) return;
  const open = lookers.filter((i) => i.open);
  document.title = isAway ? "(?) Faultline" : open.length ? `(${open.length}) Faultline` : "Faultline";
  const parts = isAway ? [] : troubles(open);
  if (isAway) {
    title.className = "away";
    put(title, "The server does not answer.");
    parts.push({ bad: `since ${moment(state.awaySince / 1000)}` },
      state.health && `what stands here is from before: ${open.length ? `${count(open.length, "incident")} open` : "no incident open"}`);
  } else if (open.length) {
    const lead = first(open[0]);
    title.className = "";
    put(title, `${count(open.length, "incident")} open`, ...(lead ? [", first look at ", name(place(lead), 60)] : []), ".");
  } else if (standing().length) {
    title.className = "";
    put(title, `${count(standing().length, "alarm")} standing.`);
  } else {
    // That nothing is found says something only where somebody looks.
    const active = state.workers.filter((worker) => worker.state === "active");
    const isWatched = active.some((worker) => worker.scoredSamples > 0);
    const isWhole = state.health.dataQualityCount === 0 && unwatched().lost + unwatched().left === 0;
    title.className = isWatched && isWhole ? "well" : "";
    put(title, !active.length ? "Nothing is watched: no worker is here."
      : !isWatched ? "Nothing is watched yet: the workers are learning."
        : isWhole ? "Nothing is wrong now." : "Nothing is wrong where somebody looks.");
  }
  const said = parts.filter(Boolean);
  put(sub, said.map((part, index) => [index > 0 && " · ", part.bad ? h("b", { text: part.bad }) : part]));
}

const isPressing = (i) => !i.isAcknowledged && !i.isFalse && !i.isSilenced;

const standing = () => [...state.alarms.values()].filter((alarm) => alarm.stands);

/** Entities of workers that were lost or have left, which nobody else has taken over. */
function unwatched() {
  const served = new Set(state.workers.filter((worker) => worker.state === "active").flatMap((worker) => worker.entities));
  const gone = (how) => new Set(state.workers.filter((worker) => worker.state === how).flatMap((worker) => worker.entities).filter((key) => !served.has(key)));
  const lost = gone("lost");
  return { lost: lost.size, left: [...gone("left")].filter((key) => !lost.has(key)).length };
}

/** What there is to say besides, the most pressing first. */
function troubles(open) {
  const { health, workers } = state;
  const lost = workers.filter((worker) => worker.state === "lost").length;
  const stuck = (health.forwarders ?? []).filter((f) => f.state !== "well");
  const unread = (health.calendars ?? []).filter((c) => c.state === "failing").length;
  const waiting = stuck.reduce((sum, f) => sum + f.waiting, 0);
  const missing = unwatched();
  const silent = activeSilences().length;
  return [
    open.length > 0 && `${open.filter(isPressing).length} of them nobody has looked at yet`,
    open.length > 0 && standing().length > 0 && `${count(standing().length, "alarm")} standing`,
    stuck.length > 0 && { bad: `${count(stuck.length, "forwarder")} cannot send, ${count(waiting, "event")} waiting` },
    lost > 0 && { bad: `${count(lost, "worker")} lost${missing.lost ? ` and with ${lost === 1 ? "it" : "them"} ${count(missing.lost, "entity", "entities")}` : ""}` },
    missing.left > 0 && { bad: `${count(missing.left, "entity", "entities")} of workers that have left ${missing.left === 1 ? "is" : "are"} not watched` },
    unread > 0 && { bad: `${count(unread, "maintenance calendar")} cannot be read` },
    silent > 0 && `${count(silent, "silence")} in force`,
    health.dataQualityCount > 0 ? { bad: `${count(health.dataQualityCount, "thing")} wrong with the watching itself` } : missing.lost + missing.left === 0 && "the watching itself is sound",
    health.waitingFor && `the server is ${health.waitingFor.startsWith("wait") ? "" : "waiting: "}${health.waitingFor}`,
  ];
}
