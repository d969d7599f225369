// The page's state is its address: every action makes a new address, and the address is shown.
import { ask, copyAnswerLink, exportAnswer, showAllValues, showTab } from "./access.js";
import { $ } from "./dom.js";
import { setUpGlobalSearch } from "./global_search.js";
import { prepareFacets } from "./facets.js";
import { setUpOverview, showIssue } from "./overview.js";
import { showProfile } from "./profile.js";
import { emptyQuestion, FIELDS, formatQuestion, isAsked, parseQuestion, withFacet } from "./question.js";
import { load } from "./records.js";
import { scrolled } from "./table.js";
import { setUpPrinting, setUpTheme } from "./tools.js";

const TYPING_PAUSE = 100;
let question = emptyQuestion(), opener = null, asked = "";

// What only an answer depends on: a profile or another section asks nothing new.
const askedPart = (of) => formatQuestion({ ...of, section: "", issue: "", profile: "", by: "", sort: "" });

function show(next, moved) {
  const before = question;
  question = next;
  for (const field of FIELDS) if ($(field).value !== question[field]) $(field).value = question[field];
  if (askedPart(question) !== asked) {
    asked = askedPart(question);
    ask(question);
  } else if (question.by !== before.by || question.sort !== before.sort) showTab(question);
  if (question.profile !== before.profile) openProfile(before.profile);
  if (!moved) return;
  if (question.issue) showIssue(question.issue);
  else if (question.section) $(question.section)?.scrollIntoView();
}

function openProfile(before) {
  if (!before) opener = document.activeElement;
  showProfile(question.profile);
  if (question.profile && !$("profile").hidden) $("profile-close").focus({ preventScroll: true });
  else if (opener?.isConnected) opener.focus({ preventScroll: true });
}

// Typing replaces the address; everything else is a step that Back undoes.
function go(changes, { replace = false, moved = false } = {}) {
  const next = { ...question, ...changes };
  const hash = formatQuestion(next);
  if (hash !== location.hash) history[replace ? "replaceState" : "pushState"](null, "", hash);
  show(next, moved);
}

function setUpQuestion() {
  let timer;
  const typed = () => {
    clearTimeout(timer);
    go({ ...Object.fromEntries(FIELDS.map((field) => [field, $(field).value])), section: "access" }, {
      replace: true,
    });
  };
  $("search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(typed, TYPING_PAUSE);
  });
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    typed();
  });
  $("clear").addEventListener("click", () => go({ ...emptyQuestion("access"), by: question.by }));
  $("facets").addEventListener("change", ({ target }) => {
    const { facet, value } = target.dataset;
    if (facet) go(withFacet({ ...question, section: "access" }, facet, value, target.checked ? "some" : ""));
  });
  $("access").addEventListener("click", accessClicked);
  $("rows").addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(scrolled).observe($("rows"));
  $("csv").addEventListener("click", () => exportAnswer(question));
  $("copy-link").addEventListener("click", () => copyAnswerLink({ ...question, section: "access" }));
  setUpSheet();
  $("search").hidden = $("workbench").hidden = false;
}

// On a narrow screen the filters are a sheet over the page.
function setUpSheet() {
  const show = (open) => {
    $("facets").classList.toggle("open", open);
    $("sheet").setAttribute("aria-expanded", open);
    (open ? $("facets").querySelector("input") : $("sheet"))?.focus();
  };
  $("sheet").addEventListener("click", () => show(true));
  $("facets").addEventListener("click", ({ target }) => target.className === "done" && show(false));
  $("facets").addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
}

function accessClicked({ target }) {
  const { by, sort, facet, value, side, more } = target.closest("button")?.dataset ?? {};
  if (by) go({ by: by === "paths" ? "" : by, sort: "", section: "access" });
  if (sort !== undefined) {
    const column = String(Number(sort) + 1);
    go({ sort: question.sort === column ? `-${column}` : column, section: "access" });
    $("headings").children[sort]?.firstChild.focus();
  }
  if (facet && side !== "some") {
    const on = side === "not" && target.closest("button").getAttribute("aria-pressed") !== "true";
    go(withFacet({ ...question, section: "access" }, facet, value, on ? "not" : ""));
  }
  if (more) {
    showAllValues(more);
    ask(question);
  }
}

function setUpLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']"),
      profile = event.target.closest("[data-profile]")?.dataset.profile;
    if (profile && !event.target.closest("#found")) go({ profile });
    if (!link) return;
    event.preventDefault();
    const next = parseQuestion(link.getAttribute("href"));
    go(isAsked(next) || next.by ? next : { section: next.section, issue: next.issue, profile: "" }, {
      moved: true,
    });
    if (link.className === "skip") $("access").focus({ preventScroll: true });
  });
  $("profile-close").addEventListener("click", () => go({ profile: "" }));
  $("profile-link").addEventListener("click", () => copyAnswerLink(question));
  $("profile-all").addEventListener("click", ({ target }) => {
    const { field, value } = target.dataset;
    go({ ...emptyQuestion("access"), [field]: value }, { moved: true });
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && question.profile) go({ profile: "" });
  });
  addEventListener("popstate", () => show(parseQuestion(location.hash), true));
}

function start() {
  load();
  prepareFacets();
  setUpQuestion();
  setUpLinks();
  setUpGlobalSearch((profile) => go({ profile }));
  setUpOverview();
  setUpPrinting();
  show(parseQuestion(location.hash), true);
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}

setUpTheme();
requestAnimationFrame(() => setTimeout(start));
