// Access: a question narrows the rows; the answer is shown as a sentence and as the lines of a tab.
import { showAnswer } from "./answer.js";
import { $, button, chip, element, fold, words } from "./dom.js";
import { copy, download, linkTo, toCsv } from "./exporting.js";
import { facets, narrow, TITLES } from "./facets.js";
import { groupRows, headingsOf, sortLines } from "./groups.js";
import { CSV_HEADINGS, csvLine, PATH_HEADINGS, pathLine, sortPaths } from "./paths.js";
import { FACETS, FIELDS, formatQuestion } from "./question.js";
import { data, searchTextOf, UNKNOWN } from "./records.js";
import { cell, setHeadings, setLines, tableRow } from "./table.js";

const SHOWN_VALUES = 6;
const ALWAYS = new Set(["ADMINISTRATOR", "disabled", "deleted", "unknown"]); // that there are none is an answer
export const answer = { found: null, rows: null, lines: null, headings: [] };
const whole = new Set(); // facets of which all values are shown
let possible;

const tables = { who: "people", where: "accounts", what: "access", through: "principals" };
const texts = {};
function matchesOf(question, field) {
  const sought = words(question[field]);
  if (!sought.length) return null;
  texts[field] ??= data[tables[field]].map(searchTextOf[field]);
  return Uint8Array.from(texts[field], (text) => (sought.every((word) => text.includes(word)) ? 1 : 0));
}

export function ask(question) {
  const matches = Object.fromEntries(FIELDS.map((field) => [field, matchesOf(question, field)]));
  const { who, where, what, through } = matches;
  const { rowGrant, rowPerson, grantAccount, grantAccess, grantPrincipal, people } = data;
  possible = 0;
  const passes = (row) => {
    const grant = rowGrant[row];
    if (where && !where[grantAccount[grant]]) return false;
    if (what && !what[grantAccess[grant]]) return false;
    if (through && !through[grantPrincipal[grant]]) return false;
    if (!who || who[rowPerson[row]]) return true;
    if (UNKNOWN.has(people[rowPerson[row]][5])) possible++;
    return false;
  };
  data.order ??= Uint32Array.from({ length: rowGrant.length }, (_, number) => number);
  const [rows, counts] = narrow(data.order, question, passes);
  answer.found = rows;
  showFacets(question, counts);
  showChips(question);
  showAnswer(question, rows, possible, matches);
  showTab(question);
}

// Shows the rows that were found by the tab and in the order that the question names.
export function showTab(question) {
  answer.rows = answer.found;
  const [by, sort, column] = [
    question.by || "paths",
    question.sort,
    Math.abs(parseInt(question.sort || "1")) - 1,
  ];
  const descending = sort.startsWith("-");
  for (const tab of $("tabs").children) tab.setAttribute("aria-pressed", tab.dataset.by === by);
  if (by === "paths" || !["person", "account", "set", "group"].includes(by)) {
    answer.headings = PATH_HEADINGS;
    setHeadings(PATH_HEADINGS, sort ? column : -1, descending);
    if (sort && column < PATH_HEADINGS.length) answer.rows = sortPaths(answer.rows, column, descending);
    answer.lines = null;
    return setLines(answer.rows.length, (at) => pathLine(answer.rows[at], at));
  }
  const lines = groupRows(answer.rows, by);
  answer.lines = sortLines(lines, sort ? Math.min(column, 4) : 2, descending);
  answer.headings = headingsOf(by);
  setHeadings(answer.headings, sort ? column : 2, sort ? descending !== (column > 1) : true);
  setLines(lines.length, (at) => groupLine(answer.lines[at], at, by));
}

function groupLine({ title, small, second, chips, numbers, profile, level, row }, at, by) {
  const shown = [
    ...chips.map((each) => chip(each, "caution")),
    level === "ADMINISTRATOR" && by !== "account" && chip("admin", "bad"),
  ];
  const id = by === "account" ? small : "";
  const cells = [
    cell(
      "rowheader",
      title,
      { profile, small: id ? "" : small, id, field: "line", value: title },
      ...shown.filter(Boolean),
    ),
    cell("cell", second, {}),
    ...numbers.map((number, column) => {
      const td = cell("cell", number.toLocaleString("en"), {});
      td.dataset.label = answer.headings[column + 2];
      td.className = "n";
      return td;
    }),
  ];
  return tableRow(at, cells, { row });
}

function showFacets(question, counts) {
  const focused = document.activeElement?.closest?.("#facets [data-value]")?.dataset;
  const focus = focused && [focused.facet, focused.value, focused.side];
  const sections = FACETS.filter((name) => facets[name].values.length > (name === "organization" ? 1 : 0))
    .map((name) => {
      const { some, not } = question.facets[name];
      const order = facets[name].values.map((
        value,
        at,
      ) => [value, counts[name][at], some.includes(value) || not.includes(value)])
        .filter(([value, number, chosen]) =>
          number || chosen || ALWAYS.has(value) || name === "organization"
        );
      if (name === "ou" || name === "organization") order.sort((one, other) => other[1] - one[1]);
      order.sort((one, other) => other[2] - one[2]);
      if (name === "level") {
        order.sort((one, other) =>
          facets.level.values.indexOf(one[0]) - facets.level.values.indexOf(other[0])
        );
      }
      const shown = whole.has(name) ? order : order.slice(0, SHOWN_VALUES);
      const list = element("ul", "", {}, ...shown.map((each) => facetValue(name, each, some, not)));
      const more = order.length > shown.length
        ? button(`${order.length - shown.length} more`, { className: "more-values" }, { more: name })
        : null;
      const group = element(
        "fieldset",
        "",
        { hidden: !order.length },
        element("legend", TITLES[name]),
        list,
        more,
      );
      return group;
    });
  $("facets").replaceChildren(...sections, button("Done", { className: "done" }));
  if (focus) {
    const [facet, value, side] = focus.map((each) => CSS.escape(each));
    $("facets").querySelector(`[data-facet="${facet}"][data-value="${value}"][data-side="${side}"]`)?.focus();
  }
}

function facetValue(name, [value, number], some, not) {
  const label = facets[name].label(value);
  const box = element("input", "", { type: "checkbox", checked: some.includes(value) });
  Object.assign(box.dataset, { facet: name, value, side: "some" });
  const without = button("not", { className: "not", title: `Without ${label}` }, {
    facet: name,
    value,
    side: "not",
  });
  without.setAttribute("aria-pressed", not.includes(value));
  without.setAttribute("aria-label", `not ${label}`);
  const name_ = element("span", label, { className: "value" });
  return element(
    "li",
    "",
    {},
    element(
      "label",
      "",
      {},
      box,
      name_,
      element("span", number.toLocaleString("en"), { className: "count" }),
    ),
    without,
  );
}

function showChips(question) {
  const chips = FACETS.flatMap((name) =>
    ["some", "not"].flatMap((side) =>
      question.facets[name][side].map((value) => {
        const label = `${side === "not" ? "not " : ""}${facets[name].label(value)}`;
        const made = button(`${label} ✕`, { className: "asked" }, { facet: name, value, side: "none" });
        made.setAttribute("aria-label", `Remove ${label}`);
        return made;
      })
    )
  );
  $("asked").replaceChildren(...chips);
  $("sheet").textContent = chips.length ? `Filters (${chips.length})` : "Filters";
}

export function showAllValues(name) {
  whole.add(name);
}

export function exportAnswer(question) {
  const lines = answer.lines
    ? [
      [...answer.headings.slice(0, 1), "Id", ...answer.headings.slice(1)],
      ...answer.lines.map(({ title, small, second, numbers }) => [title, small, second, ...numbers]),
    ]
    : [CSV_HEADINGS, ...Array.from(answer.rows, csvLine)];
  const name = fold(`access ${question.by || "paths"}`).replace(/[^a-z]+/g, "-");
  download(`${name}.csv`, toCsv(lines));
}

export const copyAnswerLink = (question) => copy(linkTo(formatQuestion(question)), "Link");
