// The table of an answer: only visible lines are in the document, between two spacers as high as all others.
import { $, button, element } from "./dom.js";

const SPARE_ROWS = 12;
export const PRINTED_ROWS = 2000;
// `lines` has a length, `line(at)` makes a row.
const view = { length: 0, line: null, shown: [-1, -1], columns: 0 };

export function setHeadings(names, sorted, descending) {
  $("headings").replaceChildren(...names.map((name, column) => {
    const heading = element("th", "", { scope: "col" });
    heading.setAttribute("role", "columnheader");
    heading.setAttribute("aria-sort", column !== sorted ? "none" : descending ? "descending" : "ascending");
    heading.append(button(name, {}, { sort: column }));
    return heading;
  }));
  view.columns = names.length;
  $("rows").firstElementChild.setAttribute("aria-colcount", names.length);
}

export function setLines(length, line) {
  Object.assign(view, { length, line });
  $("rows").scrollTop = 0;
  showRows();
}

export function cell(role, title, { small = "", field = "", value = "", profile = "", id = "" }, ...chips) {
  const td = element(role === "rowheader" ? "th" : "td");
  td.setAttribute("role", role);
  if (role === "rowheader") td.scope = "row";
  if (profile) {
    td.append(button(title, { title: `Open ${title}`, className: "pick" }, { profile, field, value }));
  } else if (value) {
    td.append(button(title, { title: `Search for ${value}`, className: "pick" }, { field, value }));
  } else td.append(title);
  if (small || id || chips.length) {
    const under = element("small", "", {}, id && element("span", id, { className: "id" }), ...chips, small);
    td.append(under);
  }
  return td;
}

export function tableRow(at, cells, dataset = {}, className = "") {
  const tr = element("tr", "", { className }, ...cells);
  tr.setAttribute("role", "row");
  tr.setAttribute("aria-rowindex", at + 2);
  Object.assign(tr.dataset, dataset);
  return tr;
}

function spacer(rows, height) {
  const tr = element("tr", "", { className: "spacer", hidden: !rows });
  tr.setAttribute("aria-hidden", "true");
  const td = element("td", "", { colSpan: view.columns });
  td.style.height = tr.style.height = `${rows * height}px`;
  tr.append(td);
  return tr;
}

const rowHeight = () => parseFloat(getComputedStyle($("rows")).getPropertyValue("--row"));

function visibleRange(height) {
  const window = $("rows");
  const top = Math.min(Math.floor(window.scrollTop / height), view.length - 1);
  const first = Math.max(0, top - SPARE_ROWS);
  const last = first + Math.ceil(window.clientHeight / height) + 2 * SPARE_ROWS;
  return [first, Math.min(view.length, last)];
}

export function showRows(everything = false) {
  const height = rowHeight(), window = $("rows");
  window.hidden = !view.length;
  const [first, last] = everything ? [0, Math.min(view.length, PRINTED_ROWS)] : visibleRange(height);
  const focused = document.activeElement?.closest?.("#body button");
  const focus = focused && [focused.closest("tr").dataset.row, focused.dataset.field];
  window.firstElementChild.setAttribute("aria-rowcount", view.length + 1);
  $("body").replaceChildren(
    spacer(first, height),
    ...Array.from({ length: last - first }, (_, number) => view.line(first + number)),
    spacer(everything ? 0 : view.length - last, height),
  );
  view.shown = [first, last];
  if (focus) {
    const [row, field] = focus;
    const again = $("body").querySelector(`tr[data-row="${row}"] [data-field="${field}"]`);
    (again ?? window).focus({ preventScroll: true });
  }
}

export function scrolled() {
  const height = rowHeight(), window = $("rows");
  const top = Math.floor(window.scrollTop / height);
  const bottom = Math.min(view.length, Math.ceil((window.scrollTop + window.clientHeight) / height));
  if (top < view.shown[0] || bottom > view.shown[1]) showRows();
}
