// How sure: how each entity was scored in the last hour, and of the one that is looked at which groups deviate, and when.

import { $, Window, h, name, put, swap } from "./draw.js";
import { get, state } from "./state.js";
import { count, length, moment, number, severities } from "./text.js";

let list, all = [], shown = [];
/** Strips that were asked for, by entity: the answer and when it came. */
const strips = new Map();
const mostStrips = 600;
/** The entity whose radiography is on show: its key, what is known of it, and whether somebody chose it. */
const looked = { key: null, strip: null, byHand: false, isAsking: false, at: 0 };

export function start() {
  list = new Window($("strips"), 52, {
    key: (e) => e.key, make: row, choose: (e) => look(e.key, true), empty: "No entity is watched yet, or none fits the filter.",
  });
  $("strips").addEventListener("scroll", askSoon, { passive: true });
  $("strip-filter").addEventListener("input", () => draw(all));
  // What is on show is drawn for the width that it has.
  new ResizeObserver(redraw).observe($("radiography"));
}

/** Shows the radiography of an entity; of what nobody chose it makes room for what is chosen. */
export function look(key, byHand = false) {
  if (!byHand && looked.byHand && looked.key !== key) return;
  Object.assign(looked, { byHand, isAsking: false, at: looked.key === key ? looked.at : 0, strip: looked.key === key ? looked.strip : null, key });
  list.select(all.find((e) => e.key === key) ?? null, { scroll: !byHand });
  askRadiography();
  drawRadiography();
}

const peak = (entity) => state.entities.get(entity.key)?.peak ?? 0;
const rank = (entity) => (entity.standing.length ? 100 + severities.indexOf(entity.severity) : entity.alarms.length ? 50 : 0);

/** Draws the list of entities; those in alarm come first, then those that had one, then the loudest. */
export function draw(entities) {
  all = entities;
  const words = $("strip-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  shown = all.filter((e) => words.every((word) => e.key.toLowerCase().includes(word)));
  // By doublings: what is nearly as loud does not change places all the time.
  const loud = (e) => Math.round(Math.log2(Math.max(peak(e), 1 / 64)));
  shown.sort((a, b) => rank(b) - rank(a) || loud(b) - loud(a) || (a.key < b.key ? -1 : 1));
  const told = all.filter((e) => state.entities.get(e.key)?.lastTime !== undefined).length;
  $("sure-count").textContent = all.length ? `${count(all.length, "entity", "entities")}, ${told === all.length ? "all" : told} with scores` : "";
  list.set(shown);
  if (!looked.byHand || !all.some((e) => e.key === looked.key)) {
    const first = shown.find((e) => state.entities.get(e.key)?.lastTime !== undefined);
    if (first && first.key !== looked.key) look(first.key);
  }
  askSoon();
  drawRadiography();
}

/** There are new scores: what is on show is asked for again. */
export function renew() {
  for (const one of strips.values()) one.isOld = Date.now() - one.at > 4_000;
  askSoon();
  askRadiography();
}

/** Another federation: nothing of the one before is its. */
export function forget() {
  strips.clear();
  Object.assign(looked, { strip: null, at: 0 });
}

// MARK: Asking

let asking = false, waiting = null;
function askSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(ask, 120);
}

/** Asks for the strips of the rows that are seen, and a few more; of no others. */
async function ask() {
  if (asking) return;
  const box = $("strips"), top = Math.floor(box.scrollTop / 52);
  const seen = shown.slice(Math.max(0, top - 4), top + Math.ceil((box.clientHeight || 400) / 52) + 6);
  const keys = seen.map((e) => e.key).filter((key) => state.entities.get(key)?.lastTime !== undefined && strips.get(key)?.isOld !== false);
  if (!keys.length || state.link === "away") return;
  asking = true;
  let query = "";
  for (const key of keys.slice(0, 40)) if (query.length < 3000) query += (query ? "%0A" : "") + encodeURIComponent(key);
  try {
    const { entities } = await get(`/v1/entities/scores?entity=${query}`, 10);
    for (const one of entities) {
      const key = `${one.site}/${one.entity}`;
      strips.delete(key);
      strips.set(key, { ...one, isOld: false, at: Date.now() });
    }
    for (const key of keys) if (!strips.has(key)) strips.set(key, { times: [], scores: [], alarms: [], missing: [], isOld: false, at: Date.now() });
    while (strips.size > mostStrips) strips.delete(strips.keys().next().value);
    list.draw(true);
  } catch { /* asked again with the next scores */ }
  asking = false;
}

async function askRadiography() {
  const key = looked.key;
  if (!key || looked.isAsking || Date.now() - looked.at < 4_000 || state.entities.get(key)?.lastTime === undefined) return;
  looked.isAsking = true;
  try {
    const strip = await get(`/v1/entities/radiography?entity=${encodeURIComponent(key)}`, 10);
    if (looked.key === key) Object.assign(looked, { strip, at: Date.now() });
  } catch { /* asked again with the next scores */ }
  looked.isAsking = false;
  if (looked.key !== key) askRadiography();
  drawRadiography();
}

// MARK: Drawing

/** Scores spread over orders of magnitude: their logarithm, from an eighth of the threshold to sixteen times. */
const height = (score) => Math.min(1, Math.max(0, (Math.log2(Math.max(score, 1e-9)) + 3) / 7));
const limit = height(1);

function pen(canvas, wide, tall) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(wide * ratio));
  canvas.height = Math.max(1, Math.round(tall * ratio));
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}

/** Where cells stand: each from the end of the one before, but no longer than a few of its kind. */
function spread(strip, wide) {
  const { times } = strip;
  const steps = times.slice(1).map((time, index) => time - times[index]).sort((a, b) => a - b);
  const usual = steps[steps.length >> 1] || 1;
  const from = times[0] - usual, to = Math.max(times.at(-1), from + usual);
  const x = (time) => wide * Math.min(1, Math.max(0, (time - from) / (to - from)));
  const cells = times.map((time, index) => {
    const begin = index > 0 && time - times[index - 1] < usual * 6 ? times[index - 1] : time - usual;
    return [x(begin), Math.max(x(time), x(begin) + 1)];
  });
  return { from, to, x, cells };
}

const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return (key) => style.getPropertyValue(`--${key}`).trim();
};

/** One strip: bars as high as their scores, the threshold as a line, alarms behind them. */
function paint(canvas, strip, wide, tall) {
  const context = pen(canvas, wide, tall), tone = colours(), { x, cells } = spread(strip, wide);
  for (const span of strip.alarms) {
    context.fillStyle = tone("critical-soft");
    context.fillRect(x(span.from) - 1, 0, Math.max(3, x(span.to) - x(span.from) + 1), tall);
    context.fillStyle = tone("critical");
    context.fillRect(x(span.from) - 1, 0, Math.max(3, x(span.to) - x(span.from) + 1), 3);
  }
  for (const span of strip.missing) {
    context.fillStyle = tone("off");
    context.globalAlpha = 0.25;
    context.fillRect(x(span.from), tall - 4, Math.max(2, x(span.to) - x(span.from)), 4);
    context.globalAlpha = 1;
  }
  strip.scores.forEach((score, index) => {
    if (score === null) return;
    const [left, right] = cells[index], high = Math.max(1.5, height(score) * (tall - 5));
    context.fillStyle = tone(score > 1 ? "critical" : "accent");
    context.globalAlpha = score > 1 ? 0.95 : 0.35 + 0.5 * height(score) / limit;
    context.fillRect(left, tall - high, Math.max(1, right - left - (right - left > 4 ? 1 : 0)), high);
  });
  context.globalAlpha = 1;
  context.strokeStyle = tone("ink");
  context.setLineDash([3, 3]);
  context.globalAlpha = 0.55;
  context.beginPath();
  const y = Math.round(tall - limit * (tall - 5)) + 0.5;
  context.moveTo(0, y); context.lineTo(wide, y); context.stroke();
  context.globalAlpha = 1;
}

function row(entity) {
  const told = state.entities.get(entity.key), strip = strips.get(entity.key);
  const has = strip?.times.length > 0 && told?.lastTime !== undefined;
  const canvas = h("canvas", { height: 40, role: "img", "aria-label": has ? `scores of ${length(strip.times.at(-1) - strip.times[0])}, the largest × ${number(loudest(strip.scores))}, ${count(strip.alarms.length, "alarm")}` : "" });
  const standing = entity.standing.length > 0;
  const element = h("div", { class: `strip ${entity.tone}` },
    h("span", { class: "clip" }, name(entity.key), h("small", { class: "clip", text: [told?.type, standing ? `${entity.severity} alarm` : entity.alarms.length ? count(entity.alarms.length, "alarm") : "", told?.missing ? "data missing" : ""].filter(Boolean).join(" · ") })),
    has ? canvas : h("span", { class: "small", text: told?.lastTime === undefined ? "no scores told yet" : "…" }),
    h("b", { class: told?.score > 1 ? "loud" : "", title: "the latest score in units of its threshold", text: told?.score === undefined ? "" : `× ${number(Number(told.score.toPrecision(2)))}` }));
  // Its width is known when it stands.
  if (has) requestAnimationFrame(() => { if (canvas.clientWidth) paint(canvas, strip, canvas.clientWidth, 40); });
  return element;
}

const layer = (group) => { const [kind] = group.split("@"), dot = kind.indexOf("."); return dot < 0 ? "" : kind.slice(0, dot); };
const resource = (group) => group.slice(layer(group) ? layer(group).length + 1 : 0);

/** Groups by layer, and in each by name. */
const ordered = (groups) => [...groups].sort((a, b) => (layer(a.group) + "\n" + a.group < layer(b.group) + "\n" + b.group ? -1 : 1));
const loudest = (scores) => scores.reduce((a, b) => Math.max(a, b ?? 0), 0);

let drawnKey = "";
function drawRadiography() {
  const box = $("radiography"), { strip, key } = looked;
  const told = key ? state.entities.get(key) : undefined;
  if (!strip || !strip.times.length) {
    drawnKey = "";
    put(box, h("p", { class: "empty", text: key && told?.lastTime === undefined ? "Its worker has told no scores yet." : "Choose an entity: which of its groups deviate, and when." }));
    return;
  }
  const looks = JSON.stringify([key, strip.times.at(-1), strip.times.length, strip.alarms.length, told?.score, told?.missing, told?.watched, length(told?.silentSeconds ?? 0), told?.alarm?.severity, box.clientWidth, colours()("ground")]);
  if (looks === drawnKey) return;
  drawnKey = looks;
  const rows = [{ group: "", label: "all together", scores: strip.scores }, ...ordered(strip.groups).map((g) => ({ ...g, label: resource(g.group) }))];
  const ranked = strip.groups.map((g) => [g.group, loudest(g.scores)]).sort((a, b) => b[1] - a[1]);
  const said = ranked.slice(0, 3).map(([group, score]) => `${group} × ${number(score)}`).join(", ");
  const standing = told?.alarm?.severity;
  const [tone, says] = standing ? [standing, `${standing} alarm`] : !told?.watched ? ["off", "not watched"]
    : told.score === undefined ? ["off", "nothing known yet"] : told.score > 1 ? ["minor", "above its threshold"] : ["well", "within its threshold"];
  const tall = rows.length > 40 ? 12 : rows.length > 24 ? 15 : 19;
  let before = null;
  const labels = rows.map((one, index) => {
    const kind = index ? layer(one.group) || "other" : null, isFirst = kind !== before;
    before = kind;
    return h("li", { style: { height: `${tall}px`, lineHeight: `${tall}px`, fontSize: tall < 15 ? "10px" : "12px" }, class: isFirst && index ? "first" : "" },
      h("span", { class: "kind clip", text: isFirst && kind ? kind : "" }), h("span", { class: "clip" }, name(one.label, 40)));
  });
  const canvas = h("canvas", { role: "img", "aria-label": `Radiography of ${key}: loudest of the hour ${said}`.slice(0, 600), style: { height: `${rows.length * tall + 10}px` } });
  const readout = h("p", { class: "small readout", "aria-hidden": "true", text: "Each line is a group, each column some ten seconds; colour is the score in units of its threshold." });
  const top = box.querySelector(".map")?.scrollTop ?? 0;
  swap(box, h("div", { class: "bar" }, h("h3", { class: "clip" }, name(key)),
    h("span", { class: `tag ${tone}`, text: says }),
    told?.missing && h("span", { class: "tag off", text: "data missing" })),
  h("p", { class: "lead" }, `${told?.type ? `${told.type}, watched by ` : "Watched by "}`, name(strip.worker, 60), `; the latest row is ${moment(strip.times.at(-1))}, told ${length(told?.silentSeconds ?? strip.silentSeconds)} ago. Loudest of the hour: `, name(said, 300), "."),
  h("div", { class: "map", tabindex: 0, role: "region", "aria-label": "Groups over time", "data-key": "map" }, h("ul", { class: "labels", "aria-hidden": "true" }, h("li", { style: { height: "10px" } }), labels), canvas),
  h("div", { class: "axis", "aria-hidden": "true" }, h("span", { text: moment(strip.times[0]) }), ramp(), h("span", { text: moment(strip.times.at(-1)) })),
  readout,
  h("p", { class: "small pictures" }, "The same as a picture: ",
    ["svg", "png"].map((form) => [h("a", { href: `/v1/entities/radiography?form=${form}&entity=${encodeURIComponent(key)}`, target: "_blank", rel: "noopener", text: form.toUpperCase() }), " "])));
  box.querySelector(".map").scrollTop = top;
  xray(canvas, strip, rows, tall);
  canvas.addEventListener("pointermove", (event) => {
    const place = canvas.getBoundingClientRect(), { cells } = spread(strip, place.width);
    const one = rows[Math.floor((event.clientY - place.top - 10) / tall)], at = event.clientX - place.left;
    const index = cells.findIndex(([left, right]) => at >= left && at <= right);
    if (one && index >= 0) readout.textContent = `${one.group || "all groups together"}, ${moment(strip.times[index])}: ${one.scores[index] === null ? "nothing known" : `× ${number(one.scores[index])} of its threshold`}`;
  });
}

/** What colours mean: below the threshold pale, above it warm. */
const steps = [0.25, 0.5, 0.9, 1.01, 2, 4, 8];
function ramp() {
  return h("span", { class: "ramp" }, h("span", { text: "× ¼" }), steps.map((score) => h("i", { style: { background: shade(score) } })), h("span", { text: "× 8" }));
}
function shade(score) {
  if (score <= 1) return `color-mix(in oklab, var(--accent) ${Math.round(8 + 52 * height(score) / limit)}%, var(--sunk))`;
  const over = Math.min(1, Math.log2(score) / 3);
  return over < 0.5 ? `color-mix(in oklab, var(--major) ${Math.round(200 * over)}%, var(--minor))` : `color-mix(in oklab, var(--critical) ${Math.round(200 * over - 100)}%, var(--major))`;
}

/** Groups × time. A colour for each level is worked out once. */
function xray(canvas, strip, rows, tall) {
  const wide = canvas.clientWidth;
  if (!wide) return;
  const context = pen(canvas, wide, rows.length * tall + 10), { x, cells } = spread(strip, wide);
  const probe = h("i", { hidden: true });
  document.body.append(probe);
  const known = new Map();
  const colour = (score) => {
    const level = Math.round(Math.log2(Math.max(score, 1 / 64)) * 4 + (score > 1 ? 0.5 : -0.5));
    if (!known.has(level)) { probe.style.color = shade(score); known.set(level, getComputedStyle(probe).color); }
    return known.get(level);
  };
  rows.forEach((one, line) => {
    const top = 10 + line * tall + (line ? 2 : 0), high = tall - (line ? 1 : 2) - (line ? 1 : 0);
    one.scores.forEach((score, index) => {
      if (score === null || score === undefined) return;
      const [left, right] = cells[index];
      context.fillStyle = colour(score);
      // Cells that touch leave no seam between them.
      context.fillRect(left, top, right - left + 0.4, high);
    });
  });
  const tone = colours();
  for (const span of strip.alarms) {
    context.fillStyle = tone("critical");
    context.fillRect(x(span.from) - 1, 0, Math.max(3, x(span.to) - x(span.from) + 1), 5);
  }
  probe.remove();
}

/** Another scheme or another width: everything that is on show is drawn anew. */
export function redraw() {
  drawnKey = "";
  list?.draw(true);
  drawRadiography();
}
