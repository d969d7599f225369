// The panel of a person, an account, a permission set or a group, in all organizations.
import { $, chip, count, duration, element, figure, moment } from "./dom.js";
import { levelWords } from "./facets.js";
import { attributesOf, data, emailOf, nameOf } from "./records.js";
import { partsOf } from "./paths.js";

const LISTED = 60;
const KINDS = {
  person: (key) => (row) => data.identities[data.personIdentity[data.rowPerson[row]]].key === key,
  account: (key) => (row) => data.accounts[data.grantAccount[data.rowGrant[row]]][0] === key,
  set: (key) => (row) => data.access[data.grantAccess[data.rowGrant[row]]][0] === key,
  group: (key) => (row) => {
    const [type, id, name] = data.principals[data.grantPrincipal[data.rowGrant[row]]];
    return type !== "USER" && (name || id) === key;
  },
};

// The rows of a profile; null if its kind is unknown. A person is found by the address in any case.
export function rowsOfProfile(profile) {
  const [kind, key] = profile.split(/:(.*)/s);
  if (!KINDS[kind]) return null;
  const is = KINDS[kind](kind === "person" ? key.normalize("NFC") : key), rows = [];
  for (let row = 0; row < data.rowGrant.length; row++) if (is(row)) rows.push(row);
  return rows;
}

export function showProfile(profile) {
  const panel = $("profile");
  const rows = profile && rowsOfProfile(profile);
  panel.hidden = !rows;
  if (!rows) return;
  const [kind, key] = profile.split(/:(.*)/s);
  const { title, lines } = rows.length
    ? titleOf(kind, key, rows)
    : { title: key, lines: ["It has no access."] };
  $("profile-title").textContent = title;
  $("profile-body").replaceChildren(
    ...lines.map((line) => typeof line === "string" ? element("p", line, { className: "soft" }) : line),
    facts(kind, rows),
    element("h3", "What it reaches".replace("it", kind === "person" ? "this person" : "it")),
    list(kind, rows),
  );
  $("profile-all").textContent = `Show all ${count(rows.length, "path")}`;
  Object.assign($("profile-all").dataset, questionOf(kind, key, rows));
}

function questionOf(kind, key, rows) {
  const field = { person: "who", account: "where", set: "what", group: "through" }[kind];
  const value = kind === "person" && rows.length ? emailOf(partsOf(rows[0]).person) : key;
  return { field, value };
}

const pairs = (entries) =>
  element(
    "dl",
    "",
    { className: "facts" },
    ...entries.filter(([, value]) => value !== "").flatMap(([name, value]) => [
      element("dt", name),
      element("dd", typeof value === "number" ? figure(value) : value === "NOT_READ" ? "not read" : value),
    ]),
  );

function titleOf(kind, key, rows) {
  const { account, target, principal } = partsOf(rows[0]);
  if (kind === "person") return describePerson(rows);
  if (kind === "account") {
    return {
      title: account[1] || key,
      lines: [pairs([["Account", key], ["OU", account[3]], ["State", account[2]]])],
    };
  }
  if (kind === "set") {
    return { title: key, lines: [describeSet(target), `Level: ${levelWords(target[3])}. ${target[4]}`] };
  }
  const members = new Set(rows.map((row) => data.rowPerson[row])).size;
  return { title: principal[2] || key, lines: [`A group of ${count(members, "user")}, by its access.`] };
}

function describePerson(rows) {
  const { people } = data.identities[data.personIdentity[data.rowPerson[rows[0]]]];
  const records = people.map((number) => data.people[number]);
  const first = records.find((each) => each[4] !== "DISABLED") ?? records[0];
  const organizations = [
    ...new Set(people.map((number) => data.organizations[data.personOrganization[number]])),
  ];
  const disabled = records.filter((each) => each[4] === "DISABLED").length;
  const joined = people.length > 1
    ? `${people.length} users in ${
      count(organizations.length, "organization")
    }, joined because their email address is the same.`
    : "One user.";
  const status = disabled
    ? `${figure(disabled)} of them disabled.`.replace("1 of them", people.length > 1 ? "1 of them" : "It is")
    : "Enabled.";
  const signIn = records.map((each) => each[6]).filter((at) => at && at !== "NOT_READ").sort().at(-1) ?? "";
  return {
    title: nameOf(first) || "unknown",
    lines: [
      emailOf(first),
      `${joined} ${status}`,
      pairs([
        ["Last sign-in", moment(signIn)],
        ...attributesOf(first).map((each) => each.split(/: (.*)/s).slice(0, 2)),
      ]),
    ],
  };
}

function describeSet(target) {
  const cells = data.sets.get(target[1]);
  if (!cells) return pairs([["Role", target[1]]]);
  const [description, session, managed, customer, inline, boundary, tags] = cells;
  return pairs([
    ["Description", description],
    ["Session", duration(session)],
    ["AWS managed policies", managed],
    ["Customer managed policies", customer],
    ["Inline policy", inline],
    ["Permissions boundary", boundary],
    ["Tags", tags],
    ["Not read", target[5]],
  ]);
}

function facts(kind, rows) {
  const distinct = (of) => new Set(rows.map(of)).size;
  const level = (row) => data.access[data.grantAccess[data.rowGrant[row]]][3];
  const admin = rows.filter((row) => level(row) === "ADMINISTRATOR");
  const accountOf = (row) => data.grantAccount[data.rowGrant[row]];
  return pairs([
    ["Organizations", distinct((row) => data.grantOrganization[data.rowGrant[row]])],
    ...(kind === "person" ? [] : [["People", distinct((row) => data.personIdentity[data.rowPerson[row]])]]),
    ...(kind === "account" ? [] : [["Accounts", distinct(accountOf)]]),
    kind === "account"
      ? ["Administrators", new Set(admin.map((row) => data.personIdentity[data.rowPerson[row]])).size]
      : ["Administrator of", new Set(admin.map(accountOf)).size],
    ["Access paths", rows.length],
  ]);
}

function list(kind, rows) {
  const strongest = ["ADMINISTRATOR", "CAN_ESCALATE", "MANAGES_ACCESS"];
  const rank = (row) => (strongest.indexOf(partsOf(row).target[3]) + 4) % 4 || 0;
  const order = [...rows].sort((one, other) =>
    (rank(one) === 3 ? 9 : rank(one)) - (rank(other) === 3 ? 9 : rank(other))
  );
  const items = order.slice(0, LISTED).map((row) => {
    const { person, account, target, principal, organization } = partsOf(row);
    const group = principal[0] === "USER" ? "directly" : `through ${principal[2] || principal[1]}`;
    const session = data.sets.get(target[1])?.[1] ?? "";
    const title = kind === "account" || kind === "set"
      ? nameOf(person) || person[5]
      : account[1] || account[0];
    return element(
      "li",
      "",
      {},
      element("b", title),
      " ",
      kind === "person" || kind === "group" || kind === "set"
        ? element("span", account[0], { className: "id" })
        : "",
      element(
        "small",
        [target[0], group, session && session !== "NOT_READ" ? duration(session) : "", organization].filter(
          Boolean,
        )
          .join(" · "),
      ),
      target[3] === "ADMINISTRATOR" ? chip("admin", "bad") : null,
    );
  });
  const more = rows.length > LISTED ? [element("li", `and ${figure(rows.length - LISTED)} more`)] : [];
  return element("ul", "", { className: "reach" }, ...items, ...more);
}
