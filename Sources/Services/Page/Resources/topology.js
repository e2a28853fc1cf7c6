// The federation as a picture: the server in the middle, sites around it, the nearer the shorter the way to them; each with
// its health and its workers.

import { $, g, h, name, put } from "./draw.js";
import { state } from "./state.js";
import { count, length, letters } from "./text.js";

let drawn = "";

/** What each site comes to: its worst, its entities, its workers, and the way to them; as `/v1/sites` has it, but of the
 * alarms that have just come. */
function summed(sites) {
  const places = new Map([...sites].map(([site, members]) => [site, { site, members, workers: [] }]));
  for (const worker of state.workers) {
    if (!places.has(worker.site)) places.set(worker.site, { site: worker.site, members: [], workers: [] });
    places.get(worker.site).workers.push(worker);
  }
  const order = ["well", "off", "warning", "minor", "major", "critical"];
  return [...places.values()].map((place) => {
    const tones = place.members.map((e) => e.tone);
    const off = tones.filter((tone) => tone === "off").length;
    // A few that are not watched are not the site's state, unless nothing worse is.
    place.tone = tones.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), place.members.length ? "well" : "off");
    place.wrong = place.members.filter((e) => e.standing.length).length;
    place.off = off;
    const active = place.workers.filter((w) => w.state === "active");
    const ways = active.map((w) => w.roundTripSeconds).filter((way) => way !== undefined);
    place.way = ways.length ? Math.min(...ways) : undefined;
    place.isHere = active.length > 0;
    return place;
  });
}

/** Rings around the server, filled from the inside: as many places on each as its length has room for. */
function rings(places, wide, tall, few) {
  const rooms = few ? [places.length] : [];
  const gap = few ? 0 : Math.max(30, Math.sqrt(wide * tall / places.length) * 0.72);
  for (let ring = 0, left = places.length; !few && left > 0; ring += 1) {
    const [a, b] = [70 + gap * (ring + 0.4), 40 + gap * (ring + 0.4) * tall / wide * 1.25];
    const length = Math.PI * (3 * (a + b) - Math.sqrt((3 * a + b) * (a + 3 * b)));
    rooms.push(Math.min(left, Math.max(4, Math.floor(length / gap))));
    left -= rooms.at(-1);
  }
  const found = [];
  rooms.forEach((room, ring) => {
    const share = rooms.length === 1 ? 1 : 0.36 + 0.64 * (ring + 1) / rooms.length - (ring + 1 === rooms.length ? 0 : 0.04);
    const [a, b] = [(wide / 2 - (few ? (wide < 620 ? 64 : 120) : 34)) * share, (tall / 2 - (few ? 76 : 22)) * share];
    for (let index = 0; index < room; index += 1) {
      // Two stand left and right, and rings are turned against each other.
      const angle = Math.PI * (few && places.length <= 2 ? 1 : few ? 0.5 : ring % 2 ? 0.5 + 1 / room : 0.5) + 2 * Math.PI * index / room;
      found.push({ x: wide / 2 + a * Math.cos(angle), y: tall / 2 - b * Math.sin(angle) });
    }
  });
  return found;
}

export function draw(sites) {
  const places = summed(sites), box = $("topology");
  const wide = Math.max(320, Math.min(2200, box.clientWidth || 900));
  const looks = JSON.stringify([Math.round(wide / 8), places.map((p) => [p.site, p.tone, p.wrong, p.off, p.members.length, p.way && Math.round(p.way * 2000), p.workers.map((w) => [w.state, w.chosen])])]);
  if (looks === drawn) return;
  drawn = looks;
  box.hidden = !places.length;
  if (!places.length) return;
  // The nearest first; whose way is not known stands outermost.
  places.sort((a, b) => (a.way ?? 1e9) - (b.way ?? 1e9) || (a.site < b.site ? -1 : 1));
  const narrow = wide < 620;
  const most = places.slice(0, 400), few = most.length <= (narrow ? 8 : 14);
  const tall = most.length === 1 ? 150 : few ? (narrow ? 380 : 330) : Math.min(640, Math.max(320, 150 + most.length * 60_000 / wide / 10));
  const at = most.length === 1 ? [{ x: wide * (narrow ? 0.72 : 0.66), y: 60 }] : rings(most, wide, tall, few);
  const centre = most.length === 1 ? { x: wide * (narrow ? 0.22 : 0.34), y: 60 } : { x: wide / 2, y: tall / 2 };
  const largest = Math.max(1, ...most.map((p) => p.members.length));
  const radius = (p) => (few ? 13 : 7) + (few ? 9 : 6) * Math.sqrt(p.members.length / largest);
  const wrong = most.filter((p) => p.wrong).length;
  put(box, g("svg", { class: few ? "" : "many", viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, role: "img",
    "aria-label": `${count(places.length, "site")} around the server${wrong ? `, ${wrong} in alarm` : ", none in alarm"}; the cards below say the same` },
  most.map((p, index) => link(p, centre, at[index], few, narrow && most.length > 1)),
  g("g", { class: "hub" }, g("circle", { cx: centre.x, cy: centre.y, r: few ? 22 : 16 }), g("text", { x: centre.x, y: centre.y + 4, "text-anchor": "middle", text: few ? "server" : "" })),
  most.map((p, index) => node(p, at[index], radius(p), few, wide, centre, most.length))),
  places.length > most.length && h("p", { class: "small", text: `and ${places.length - most.length} more sites` }));
}

function link(p, from, to, few, narrow) {
  const middle = { x: from.x + (to.x - from.x) * 0.56, y: from.y + (to.y - from.y) * 0.56 };
  return g("g", {},
    g("line", { class: p.isHere ? "" : "cut", x1: from.x, y1: from.y, x2: to.x, y2: to.y }),
    few && !narrow && p.way !== undefined && g("text", { class: "way", x: middle.x, y: middle.y - 5, "text-anchor": "middle", text: length(p.way) }));
}

function node(p, { x, y }, r, few, wide, centre, crowd) {
  const said = p.wrong ? `${p.wrong} of ${p.members.length} in alarm` : p.off ? `${p.off} of ${p.members.length} not watched` : p.members.length ? `${p.members.length} well` : "no entity";
  const workers = p.workers.slice(0, few ? 8 : 4);
  // Workers stand on the side away from the server.
  const away = Math.atan2(y - centre.y, x - centre.x);
  const short = few ? [...p.site].slice(0, wide < 620 ? 12 : 22).join("") + ([...p.site].length > (wide < 620 ? 12 : 22) ? "…" : "") : "";
  const below = y > centre.y + 1 || (few && Math.abs(y - centre.y) <= 1);
  const element = g("g", { class: `place ${p.tone}` },
    g("title", { text: `${p.site}: ${said}; ${p.workers.length ? p.workers.slice(0, 12).map((w) => `${w.name} ${w.state === "active" ? (w.chosen === false ? "stands by" : w.activity) : w.state}`).join(", ") : "no worker"}${p.way === undefined ? "" : `; ${length(p.way)} away`}`.slice(0, 900) }),
    g("circle", { class: "body", cx: x, cy: y, r }),
    g("text", { class: "letter", "aria-hidden": "true", x, y: y + (few ? 5 : 3.5), "text-anchor": "middle", text: letters[p.tone] }),
    workers.map((w, index) => {
      const angle = away + (index - (workers.length - 1) / 2) * 0.5;
      return g("circle", { class: `worker ${w.state === "active" ? (w.chosen === false ? "rests" : "works") : "gone"}`, cx: x + (r + 6) * Math.cos(angle), cy: y + (r + 6) * Math.sin(angle), r: few ? 4 : 2.5 });
    }),
    few && [g("text", { class: "site-name", x, y: below ? y + r + 25 : y - r - (wide < 620 && crowd > 2 ? 14 : 26), "text-anchor": "middle", text: short }),
      !(wide < 620 && crowd > 2) && g("text", { class: "way", x, y: below ? y + r + 39 : y - r - 13, "text-anchor": "middle", text: said })]);
  element.addEventListener("click", () => document.querySelector(`[data-site="${CSS.escape(p.site)}"]`)?.scrollIntoView({ block: "center" }));
  return element;
}
