// The rows that were found, by person, account, permission set or group: one line each, with what it reaches.
import { figure, fold } from "./dom.js";
import { levelWords } from "./facets.js";
import { data, emailOf, nameOf } from "./records.js";

const RANKS = ["ADMINISTRATOR", "CAN_ESCALATE", "MANAGES_ACCESS", "WRITE", "READ", "NONE", "NOT_READ"];

const accountOf = (row) => data.grantAccount[data.rowGrant[row]];
const identityOf = (row) => data.personIdentity[data.rowPerson[row]];
const accessKeys = () => keysOf(data.access, ([name, , type]) => `${type}/${name}`);
const groupKeys = () =>
  keysOf(data.principals, ([type, id, group]) => type === "USER" ? "directly" : group || id);

// Numbers that are equal for records with the same key, such as permission sets with one name.
const known = new Map();
function keysOf(table, key) {
  if (!known.has(table)) {
    const numbers = new Map();
    known.set(
      table,
      Uint32Array.from(table, (record) => numbers.get(key(record)) ?? add(numbers, key(record))),
    );
  }
  return known.get(table);
}
function add(numbers, key) {
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}
const accessOf = (row) => accessKeys()[data.grantAccess[data.rowGrant[row]]];
const groupOf = (row) => groupKeys()[data.grantPrincipal[data.rowGrant[row]]];

const WAYS = {
  person: { of: identityOf, counts: [accountOf, accessOf], title: "Person" },
  account: { of: accountOf, counts: [identityOf, accessOf], title: "Account" },
  set: { of: accessOf, counts: [identityOf, accountOf], title: "Permission set or role" },
  group: { of: groupOf, counts: [identityOf, accountOf], title: "Group" },
};
const COUNTED = { person: ["Accounts", "Kinds of access"], account: ["Users", "Kinds of access"] };

export const headingsOf = (by) => [
  WAYS[by].title,
  by === "person" ? "Through" : by === "account" ? "OU" : "Highest level",
  ...(COUNTED[by] ?? ["Users", "Accounts"]),
  "Organizations",
];

// Returns the lines of a tab: a title, a small text, a second cell, numbers, and a profile to open.
export function groupRows(rows, by) {
  const { of, counts: [first, second] } = WAYS[by];
  const groups = new Map();
  for (const row of rows) {
    const key = of(row);
    let group = groups.get(key);
    if (!group) {
      group = {
        row,
        first: new Set(),
        second: new Set(),
        organizations: new Set(),
        ways: new Set(),
        level: 9,
      };
      groups.set(key, group);
    }
    const grant = data.rowGrant[row];
    if (by === "person" || data.people[data.rowPerson[row]][3]) group.first.add(first(row));
    group.second.add(second(row));
    group.organizations.add(data.grantOrganization[grant]);
    if (by === "person") group.ways.add(data.grantPrincipal[grant]);
    const rank = RANKS.indexOf(data.access[data.grantAccess[grant]][3]);
    if (rank < group.level) group.level = rank;
  }
  return [...groups.values()].map((group) => lineOf(group, by));
}

function lineOf(group, by) {
  const numbers = [group.first.size, group.second.size, group.organizations.size];
  const level = RANKS[group.level] ?? "NOT_READ";
  return { ...describe(group, by), numbers, level, row: group.row };
}

function describe({ row, ways, level }, by) {
  const grant = data.rowGrant[row], person = data.people[data.rowPerson[row]];
  const target = data.access[data.grantAccess[grant]],
    principal = data.principals[data.grantPrincipal[grant]];
  if (by === "person") {
    const disabled = person[4] === "DISABLED";
    const name = nameOf(person);
    return {
      title: name || (person[5] === "OK" ? "unknown" : person[5].toLowerCase().replaceAll("_", " ")),
      small: emailOf(person) === name ? "" : emailOf(person),
      second: waysOf(ways),
      chips: disabled ? ["disabled"] : [],
      profile: profileOfPerson(row),
    };
  }
  if (by === "account") {
    const [id, name, , path] = data.accounts[data.grantAccount[grant]];
    return {
      title: name || id,
      small: id,
      second: path === "NOT_READ" ? "" : path,
      chips: [],
      profile: `account:${id}`,
    };
  }
  const words = levelWords(RANKS[level] ?? "NOT_READ");
  if (by === "set") {
    return {
      title: target[0],
      small: target[2] === "IAM_ROLE" ? "IAM role" : "",
      second: words,
      chips: [],
      profile: `set:${target[0]}`,
    };
  }
  const group = principal[0] === "USER" ? "" : principal[2] || principal[1];
  return {
    title: group || "directly",
    small: "",
    second: words,
    chips: [],
    profile: group && `group:${group}`,
  };
}

export const profileOfPerson = (row) =>
  data.people[data.rowPerson[row]][3] && data.people[data.rowPerson[row]][5] !== "MEMBERS_NOT_SHOWN"
    ? `person:${data.identities[identityOf(row)].key}`
    : "";

function waysOf(ways) {
  const names = [...ways].map((number) => data.principals[number]);
  const groups = [...new Set(names.filter(([type]) => type !== "USER").map(([, id, group]) => group || id))];
  const direct = names.some(([type]) => type === "USER") ? ["directly"] : [];
  const all = [...direct, ...groups.sort()];
  return all.slice(0, 3).join(", ") + (all.length > 3 ? ` and ${figure(all.length - 3)} more` : "");
}

// Sorts lines by a column: text from A to Z, numbers from the highest; once more turns it round.
export function sortLines(lines, column, descending) {
  const text = (line) => fold(column ? line.second : line.title);
  const compare = column < 2
    ? (one, other) => text(one) < text(other) ? -1 : text(one) > text(other) ? 1 : 0
    : (one, other) => other.numbers[column - 2] - one.numbers[column - 2];
  return lines.sort((one, other) => descending ? compare(other, one) : compare(one, other));
}
