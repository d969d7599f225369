// The search in the top bar: people, accounts, permission sets and groups, from anywhere by "/".
import { $, button, element, fold, words } from "./dom.js";
import { data, emailOf, nameOf } from "./records.js";

const LISTED_HITS = 8;
let index;

function entries() {
  if (index) return index;
  const seen = new Map();
  const add = (profile, kind, title, small) => {
    if (profile && !seen.has(profile)) {
      seen.set(profile, { profile, kind, title, small, text: fold(`${title} ${small} ${profile}`) });
    }
  };
  data.identities.forEach(({ key, people }) => {
    const person = data.people[people[0]];
    if (person[3] && person[5] !== "MEMBERS_NOT_SHOWN") {
      add(`person:${key}`, "person", nameOf(person) || person[3], emailOf(person));
    }
  });
  for (const [id, name, , path] of data.accounts) {
    add(`account:${id}`, "account", name || id, `${id} ${path === "NOT_READ" ? "" : path}`);
  }
  for (const [name, , type] of data.access) {
    add(`set:${name}`, type === "IAM_ROLE" ? "role" : "permission set", name, "");
  }
  for (const [type, id, name] of data.principals) {
    if (type !== "USER") add(`group:${name || id}`, "group", name || id, "");
  }
  index = [...seen.values()];
  return index;
}

export function setUpGlobalSearch(open) {
  const input = $("find"), results = $("found");
  const show = () => {
    const sought = words(input.value);
    const hits = [];
    if (sought.length) {
      for (const entry of entries()) {
        if (sought.every((word) => entry.text.includes(word)) && hits.push(entry) === LISTED_HITS) break;
      }
    }
    results.hidden = !sought.length;
    results.replaceChildren(
      ...hits.map(({ profile, kind, title, small }) => {
        const item = button("", {}, { profile });
        item.append(element("b", title), element("small", `${kind}${small ? ` · ${small}` : ""}`));
        return element("li", "", {}, item);
      }),
      ...(hits.length || !sought.length
        ? []
        : [element("li", "Nobody and nothing with access has this name.", { className: "soft" })]),
    );
  };
  const close = () => {
    results.hidden = true;
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown") results.querySelector("button")?.focus();
    if (event.key === "Enter") {
      event.preventDefault();
      results.querySelector("button")?.click();
    }
  });
  results.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step) {
      event.preventDefault();
      (event.target.closest("li")[step]?.querySelector("button") ?? input).focus();
    }
    if (event.key === "Escape") {
      close();
      input.focus();
    }
  });
  results.addEventListener("click", (event) => {
    const profile = event.target.closest("button")?.dataset.profile;
    if (profile) {
      close();
      input.value = "";
      open(profile);
    }
  });
  addEventListener("click", (event) => {
    if (!event.target.closest(".find")) close();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select")) {
      event.preventDefault();
      input.focus();
    }
  });
  input.closest("form").addEventListener("submit", (event) => event.preventDefault());
  input.closest("form").hidden = false;
}
