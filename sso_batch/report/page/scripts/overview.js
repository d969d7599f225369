// Start here, what changed and the organizations: buttons to copy, a linked issue, sortable columns.
import { $, fold } from "./dom.js";
import { copy, linkTo, tableText } from "./exporting.js";

export function showIssue(id) {
  const issue = id &&
    [...document.querySelectorAll("details.issue")].find((each) => each.dataset.issue === id);
  if (!issue) return;
  for (let outer = issue; outer; outer = outer.parentElement.closest("details")) outer.open = true;
  issue.scrollIntoView({ block: "start" });
}

export function setUpOverview() {
  document.addEventListener("click", (event) => {
    const action = event.target.closest("[data-copy]")?.dataset.copy;
    if (!action) return;
    const issue = event.target.closest(".issue");
    if (action === "table") copy(tableText(issue.querySelector("table")), "Table");
    if (action === "waivers") copy(issue.querySelector(".yaml").textContent, "Waivers");
    if (action === "issue") {
      copy(linkTo(`#findings?issue=${encodeURIComponent(issue.dataset.issue)}`), "Link");
    }
    if (action === "page") copy(location.href, "Link");
  });
  for (const tools of document.querySelectorAll(".copies")) tools.hidden = false;
  const table = $("organization-table");
  if (table) {
    for (const heading of table.tHead.rows[0].cells) makeSortable(table, heading);
  }
}

function makeSortable(table, heading) {
  const sorter = document.createElement("button");
  sorter.type = "button";
  sorter.append(...heading.childNodes);
  heading.append(sorter);
  heading.setAttribute("aria-sort", "none");
  sorter.addEventListener("click", () => {
    const numeric = heading.classList.contains("n");
    const turned = heading.getAttribute("aria-sort") === (numeric ? "descending" : "ascending");
    for (const other of heading.parentElement.cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", numeric !== turned ? "descending" : "ascending");
    const body = table.tBodies[0], column = heading.cellIndex;
    const value = (row) => row.cells[column].dataset.value ?? fold(row.cells[column].textContent);
    const order = (one, other) => numeric ? other - one : one < other ? -1 : one > other ? 1 : 0;
    // Organizations that are not complete always come first.
    const rows = [...body.rows].sort((one, other) =>
      other.dataset.trouble - one.dataset.trouble || (turned ? -1 : 1) * order(value(one), value(other))
    );
    body.append(...rows);
  });
}
