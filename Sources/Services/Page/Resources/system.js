// Is the system well: rounds and losses, workers, what is wrong with the watching, what is sent on.

import { restoreForm } from "./actions.js";
import { $, g, h, name, put, putEach, tag } from "./draw.js";
import { loopsPanel, placementPanel } from "./placement.js";
import { state } from "./state.js";
import { bytes, count, length, moment, number } from "./text.js";

export function facts() {
  const health = state.health;
  if (!health) return;
  const active = state.workers.filter((worker) => worker.state === "active").length;
  put($("facts"), h("span", {}, "model version ", h("b", { text: health.version })), h("span", {}, h("b", { text: active }), ` of ${count(state.workers.length, "worker")}`),
    h("span", { title: health.federation }, "federation ", h("b", { text: String(health.federation).slice(0, 8) })));
  const link = $("link");
  link.className = `link ${state.link}`;
  link.textContent = { live: "live", away: "server away", connecting: "connecting" }[state.link];
}

const figure = (value, what) => h("div", {}, h("dd", { text: value }), h("dt", { text: what }));
const panel = (title, ...children) => h("div", { class: "panel" }, h("h3", { text: title }), ...children);
/** A table that scrolls where there is no room, by keys as well. */
const table = (what, heads, rows) => h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": what, "data-key": what },
  h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => (head ? h("th", { scope: "col", text: head }) : h("td"))))), h("tbody", {}, rows)));
const cells = (...all) => h("tr", {}, all.map((cell) => h("td", {}, cell instanceof Node ? cell : name(cell, 80))));

export function draw() {
  facts();
  const { rounds, health, workers } = state;
  if (!rounds || !health) return;
  const log = rounds.rounds, done = log.filter((round) => round.committed && round.kind !== "restoration");
  const box = $("panels");
  if (!box.children.length) box.append(h("div"), h("div"));
  const tools = { panel, table, cells, figure };
  putEach(box.children[0], learning(log, done, health, rounds), placementPanel(tools), quality(health), refused(health));
  putEach(box.children[1], workersPanel(workers, health), loopsPanel(tools), roundsPanel(log), versionsPanel(log, health), silencesPanel(), calendarsPanel(health), forwardersPanel(health));
}

function learning(log, done, health, rounds) {
  const last = done.at(-1);
  const trained = done.filter((round) => round.kind === "training" && round.lossAfter !== undefined);
  const updates = done.reduce((sum, round) => sum + round.contributions.reduce((all, c) => all + c.bytes, 0), 0);
  const home = Math.max(0, ...done.map((round) => round.contributions.reduce((all, c) => all + c.rawBytes, 0)));
  const waiting = health.waitingFor ?? rounds.waitingFor;
  return panel("Learning",
    h("dl", { class: "figures" }, figure(health.version, "model version"), figure(done.length, "rounds committed"),
      figure(log.filter((round) => !round.committed).length, "abandoned"), figure(last ? length(last.seconds) : "–", "last round"),
      figure(bytes(updates), "came as updates"), figure(bytes(home), "of samples stayed home")),
    trained.length > 1 ? curve(trained) : h("p", { class: "small", text: "The loss is drawn from the second training round on." }),
    h("p", { class: "small", text: rounds.open ? `Round ${rounds.open.round} (${rounds.open.kind}) is open with ${count(rounds.open.accepted, "contribution")}.` : health.finished ? "All rounds are done." : "No round is open." }),
    waiting && h("p", { class: "small" }, name(waiting, 300)));
}

function workersPanel(workers, health) {
  const state = (w) => (w.chosen === false && w.state === "active" ? "stands by" : w.state);
  return panel("Workers", workers.length
    ? table("Workers", ["worker", "site", "state", "does", "version", "entities", "samples scored", "round trip", "computes with"],
      workers.slice(0, 500).map((w) => cells(w.name, w.site, tag(state(w), w.state === "active" ? "well" : w.state === "lost" ? "major" : "off"),
        w.activity, `${w.version}${w.state === "active" && w.version < health.version ? " (behind)" : ""}`, String(w.entities.length),
        w.scoredSamples.toLocaleString(), w.roundTripSeconds === undefined ? "–" : length(w.roundTripSeconds), w.accelerator)))
    : h("p", { class: "small", text: "No worker has come yet." }));
}

const quality = (health) => panel("Data quality", health.dataQualityCount
  ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Data quality", "data-key": "Data quality" }, health.dataQuality.map((f) => h("p", { class: "find" }, tag(f.kind, "minor"), " ", name(`${f.site}/${f.entity}`), ": ",
    name(f.detail, 300), h("span", { class: "small", text: ` since ${moment(f.since)}` }))),
  health.dataQualityCount > health.dataQuality.length && h("p", { class: "small", text: `and ${health.dataQualityCount - health.dataQuality.length} more` }))
  : h("p", { class: "small", text: "Nothing is known to be wrong with what workers get." }));

const roundsPanel = (log) => panel("Rounds", log.length
  ? table("Rounds", ["round", "kind", "version", "took", "contributions", "loss before", "after", ""],
    log.slice(-60).reverse().map((r) => cells(String(r.round), r.kind, String(r.version), length(r.seconds), String(r.contributions.length),
      number(r.lossBefore), number(r.lossAfter), r.committed ? tag("committed", "well") : tag(r.abandonedBecause ?? "abandoned", "minor"))))
  : h("p", { class: "small", text: "No round so far." }));

/** The latest versions, each of which can be taken again. */
function versionsPanel(log, health) {
  const made = log.filter((r) => r.committed && r.modelBytes > 0).slice(-12).reverse();
  const origin = (r) => r.restores === undefined ? `round ${r.round}, ${r.kind}`
    : `version ${r.restores} again${r.restoredBy ? `, as ${r.restoredBy} asked` : ""}`;
  return made.length > 1 && panel("Versions", table("Versions", ["version", "made by", "size", ""],
    made.map((r) => cells(String(r.version), origin(r), bytes(r.modelBytes), r.version === health.version ? tag("current", "well")
      : h("button", { type: "button", class: "quiet", "data-key": `restore ${r.version}`, "aria-label": `Restore version ${r.version}`, text: "Restore …", on: { click: () => restoreForm(r.version, health.version) } })))));
}

/** What is in force and what is to come, by its beginning; what is over silences nothing. */
const silencesPanel = () => {
  const now = Date.now() / 1000;
  const list = state.desk.silences.filter((s) => s.until > now).sort((a, b) => a.from - b.from);
  return list.length > 0 && panel("Silences", table("Silences", ["what", "", "from", "until", "by", "why"], list.slice(0, 200).map((s) => cells(
    Object.entries(s.matcher).map(([key, value]) => `${key} ${value}`).join(", "),
    s.from <= now ? tag("in force", "minor") : tag("to come", "off"), moment(s.from), moment(s.until), s.by, s.comment ?? ""))));
};

const calendarsPanel = (health) => health.calendars?.length > 0 && panel("Maintenance calendars",
  table("Maintenance calendars", ["calendar", "state", "windows to come", "had", "trouble"], health.calendars.map((c) => cells(
    c.name, tag(c.state, c.state === "well" ? "well" : c.state === "failing" ? "major" : "off"), String(c.windows),
    c.fetchedAt === undefined ? "–" : moment(c.fetchedAt), c.trouble ?? ""))));

const forwardersPanel = (health) => health.forwarders?.length > 0 && panel("Sent on",
  table("Sent on", ["forwarder", "state", "waiting", "sent", "dead letters", "last trouble"], health.forwarders.map((f) => cells(
    f.name, tag(f.state, f.state === "well" ? "well" : "major"), String(f.waiting), String(f.sent), String(f.deadLetters), f.trouble ?? ""))));

const refused = (health) => Object.keys(health.refusedAlarms ?? {}).length > 0 && panel("Alarms refused",
  table("Alarms refused", ["why", "how many"], Object.entries(health.refusedAlarms).map(([why, n]) => cells(why, String(n)))));

/** The held-out loss, round by round. */
function curve(rounds) {
  const points = rounds.map((round) => ({ round: round.round, loss: Number(round.lossAfter ?? round.lossBefore) })).filter((p) => Number.isFinite(p.loss));
  const most = Math.max(...points.map((p) => p.loss)), least = Math.min(...points.map((p) => p.loss));
  const x = (index) => 46 + (540 - 56) * index / Math.max(1, points.length - 1);
  const y = (loss) => 12 + 126 * (most === least ? 0.5 : (most - loss) / (most - least));
  return g("svg", { class: "curve", viewBox: "0 0 540 170", role: "img", "aria-label": `Held-out loss from ${number(points[0].loss)} to ${number(points.at(-1).loss)}` },
    [most, least].map((loss) => [g("line", { x1: 46, x2: 530, y1: y(loss), y2: y(loss) }), g("text", { x: 0, y: y(loss) + 4, text: number(loss) })]),
    g("path", { d: points.map((p, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(p.loss).toFixed(1)}`).join("") }),
    points.length <= 40 && points.map((p, index) => g("circle", { cx: x(index), cy: y(p.loss), r: 3 }, g("title", { text: `round ${p.round}: ${number(p.loss)}` }))),
    g("text", { x: 46, y: 162, text: `round ${points[0].round}` }), g("text", { x: 530, y: 162, "text-anchor": "end", text: `round ${points.at(-1).round}` }));
}
