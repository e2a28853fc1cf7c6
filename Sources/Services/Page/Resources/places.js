// Where: sites with their entities, and all alarms as one trace.

import { $, h, put } from "./draw.js";
import { choose } from "./incidents.js";
import * as scores from "./scores.js";
import { state, worst } from "./state.js";
import { count, moment, severities, letters } from "./text.js";
import * as topology from "./topology.js";

let known = [], bySite = new Map();
let span = { from: 0, to: 1 };

export function start() {
  $("sites").addEventListener("click", (event) => {
    const entity = known.find((one) => one.key === event.target.dataset.key);
    if (!entity) return;
    scores.look(entity.key, true);
    const alarm = worst(entity.standing) ?? entity.alarms.at(-1);
    if (!alarm) return $("sure").scrollIntoView();
    choose("alarm", alarm.id, true);
    $("detail").scrollIntoView({ block: "nearest" });
  });
  // One stop of the way by Tab a site; arrows go on from there.
  $("sites").addEventListener("keydown", (event) => {
    const cell = event.target.closest("button.cell");
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!cell || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const cells = [...cell.parentElement.querySelectorAll("button.cell")];
    const next = cells[Math.min(cells.length - 1, Math.max(0, cells.indexOf(cell) + step))];
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  scores.start();
  new ResizeObserver(() => topology.draw(bySite)).observe($("where"));
  put($("where-legend"), ...[["well", "", "watched, nothing wrong"], ["warning", "w", "warning"], ["minor", "m", "minor"],
    ["major", "M", "major"], ["critical", "!", "critical"], ["off", "?", "not watched, or data missing"]]
    .map(([tone, letter, text]) => h("span", {}, h("i", { class: `cell ${tone}`, text: letter, "aria-hidden": "true" }), text)));
}

/** Every entity that a worker serves, or that has had an alarm or a finding. */
function entities() {
  const all = new Map();
  const at = (key, site) => {
    if (!all.has(key)) all.set(key, { key, site: site ?? key.split("/")[0], alarms: [], served: false, finding: null });
    return all.get(key);
  };
  for (const worker of state.workers) {
    for (const key of worker.entities) {
      const entity = at(key);
      entity.served ||= worker.state === "active";
      entity.worker = worker;
    }
  }
  for (const alarm of state.alarms.values()) at(`${alarm.site}/${alarm.entity}`, alarm.site).alarms.push(alarm);
  for (const finding of state.health?.dataQuality ?? []) at(`${finding.site}/${finding.entity}`, finding.site).finding = finding;
  for (const entity of all.values()) {
    entity.standing = entity.alarms.filter((alarm) => alarm.stands);
    entity.severity = worst(entity.standing)?.severity;
    entity.tone = entity.severity ?? (entity.finding || !entity.served ? "off" : "well");
  }
  return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export function draw() {
  const all = entities();
  known = all;
  const sites = bySite = new Map();
  for (const entity of all) sites.set(entity.site, [...(sites.get(entity.site) ?? []), entity]);
  const rank = (members) => Math.max(...members.map((e) => severities.indexOf(e.severity)));
  $("where-count").textContent = `${count(sites.size, "site")}, ${count(all.length, "entity", "entities")}`;
  put($("sites"), ...(sites.size ? [...sites].sort((a, b) => rank(b[1]) - rank(a[1]) || (a[0] < b[0] ? -1 : 1)).slice(0, 400).map(site)
    : [h("p", { class: "empty", text: "No worker has come yet." })]));
  topology.draw(sites);
  // Of many the picture shows where something is wrong; the cards scroll on their own.
  $("sites").classList.toggle("many", sites.size > 24);
  if (sites.size > 24) $("sites").tabIndex = 0; else $("sites").removeAttribute("tabindex");
  const troubled = all.filter((entity) => entity.alarms.length);
  const times = troubled.flatMap((e) => e.alarms).flatMap((a) => [a.onset.time, a.at.time]).filter(Number.isFinite);
  span = { from: times.reduce((a, b) => Math.min(a, b), Infinity), to: times.reduce((a, b) => Math.max(a, b), -Infinity) };
  if (!(span.to > span.from)) span = { from: span.from || 0, to: (span.from || 0) + 1 };
  scores.draw(all);
  trace();
}

function site([key, members]) {
  let stops = 0;
  const wrong = members.filter((e) => e.standing.length).length, off = members.filter((e) => e.tone === "off").length;
  return h("article", { class: "site", "data-site": key },
    h("h3", {}, h("bdi", { class: "clip", text: key }),
      h("span", { text: wrong ? `${wrong} of ${members.length} in alarm` : off ? `${off} of ${members.length} not watched` : `${members.length} well` })),
    h("div", { class: `cells ${members.length > 40 ? "many" : ""}`, role: "group", "aria-label": `Entities of ${key}`.slice(0, 300) }, members.slice(0, 2000).map((entity) => {
      const what = entity.severity ? `${entity.severity} alarm` : entity.finding ? `data quality: ${entity.finding.detail}`
        : entity.served ? "nothing wrong" : "no active worker serves it";
      const text = `${entity.key}: ${what}`.slice(0, 700), letter = letters[entity.severity] ?? (entity.tone === "off" ? "?" : "");
      // Of one that never had an alarm, nor a score, there is nothing more to see.
      if (!entity.alarms.length && state.entities.get(entity.key)?.lastTime === undefined) return h("i", { class: `cell ${entity.tone}`, role: "img", title: text, "aria-label": text }, letter);
      stops += 1;
      return h("button", { type: "button", class: `cell ${entity.tone}`, title: text, "aria-label": text, "data-key": entity.key, tabindex: stops === 1 ? 0 : -1 }, letter);
    })));
}

/** Scores spread over orders of magnitude: their logarithm, 1 at a third of the height. */
const height = (score) => Math.min(1, (1 + Math.log2(Math.max(0.5, Number(score) || 0.5))) / 5 * 1.2 + 0.1);

/** All alarms as a seismogram: one line an alarm, as high as its score. */
function trace() {
  const canvas = $("trace"), style = getComputedStyle(document.documentElement);
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, tall = 96;
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = tall * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.strokeStyle = style.getPropertyValue("--line");
  pen.beginPath(); pen.moveTo(0, tall / 2); pen.lineTo(width, tall / 2); pen.stroke();
  const columns = new Float64Array(width), tones = new Array(width);
  for (const alarm of state.alarms.values()) {
    const at = Math.min(width - 1, Math.max(0, Math.round((width - 3) * (alarm.onset.time - span.from) / (span.to - span.from)) + 1));
    const size = height(alarm.score);
    if (size > columns[at]) { columns[at] = size; tones[at] = alarm.severity; }
  }
  pen.lineWidth = 2;
  pen.lineCap = "round";
  for (let at = 0; at < width; at += 1) {
    if (!columns[at]) continue;
    pen.strokeStyle = style.getPropertyValue(`--${tones[at]}`);
    const half = columns[at] * tall / 2 - 2;
    // An alarm rings out: the line, and two shorter ones beside it.
    for (const [shift, part] of [[0, 1], [4, -0.45], [8, 0.2]]) {
      pen.globalAlpha = shift ? 0.5 : 1;
      pen.beginPath();
      pen.moveTo(at + shift, tall / 2 + (part < 0 ? 0 : half * part));
      pen.lineTo(at + shift, tall / 2 - (part < 0 ? half * part : half * part));
      pen.stroke();
    }
  }
  pen.globalAlpha = 1;
  const some = state.alarms.size > 0;
  put($("trace-text"), h("span", { text: some ? moment(span.from) : "" }),
    h("span", { text: some ? `${count(state.alarms.size, "alarm")}, each as high as its worst score` : "No alarm so far" }),
    h("span", { text: some ? moment(span.to) : "" }));
}

export function redraw() {
  trace();
  scores.redraw();
}
