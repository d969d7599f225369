// The tools in the top bar: color scheme and printing.
import { $ } from "./dom.js";
import { PRINTED_ROWS, showRows } from "./table.js";

const KEY = "sso-batch.theme";

// Storage is not always allowed: then the choice lasts as long as the page.
function stored(value) {
  try {
    if (value) localStorage.setItem(KEY, value);
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function setUpTheme() {
  const setTheme = (dark) => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    $("theme").setAttribute("aria-pressed", dark);
  };
  const before = stored();
  setTheme(before ? before === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  $("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme !== "dark");
    stored(document.documentElement.dataset.theme);
  });
  $("tools").hidden = false;
}

// Paper explains each kind of issue once: with the first one that is printed.
function explainIssues() {
  const explained = new Set(), opened = [];
  for (const issue of document.querySelectorAll("#findings > .issues .issue")) {
    if (!explained.has(issue.dataset.check) && !issue.open) opened.push(issue);
    explained.add(issue.dataset.check);
  }
  for (const issue of opened) issue.open = true;
  return () => {
    for (const issue of opened) issue.open = false;
  };
}

// Without a wish, paper has the summary; "Print answer" prints what is on the screen under Access.
export function setUpPrinting() {
  const root = document.documentElement;
  let restore = () => {};
  $("print").addEventListener("click", () => print());
  $("print-answer").addEventListener("click", () => {
    root.dataset.print = "answer";
    print();
  });
  addEventListener("beforeprint", () => {
    restore();
    restore = explainIssues();
    if (root.dataset.print !== "answer") return;
    showRows(true);
    const total = Number($("rows").firstElementChild.getAttribute("aria-rowcount")) - 1;
    $("cut").hidden = total <= PRINTED_ROWS;
  });
  addEventListener("afterprint", () => {
    restore();
    restore = () => {};
    delete root.dataset.print;
    $("cut").hidden = true;
    showRows();
  });
}
