// Wires the page: what changes is drawn, keys do what buttons do.

import { help } from "./actions.js";
import * as alarms from "./alarms.js";
import { $ } from "./draw.js";
import * as incidents from "./incidents.js";
import * as places from "./places.js";
import { forget, renew } from "./scores.js";
import { follow, state, whenChanged, whenScored } from "./state.js";
import * as system from "./system.js";

incidents.start();
alarms.start();
places.start();

let drawn = -1, drawnAt = 0;
whenChanged(() => {
  incidents.draw();
  incidents.headline();
  system.draw();
  // Ten thousand alarms are not looked through for nothing; how long they stand is told anew now and then.
  if (state.drawn === drawn && Date.now() - drawnAt < 30_000) return;
  [drawn, drawnAt] = [state.drawn, Date.now()];
  alarms.draw();
  places.draw();
});

whenScored(renew, forget);
$("help").addEventListener("click", help);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", places.redraw);
new ResizeObserver(places.redraw).observe($("trace"));

const sections = { n: "now", w: "where", h: "sure", a: "alarms", s: "system" };
let isGoing = false;
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (event.key === "Escape" && typing && event.target.closest("#filter")) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const wasGoing = isGoing;
  isGoing = false;
  if (wasGoing && sections[event.key]) { $(sections[event.key]).scrollIntoView(); return; }
  switch (event.key) {
    case "g": isGoing = true; break;
    case "j": incidents.move(1); break;
    case "k": incidents.move(-1); break;
    case "/": event.preventDefault(); $("filter").focus(); break;
    case "?": help(); break;
    default: {
      const button = /^[acfnsh]$/.test(event.key) && document.querySelector(`#detail [data-key="${event.key}"]`);
      if (button) { event.preventDefault(); button.click(); }
    }
  }
});

follow();
