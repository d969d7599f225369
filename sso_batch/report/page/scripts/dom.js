// Small helpers: elements, numbers and texts. Names from the run only ever become text.

export const $ = (id) => document.getElementById(id);
export const figure = (number) => number.toLocaleString("en");
export const count = (number, singular, plural = `${singular}s`) =>
  `${figure(number)} ${number === 1 ? singular : plural}`;
const withoutMarks = (text) => text.normalize("NFKD").replace(/\p{M}+/gu, "");
export const fold = (text) => (/[\u0080-\uffff]/.test(text) ? withoutMarks(text) : text).toLowerCase();
export const words = (query) => fold(query).split(/\s+/).filter(Boolean);

export function element(name, text, properties, ...children) {
  const made = Object.assign(document.createElement(name), { textContent: text ?? "" }, properties);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export const chip = (text, tone = "") => element("span", text, { className: `chip ${tone}` });

export function button(text, properties, dataset = {}) {
  const made = element("button", text, { type: "button", ...properties });
  Object.assign(made.dataset, dataset);
  return made;
}

// AWS's times and durations as people write them: "26 Nov 2026, 21:15 UTC" and "12 h". Others stay as they are.
export function moment(text) {
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text) : new Date(NaN);
  if (isNaN(at)) return text;
  const form = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  return `${at.toLocaleString("en-GB", { ...form, timeZone: "UTC" })} UTC`;
}
export function duration(text) {
  const [, hours, minutes] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(text) ?? [];
  return [hours && `${hours} h`, minutes && `${minutes} min`].filter(Boolean).join(" ") || text;
}

// Says something to everybody, also to those who listen.
let fading;
export function say(text) {
  const note = $("note");
  note.textContent = text;
  note.className = "shown";
  clearTimeout(fading);
  fading = setTimeout(() => note.className = "", 2500);
}
