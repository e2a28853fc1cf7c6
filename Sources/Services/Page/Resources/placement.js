// Who trains and serves, and why: the placement that holds, what it foretold beside what was measured; and the learning
// loops.

import { g, h, name, tag } from "./draw.js";
import { state } from "./state.js";
import { count, length, number, percent } from "./text.js";

const reasons = {
  measuring: "Training times are not known yet: all work, and are measured.", started: "This is the first placement.",
  broken: "The one before lost a worker, or no longer met the target.", better: "It had been better than the one before for long enough.",
  bestEffort: "Nothing meets the target: these are the fastest.", kept: "The same workers as before, which now meet the target.",
  impossible: "No placement can run: all workers work.",
};

/** The placement, or that there is none. */
export function placementPanel({ panel, table, cells, figure }) {
  const { placement, health } = state;
  if (!health.placement) {
    return panel("Placement", h("p", { class: "small", text: "Every worker that can trains and serves: the server was started without a target for rounds (target-seconds)." }));
  }
  const decision = placement?.decision;
  if (!decision) return panel("Placement", h("p", { class: "small", text: "No placement so far: nobody has come yet." }));
  const worse = decision.meetsTarget === false;
  const rounds = placement.measuredRounds.slice(-60);
  return panel("Placement",
    h("dl", { class: "figures" }, figure(`${decision.active.length} of ${decision.active.length + decision.standby.length}`, "chosen to work"),
      figure(length(placement.targetSeconds), `for ${count(placement.rounds, "round")}`), figure(length(placement.budgetSeconds), "a round may take"),
      figure(decision.predictedLoopSeconds === undefined ? "–" : length(decision.predictedLoopSeconds), "foretold"),
      figure(rounds.length ? length(rounds.at(-1).seconds) : "–", "measured last"),
      placement.medianErrorShare !== undefined && figure(percent(placement.medianErrorShare), "median error")),
    h("p", { class: "why" }, tag(worse ? "misses the target" : decision.meetsTarget ? "meets the target" : "being measured", worse ? "major" : decision.meetsTarget ? "well" : "off"), " ",
      `${reasons[decision.reason] ?? decision.reason} `, decision.causes.length > 0 && ["Since the one before: ", name(decision.causes.slice(0, 4).join("; "), 400), "."]),
    decision.explanation && h("p", { class: "small" }, name(decision.explanation.reason, 400), " ", [
      decision.explanation.smallestTargetSeconds !== undefined && `A target of ${length(decision.explanation.smallestTargetSeconds)} would do`,
      decision.explanation.largestRounds !== undefined && `${count(decision.explanation.largestRounds, "round")} would do`,
      decision.explanation.fewestExtraAccelerators !== undefined && `${count(decision.explanation.fewestExtraAccelerators, "further accelerator")} would do`].filter(Boolean).join("; ")),
    rounds.length > 1 && beside(rounds),
    table("Chosen workers", ["worker", "", "foretold", "way", "trains as long", "with"], [
      ...decision.active.slice(0, 200).map((w) => cells(w.name, tag("works", "well"), w.predictedLoopSeconds === undefined ? "–" : length(w.predictedLoopSeconds),
        w.latencySeconds === undefined ? "–" : length(w.latencySeconds), `× ${number(w.trainingTimeFactor)}`, w.accelerated ? "accelerator" : "CPU")),
      ...decision.standby.slice(0, 200).map((one) => cells(one, tag("stands by", "off"), "–", "–", "–", "–"))]));
}

/** What was foretold for each round (lines) beside what it took (bars), and what it may take. */
function beside(rounds) {
  const most = Math.max(...rounds.flatMap((r) => [r.seconds, r.predictedSeconds ?? 0, r.budgetSeconds])) * 1.08;
  const wide = 484 / rounds.length, x = (index) => 46 + wide * index, y = (seconds) => 140 - 128 * seconds / most;
  const budget = rounds.at(-1).budgetSeconds;
  return g("svg", { class: "curve beside", viewBox: "0 0 540 170", role: "img", "aria-label": `Rounds took ${length(Math.min(...rounds.map((r) => r.seconds)))} to ${length(Math.max(...rounds.map((r) => r.seconds)))}; ${length(budget)} are allowed` },
    g("line", { x1: 46, x2: 530, y1: 140, y2: 140 }),
    rounds.map((r, index) => g("rect", { class: r.withinBudget ? "in" : "out", x: x(index) + wide * 0.12, width: wide * 0.76, y: y(r.seconds), height: 140 - y(r.seconds) },
      g("title", { text: `round ${r.round}: ${length(r.seconds)}${r.predictedSeconds === undefined ? "" : `, foretold ${length(r.predictedSeconds)}`}` }))),
    rounds.map((r, index) => r.predictedSeconds !== undefined && g("line", { class: "foretold", x1: x(index), x2: x(index) + wide, y1: y(r.predictedSeconds), y2: y(r.predictedSeconds) })),
    budget <= most && [g("line", { class: "budget", x1: 46, x2: 530, y1: y(budget), y2: y(budget) }), g("text", { x: 0, y: y(budget) + 4, text: length(budget) })],
    g("text", { x: 46, y: 162, text: `round ${rounds[0].round}` }), g("text", { x: 530, y: 162, "text-anchor": "end", text: "bars: took · lines: foretold · dashed: may take" }));
}

/** Learning loops, the latest first, each with its losses as a line. */
export function loopsPanel({ panel, table, cells }) {
  const loops = state.loops?.loops ?? [];
  return loops.length > 0 && panel("Learning loops", table("Learning loops", ["loop", "", "rounds", "version", "loss before", "after", "losses", "took"],
    [...loops].reverse().slice(0, 40).map((loop) => cells(String(loop.loop), tag(loop.open ? "goes on" : "done", loop.open ? "line" : "well"),
      `${loop.committed}${loop.abandoned ? `, ${loop.abandoned} abandoned` : ""}`, `${loop.fromVersion} → ${loop.version}`, number(loop.lossBefore), number(loop.loss), spark(loop), length(loop.seconds)))));
}

function spark(loop) {
  const losses = [loop.lossBefore, ...loop.rounds.filter((r) => r.kind === "training").map((r) => r.lossAfter)].map(Number).filter(Number.isFinite);
  if (losses.length < 2) return "–";
  const most = Math.max(...losses), least = Math.min(...losses);
  const points = losses.map((loss, index) => `${(2 + 86 * index / (losses.length - 1)).toFixed(1)} ${(3 + 16 * (most === least ? 0.5 : (most - loss) / (most - least))).toFixed(1)}`);
  return g("svg", { class: "spark", viewBox: "0 0 90 22", width: 90, height: 22, role: "img", "aria-label": `from ${number(losses[0])} to ${number(losses.at(-1))}` }, g("path", { d: `M${points.join("L")}` }));
}
