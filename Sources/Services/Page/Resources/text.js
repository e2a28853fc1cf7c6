// Words and numbers as people read them. Pure.

export const severities = ["warning", "minor", "major", "critical"];
/** What stands beside a colour, for those who do not see it. */
export const letters = { critical: "!", major: "M", minor: "m", warning: "w", off: "?", well: "" };
const finite = (value) => typeof value === "number" && Number.isFinite(value);

/** Whether a clock counts from 1970, as against one that begins with its data. */
export const isDate = (seconds) => finite(seconds) && seconds > 1e8 && seconds < 1e11;

const sameDay = (a, b) => a.toDateString() === b.toDateString();
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

/** A point in time: only as much of it as tells it from now. */
export function moment(seconds) {
  if (!finite(seconds)) return "–";
  if (!isDate(seconds)) return `${number(seconds)} s`;
  const date = new Date(seconds * 1000), now = new Date();
  if (sameDay(date, now)) return clock.format(date);
  return `${(date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date)} ${clock.format(date).slice(0, 5)}`;
}

export const exactly = (seconds) => (isDate(seconds) ? new Date(seconds * 1000).toISOString() : `${seconds} s by its own clock`);

/** A length of time in the unit that suits it. */
export function length(seconds) {
  if (!finite(seconds)) return "–";
  const value = Math.max(0, seconds);
  if (value < 1) return value === 0 ? "0 s" : `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 7200) return `${Math.round(value / 60)} min`;
  if (value < 172800) return `${number(value / 3600)} h`;
  return `${number(value / 86400)} days`;
}

/** Three digits, and no more. */
export function number(value) {
  if (typeof value === "string") return value; // "inf" and "nan", which JSON lacks
  if (!finite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return value.toExponential(1);
  if (size >= 100) return Math.round(value).toLocaleString();
  return String(Number(value.toPrecision(3)));
}

export const percent = (share) => (finite(share) ? `${Math.round(share * 100)} %` : "–");
export const count = (n, one, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`;
export const bytes = (n) => {
  if (!finite(n)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let place = 0;
  while (n >= 999.5 && place < 4) { n /= 1000; place += 1; }
  return `${number(n)} ${units[place]}`;
};

/** Since when, and where that helps how long: what a clock says that this machine's clock can be held against. */
export function since(start, end, stands) {
  const now = Date.now() / 1000;
  if (isDate(start) && now - (end ?? start) < 86400 && now >= start) {
    return stands ? `for ${length(now - start)}` : `${length((end ?? start) - start)}, until ${moment(end ?? start)}`;
  }
  const lasted = finite(end) && end > start ? `, ${length(end - start)}` : "";
  return `${stands ? "since " : ""}${moment(start)}${lasted}`;
}

/** A known fault, unknown, or nothing to say. */
export function faultText(fault) {
  if (!fault) return "";
  if (fault.isConfirmed) return `${fault.name}, confirmed`;
  return fault.name === "unknown" ? "unknown fault" : `${fault.name} ${percent(fault.similarity)}`;
}

/** What deviates, the largest shares first. */
export const deviations = (event, most = 3) =>
  (event?.fingerprint ?? []).slice(0, most).map((c) => `${c.metric} ${c.deviation < 0 ? "↓" : "↑"} ${percent(c.share)}`).join(", ");
