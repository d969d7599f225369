// The sentence that answers a question, and what could make it incomplete.
import { $, count, element, figure, fold, words } from "./dom.js";
import { FIELDS } from "./question.js";
import { data } from "./records.js";

const LISTED_CAVEATS = 12;
const LISTED_IDLE = 8;

// `found` are rows, `possible` counts rows with unknown users, `matches` has the hits of each searched field.
export function showAnswer(question, found, possible, matches) {
  const { some, not } = question.facets.organization;
  const scope = data.caveats.filter(({ name }) =>
    (!some.length || some.includes(name)) && !not.includes(name)
  );
  const gaps = gapsOf(scope, question, possible);
  const unexamined = [...new Set(scope.flatMap((caveat) => caveat.unexamined))];
  const sought = FIELDS.filter((field) => words(question[field]).length);
  let text = found.length ? summary(question, found) : emptyResult(gaps, unexamined);
  if (sought.length) text += withoutAccess(question, sought, found, gaps.length > 0, matches);
  $("answer").textContent = text;
  $("answer").className = found.length ? "" : gaps.length ? "hole" : "nothing";
  $("caveats").replaceChildren(...caveatElements(gaps, unexamined));
}

function gapsOf(scope, question, possible) {
  const gaps = scope.flatMap((caveat) => caveat.gaps.map((gap) => [caveat.name, gap]));
  if (question.facets.level.some.length) {
    for (const { name, levels } of scope.filter((caveat) => caveat.levels.length)) {
      gaps.push([name, `what access amounts to is not known everywhere. Not read: ${levels.join("; ")}`]);
    }
  }
  if (possible) {
    const rows = count(possible, "row has an unknown user", "rows have unknown users");
    gaps.unshift(["", `${rows} and may match this search: select “unknown user”`]);
  }
  return gaps;
}

function summary(question, found) {
  const { rowPerson, rowGrant, grantAccount, grantAccess, personIdentity } = data;
  const [identities, accountMarks, targetMarks] = [data.identities, data.accounts, data.access].map((table) =>
    new Uint8Array(table.length)
  );
  for (const row of found) {
    const person = data.people[rowPerson[row]], grant = rowGrant[row];
    if (person[3] && person[5] !== "MEMBERS_NOT_SHOWN") identities[personIdentity[rowPerson[row]]] = 1;
    accountMarks[grantAccount[grant]] = 1;
    targetMarks[grantAccess[grant]] = 1;
  }
  const [people, reached, targets] = [identities, accountMarks, targetMarks].map((marks) =>
    marks.reduce((sum, mark) => sum + mark, 0)
  );
  const { some, not } = question.facets.level;
  const accounts = count(reached, "account");
  if (some.length === 1 && some[0] === "ADMINISTRATOR" && !not.length) {
    const can = `${count(people, "person", "people")} can administer ${accounts}`;
    return `${can}, by ${count(found.length, "access path")}.`;
  }
  return `${count(found.length, "access path")}: ${count(people, "person", "people")}, ${accounts}, ${
    count(targets, "permission set or role", "permission sets or roles")
  }.`;
}

function emptyResult(gaps, unexamined) {
  if (gaps.length) {
    return "No access path found in the data that was read. This does not prove that there is none.";
  }
  return unexamined.length
    ? "No access path in the data that was examined."
    : "No access path: everything was read.";
}

function caveatElements(gaps, unexamined) {
  const elements = [];
  if (gaps.length) {
    const list = element("ul");
    for (const [name, gap] of gaps.slice(0, LISTED_CAVEATS)) {
      list.append(element("li", "", {}, element("b", name), name ? ": " : "", gap));
    }
    if (gaps.length > LISTED_CAVEATS) list.append(element("li", `and ${gaps.length - LISTED_CAVEATS} more`));
    elements.push(element("p", "This result may be incomplete:"), list);
  }
  if (unexamined.length) {
    elements.push(element("p", `Not examined: ${unexamined.join("; ")}.`, { className: "soft" }));
  }
  return elements;
}

// Users, accounts and permission sets that match the search but have no access path.
function withoutAccess(question, sought, found, uncertain, matches) {
  const fields = { user: "who", account: "where", "permission set": "what" };
  const chosen = question.facets.organization.some;
  const known = data.idle.filter(([organization, kind, name, terms]) =>
    sought.includes(fields[kind]) &&
    (!chosen.length || chosen.includes(data.organizations[organization])) &&
    words(question[fields[kind]]).every((word) => fold(`${name} ${terms}`).includes(word))
  );
  if (known.length) {
    const names = known.slice(0, LISTED_IDLE).map(([, kind, name]) => `${name} (${kind})`).join(", ");
    const others = known.length > LISTED_IDLE ? ` and ${figure(known.length - LISTED_IDLE)} more` : "";
    return ` Known, but without access: ${names}${others}.`;
  }
  if (found.length || uncertain) return "";
  if (data.idleLeftOut) {
    return ` ${count(data.idleLeftOut, "more name")} without access ${
      data.idleLeftOut === 1 ? "is" : "are"
    } not listed on this page.`;
  }
  const isUnknown = (hits) => hits && !hits.includes(1);
  return sought.some((field) => isUnknown(matches[field])) ? " Nothing with this name is known." : "";
}
