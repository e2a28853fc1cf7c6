// What an operator can do about an incident or an alarm, and the forms that ask for the rest.

import { $, h, name, swap } from "./draw.js";
import { gatherDesk, gatherFacts, gatherLibrary, mark, silenceOf, state, token } from "./state.js";
import { moment } from "./text.js";

/** Says something at the foot of the page for a while. */
let hiding;
export function say(text) {
  const toast = $("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 5000);
}

async function send(method, path, body) {
  try {
    const headers = { "Content-Type": "application/json", ...token.headers };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    if (answer.status === 401 || answer.status === 403) {
      tokenForm(() => send(method, path, body), answer.status === 403);
      return true;
    }
    if (!answer.ok) {
      const text = await answer.text();
      let line = text.split("\n")[0];
      try { line = JSON.parse(text).detail ?? line; } catch { /* a line of text it is */ }
      throw new Error(line);
    }
    await Promise.all([gatherDesk(), gatherLibrary()]);
    return true;
  } catch (error) {
    say(`Not done: ${error.message}`);
    return false;
  }
}

const operate = (kind, id, operation, more = {}) => send("POST", "/v1/operations", { operation, [kind]: id, ...more });

/** The buttons for an incident or an alarm. */
export function actions(kind, thing, event) {
  const own = mark(kind, thing.id);
  const isFalse = own?.verdict?.kind === "false";
  const silence = event && silenceOf(event);
  const button = (text, key, act, isFirst = false) => h("button", {
    type: "button", class: isFirst ? "first" : "", "data-key": key, title: key ? `key ${key}` : undefined, on: { click: act },
  }, text);
  return [
    own?.acknowledged
      ? button("Take back acknowledgement", "a", () => operate(kind, thing.id, "unacknowledge"))
      : button("Acknowledge", "a", () => operate(kind, thing.id, "acknowledge"), true),
    button("Confirm as fault …", "c", () => confirmForm(kind, thing)),
    isFalse ? button("Not false after all", "f", () => operate(kind, thing.id, "unjudge"))
      : button("Mark as false", "f", () => operate(kind, thing.id, "false")),
    button("Note …", "n", () => noteForm(kind, thing)),
    silence ? button(`End silence (until ${moment(silence.until)})`, "s", () => send("DELETE", `/v1/silences/${silence.id}`))
      : event && button("Silence …", "s", () => silenceForm(event)),
    thing.fault && thing.fault.name !== "unknown" && button("What helps …", "h", () => hintForm(thing.fault.name)),
  ];
}

// MARK: Forms

function form(title, fields, label, done) {
  const dialog = $("dialog");
  const submit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target).entries());
    if (await done(values)) dialog.close();
  };
  swap(dialog, h("form", { method: "dialog", on: { submit } }, h("h3", { id: "dialog-title" }, title), fields,
    h("div", { class: "do" }, h("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel"),
      h("button", { type: "submit", class: "first" }, label))));
  dialog.showModal();
}

const field = (label, key, props = {}) => h("label", {}, label, h(props.rows ? "textarea" : "input", { name: key, autocomplete: "off", ...props }));

/** Asks for a token, and then does what was wanted. A form that is open gives way to it first. */
function tokenForm(then, needsMore) {
  setTimeout(() => form("Who are you?", [
    needsMore && h("p", { class: "note", text: "The token that was shown allows less: this needs one with the role admin ('fl-server keys token --role admin')." }),
    h("p", { class: "note", text: "Everybody on this machine may look; whoever changes something shows a token with the role operate. "
      + "The server's own user gets a link with one from 'fl-alerts page', others a token from 'fl-server keys token'." }),
    field("Token", "text", { required: true, type: "password", maxlength: 200 }),
  ], "Go on", ({ text }) => { token.value = text.trim(); setTimeout(then); return true; }), 0);
}

/** Asks whether a version shall be taken again, and takes it. */
export function restoreForm(version, current) {
  form(`Go on from version ${version}?`, [
    h("p", { class: "note", text: `It becomes version ${current + 1}. A round in progress is abandoned, the next begins from it, and workers watch with it as soon as they have it. What was learned since stays in the list.` }),
  ], "Restore", async () => {
    const done = await send("POST", `/v1/versions/${version}/restore`, {});
    if (done) await gatherFacts();
    return done;
  });
}

function noteForm(kind, thing) {
  form("A note for whoever comes next", [field("Note", "text", { rows: 4, required: true, maxlength: 2000 })], "Keep",
    ({ text }) => operate(kind, thing.id, "note", { text }));
}

function confirmForm(kind, thing) {
  const known = h("datalist", { id: "faults" }, state.library.map((fault) => h("option", { value: fault.name })));
  form("What was it?", [
    h("p", { class: "note", text: "Its signature goes into the fault library: what is like it has this name from then on, at every site." }),
    field("Fault", "fault", { required: true, maxlength: 64, list: "faults", value: thing.fault?.name !== "unknown" ? thing.fault?.name ?? "" : "" }), known,
  ], "Confirm", ({ fault }) => operate(kind, thing.id, "confirm", { fault }));
}

function hintForm(fault) {
  const hint = state.desk.hints.find((one) => one.fault === fault);
  form(["What helps with ", name(fault, 64), "?"], [field("For everybody who sees this fault", "text", { rows: 6, maxlength: 4000, value: hint?.text ?? "" })], "Keep",
    ({ text }) => send(text ? "PUT" : "DELETE", `/v1/hints/${encodeURIComponent(fault)}`, text ? { text } : undefined));
}

function silenceForm(alarm) {
  form("Silence what fits", [
    h("p", { class: "note", text: "Every field that is filled in must fit; * stands for anything. Alarms stay here, marked, and are not sent on." }),
    field("Site", "site", { value: alarm.site }), field("Entity", "entity", { value: alarm.entity }),
    field("Metric", "metric", { value: "" }),
    h("label", {}, "For", h("select", { name: "hours" },
      [["1", "1 hour"], ["4", "4 hours"], ["24", "a day"], ["168", "a week"]].map(([value, text]) => h("option", { value, text })))),
    field("Why", "comment", { maxlength: 500 }),
  ], "Silence", ({ site, entity, metric, hours, comment }) => {
    const matcher = Object.fromEntries(Object.entries({ site, entity, metric }).filter(([, value]) => value));
    return send("POST", "/v1/silences", { matcher, seconds: Number(hours) * 3600, ...(comment ? { comment } : {}) });
  });
}

$("dialog").addEventListener("close", () => swap($("dialog")));

/** The keys that the page knows. */
export function help() {
  const keys = [["j k", "next, previous incident"], ["a", "acknowledge"], ["c", "confirm as a fault"], ["f", "mark as false"], ["n", "note"],
    ["s", "silence"], ["/", "filter alarms"], ["g then n w h a s", "to a section"], ["?", "this"]];
  swap($("dialog"), h("form", { method: "dialog" }, h("h3", { id: "dialog-title", text: "Keys" }),
    h("dl", {}, keys.map(([key, what]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: what })])),
    h("div", { class: "do" }, h("button", { class: "first" }, "Close"))));
  $("dialog").showModal();
}
