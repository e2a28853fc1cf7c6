// The list of alarms: ten thousand of them, of which those that are seen exist.

import { $, Window, h, name } from "./draw.js";
import { choose } from "./incidents.js";
import { mark, silenceOf, state } from "./state.js";
import { count, deviations, exactly, faultText, number, severities, since } from "./text.js";

let list;

export function start() {
  list = new Window($("list"), 38, {
    key: (a) => a.id, make: row, choose: (a, byHand) => choose("alarm", a.id, byHand),
    empty: "No alarm, or none that fits the filter.",
  });
  $("filter").addEventListener("input", draw);
  $("standing").addEventListener("change", draw);
}

const text = (alarm) => (alarm.words ??= [alarm.site, alarm.entity, alarm.severity, alarm.worker,
  ...(alarm.groups ?? []), ...(alarm.fingerprint ?? []).map((c) => c.metric)].join(" ").toLowerCase());

export function draw() {
  const wanted = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyStanding = $("standing").checked;
  const rank = (alarm) => (alarm.stands ? 10 + severities.indexOf(alarm.severity) : 0);
  const alarms = [...state.alarms.values()].filter((alarm) => (!onlyStanding || alarm.stands)
    && wanted.every((word) => text(alarm).includes(word) || (alarm.fault?.name ?? "").toLowerCase().includes(word)));
  alarms.sort((a, b) => rank(b) - rank(a) || b.sequence - a.sequence);
  const standing = alarms.filter((alarm) => alarm.stands).length;
  $("alarms-count").textContent = `${count(standing, "standing", "standing")}, ${alarms.length - standing} over`;
  list.set(alarms);
}

function row(alarm) {
  const own = mark("alarm", alarm.id);
  const word = own?.verdict?.kind === "false" ? "false" : silenceOf(alarm) ? "silenced" : own?.acknowledged ? "seen" : alarm.stands ? "stands" : "over";
  return h("div", { class: `alarm ${alarm.stands ? alarm.severity : "off over"}` },
    h("span", { class: `tag ${alarm.stands && word === "stands" ? alarm.severity : "off"}`, text: word }),
    h("span", { class: "wide", text: alarm.severity }),
    h("span", { class: "clip" }, name(`${alarm.site}/${alarm.entity}`)),
    h("span", { class: "clip wide", title: exactly(alarm.onset.time), text: since(alarm.onset.time, alarm.at.time, alarm.stands) }),
    h("span", { class: "score wide", text: number(alarm.score) }),
    h("span", { class: "clip wide" }, name(faultText(alarm.fault))),
    h("span", { class: "clip" }, name(deviations(alarm))));
}
