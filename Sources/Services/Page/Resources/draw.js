// How elements are made. Text that came from elsewhere becomes a text node and nothing else, so that no name is markup.

/** An element. `props`: class, text, on (listeners), and attributes; children are nodes or texts. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** An element of a picture. */
export function g(tag, props = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

function fill(element, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") element.setAttribute("class", value);
    else if (key === "text") element.textContent = value;
    else if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (key === "style") Object.assign(element.style, value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A name from elsewhere: it cannot turn the direction of what stands around it, and is cut where it is too long. */
export const name = (text, most = 200) => {
  const all = String(text ?? "");
  const short = all.length > most ? `${[...all].slice(0, most).join("")}…` : all;
  return h("bdi", { text: short, title: all.length > 24 ? all.slice(0, 1000) : undefined });
};

export const tag = (text, tone = "") => h("span", { class: `tag ${tone}` }, name(text, 60));
export const $ = (id) => document.getElementById(id);

/** Puts new children in an element's place. */
export const swap = (element, ...children) => element.replaceChildren(...h("div", {}, ...children).childNodes);

/** Changes what is in an element; whoever has the focus gets it again, and what was scrolled stays so, by its `data-key`. */
function keeping(element, change) {
  const find = (key) => element.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const focus = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const places = [...element.querySelectorAll("[data-key]")].filter((e) => e.scrollTop || e.scrollLeft)
    .map((e) => [e.dataset.key, e.scrollTop, e.scrollLeft]);
  change();
  for (const [key, top, left] of places) find(key)?.scrollTo(left, top);
  if (focus !== undefined) find(focus)?.focus({ preventScroll: true });
}

/** The same, but only when they look different, so that what has not changed stays. */
export function put(element, ...children) {
  const fresh = h("div", {}, ...children);
  if (element.innerHTML === fresh.innerHTML) return;
  keeping(element, () => element.replaceChildren(...fresh.childNodes));
}

/** The same for elements that are as many as before: each for itself. */
export function putEach(element, ...children) {
  const fresh = children.filter(Boolean), old = [...element.children];
  if (fresh.length !== old.length) return put(element, ...fresh);
  keeping(element, () => fresh.forEach((child, index) => { if (child.outerHTML !== old[index].outerHTML) old[index].replaceWith(child); }));
}

/** A list of rows of one height, of which only those that are seen exist. */
export class Window {
  /** `make(item, index, chosen)` draws one row; `key(item)` names it; `choose(item)` is what a click or Enter does. */
  constructor(element, height, { make, key, choose, empty }) {
    Object.assign(this, { element, height, make, key, choose, empty, items: [], chosen: null, drawn: "" });
    this.rows = h("div", { class: "rows" });
    element.append(this.rows);
    element.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw(true)).observe(element);
    if (choose) element.addEventListener("keydown", (event) => this.press(event));
  }

  set(items) { this.items = items; this.draw(true); }

  select(item, { scroll = true } = {}) {
    this.chosen = item ? this.key(item) : null;
    const index = this.items.findIndex((other) => this.key(other) === this.chosen);
    if (scroll && index >= 0) {
      const top = index * this.height, box = this.element;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + this.height > box.scrollTop + box.clientHeight) box.scrollTop = top + this.height - box.clientHeight;
    }
    this.draw(true);
  }

  move(step) {
    if (!this.items.length) return;
    const at = this.items.findIndex((item) => this.key(item) === this.chosen);
    const next = this.items[Math.min(this.items.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    this.select(next);
    this.choose(next);
  }

  press(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 };
    if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.move(steps[event.key]);
  }

  draw(force = false) {
    const { element, height, items } = this;
    if (!items.length) {
      if (this.drawn !== "empty") this.rows.replaceChildren(h("p", { class: "empty", text: this.empty, style: { position: "static" } }));
      this.drawn = "empty";
      this.rows.style.height = "";
      return;
    }
    this.rows.style.height = `${items.length * height}px`;
    const seen = element.clientHeight || 400;
    const first = Math.max(0, Math.floor(element.scrollTop / height) - 4);
    const last = Math.min(items.length, Math.ceil((element.scrollTop + seen) / height) + 4);
    const drawn = `${first}-${last}`;
    if (!force && drawn === this.drawn) return;
    this.drawn = drawn;
    const rows = [];
    for (let index = first; index < last; index += 1) {
      const item = items[index], isChosen = this.key(item) === this.chosen;
      const row = this.make(item, index, isChosen);
      row.style.top = `${index * height}px`;
      if (this.choose) {
        row.id = `${element.id}-${index}`;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", String(isChosen));
        row.setAttribute("aria-setsize", String(items.length));
        row.setAttribute("aria-posinset", String(index + 1));
        row.addEventListener("click", () => { this.select(item, { scroll: false }); this.choose(item, true); });
        if (isChosen) element.setAttribute("aria-activedescendant", row.id);
      }
      rows.push(row);
    }
    this.rows.replaceChildren(...rows);
  }
}
