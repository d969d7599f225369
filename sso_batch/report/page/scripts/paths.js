// Access paths one by one: their cells, their order and their columns in a CSV file.
import { chip, fold } from "./dom.js";
import { attributesOf, data, emailOf, isUsable, nameOf, UNKNOWN } from "./records.js";
import { cell, tableRow } from "./table.js";
import { profileOfPerson } from "./groups.js";

export const PATH_HEADINGS = ["User", "Account", "Access", "Through", "Organization", "State"];
const CHIPS = { ADMINISTRATOR: "admin", CAN_ESCALATE: "can escalate", MANAGES_ACCESS: "manages access" };
const STATE_WORDS = {
  OK: "",
  EMPTY_GROUP: "empty group",
  NOT_FOUND: "deleted",
  MEMBER_NOT_FOUND: "deleted member",
  MEMBERS_NOT_READ: "members not read",
  NOT_READ: "not read",
  MEMBERS_NOT_SHOWN: "not on this page",
};

export function partsOf(row) {
  const grant = data.rowGrant[row];
  return {
    person: data.people[data.rowPerson[row]],
    account: data.accounts[data.grantAccount[grant]],
    target: data.access[data.grantAccess[grant]],
    principal: data.principals[data.grantPrincipal[grant]],
    organization: data.organizations[data.grantOrganization[grant]],
  };
}

const groupName = ([type, id, group]) => (type === "USER" ? "" : group || id);

export function pathLine(row, at) {
  const { person, account, target, principal, organization } = partsOf(row);
  const state = STATE_WORDS[person[5]] ?? person[5], [name, email] = [nameOf(person), emailOf(person)];
  const isRole = target[2] === "IAM_ROLE", group = groupName(principal);
  const who = person[5] === "MEMBERS_NOT_SHOWN" ? "" : email;
  const chips = [
    person[4] === "DISABLED" && chip("disabled", "caution"),
    data.rowNew[row] && !allNew() && chip("new", "new"),
  ];
  const tr = tableRow(
    at,
    [
      cell(
        "rowheader",
        name || (UNKNOWN.has(person[5]) ? "unknown" : "nobody"),
        { field: "who", value: who, profile: profileOfPerson(row), small: email === name ? "" : email },
        ...chips.filter(Boolean),
      ),
      cell(
        "cell",
        account[1] || account[0],
        {
          field: "where",
          value: account[0],
          profile: `account:${account[0]}`,
          id: account[0],
          small: account[3] ? ` · ${account[3]}` : "",
        },
        ...(isUsable(account) ? [] : [chip(account[2].toLowerCase())]),
      ),
      cell(
        "cell",
        target[0],
        {
          field: "what",
          value: isRole ? target[1] : target[0],
          profile: `set:${target[0]}`,
          small: isRole ? "IAM role" : "",
        },
        ...(CHIPS[target[3]]
          ? [chip(CHIPS[target[3]], target[3] === "ADMINISTRATOR" ? "bad" : "caution")]
          : []),
      ),
      cell("cell", group || "directly", {
        field: "through",
        value: group || "directly",
        profile: group && `group:${group}`,
        small: group ? "group" : "",
      }),
      cell("cell", organization, {}),
      cell("cell", state, { small: state ? person[5] : "" }),
    ],
    { row },
    state ? "odd" : "",
  );
  if (attributesOf(person).length) tr.firstChild.title = attributesOf(person).join("\n");
  return tr;
}

let everyRowIsNew;
const allNew = () => everyRowIsNew ??= data.rowNew.every(Boolean);

// Sorting: distinct values are ranked and rows are counting-sorted by rank. Equal rows keep their order.
export function sortPaths(rows, column, descending) {
  const { people, accounts, access, principals, organizations, rowPerson, rowGrant } = data;
  const [values, of] = [
    () => [people.map((each) => fold(nameOf(each) || "\uffff")), (row) => rowPerson[row]],
    () => [accounts.map(([id, name]) => fold(name || id)), (row) => data.grantAccount[rowGrant[row]]],
    () => [access.map(([name]) => fold(name)), (row) => data.grantAccess[rowGrant[row]]],
    () => [principals.map((each) => fold(groupName(each))), (row) => data.grantPrincipal[rowGrant[row]]],
    () => [organizations.map(fold), (row) => data.grantOrganization[rowGrant[row]]],
    () => [
      people.map((each) => each[5] === "OK" ? (each[4] === "DISABLED" ? "1" : "0") : each[5]),
      (row) => rowPerson[row],
    ],
  ][column]();
  const distinct = [...new Set(values)].sort();
  const ranks = new Map(
    distinct.map((value, rank) => [value, descending ? distinct.length - 1 - rank : rank]),
  );
  const rank = Uint32Array.from(values, (value) => ranks.get(value));
  const start = new Uint32Array(distinct.length + 1);
  for (const row of rows) start[rank[of(row)] + 1]++;
  for (let at = 1; at < start.length; at++) start[at] += start[at - 1];
  const next = new Uint32Array(rows.length);
  for (const row of rows) next[start[rank[of(row)]]++] = row;
  return next;
}

export const CSV_HEADINGS = [
  "UserName",
  "UserEmail",
  "UserId",
  "UserStatus",
  "PrincipalState",
  "AccountId",
  "AccountName",
  "AccountPath",
  "Access",
  "AccessType",
  "Privilege",
  "PrivilegeReason",
  "Through",
  "Organization",
];
export function csvLine(row) {
  const { person, account, target, principal, organization } = partsOf(row);
  const [name, email, , id, status, state] = person;
  return [
    name,
    email,
    id,
    status,
    state,
    account[0],
    account[1],
    account[3],
    target[0],
    target[2],
    target[3],
    target[4],
    groupName(principal) || "directly",
    organization,
  ];
}
