// Facets: what a row can be narrowed by. Every facet gives a row a code, and a code one or more values.
import { data, isUsable } from "./records.js";
import { FACETS } from "./question.js";

export const TITLES = {
  level: "Privilege",
  ou: "Environment (OU)",
  organization: "Organization",
  way: "Through",
  state: "Needs a look",
  new: "Since the last run",
};
const LEVELS = {
  ADMINISTRATOR: "administrator",
  CAN_ESCALATE: "can become administrator",
  MANAGES_ACCESS: "manages access",
  WRITE: "makes changes",
  READ: "reads only",
  NONE: "does nothing",
  NOT_READ: "not read",
};
const STATES = {
  disabled: "disabled user",
  deleted: "deleted user or group",
  empty: "empty group",
  unknown: "unknown user",
  closed: "account not active",
  role: "IAM role",
};
export const levelWords = (level) => LEVELS[level] ?? level;

// For each facet: `values` in order with their labels, `of` the code of a row, `has` the values of a code.
export const facets = {};

export function prepareFacets() {
  const {
    access,
    accounts,
    principals,
    people,
    grantAccess,
    grantAccount,
    grantPrincipal,
    rowGrant,
    rowPerson,
  } = data;
  const byGrant = (codes, grants) => {
    const code = Uint16Array.from(grants, (number) => codes[number]);
    return (row) => code[rowGrant[row]];
  };
  const levels = Object.keys(LEVELS);
  facets.level = plain(levels, LEVELS, byGrant(access.map((each) => levels.indexOf(each[3])), grantAccess));
  const [paths, codes] = ouPaths(accounts);
  facets.ou = {
    values: paths.values,
    label: (value) => value,
    of: byGrant(codes, grantAccount),
    has: paths.has,
  };
  const organizations = data.organizations;
  const organization = Uint16Array.from(data.grantOrganization);
  const unread = data.caveats.map(({ name }) => name).filter((name) => !organizations.includes(name));
  facets.organization = plain([...organizations, ...unread], {}, (row) => organization[rowGrant[row]]);
  const way = principals.map(([type]) => (type === "USER" ? 0 : 1));
  facets.way = plain(["directly", "group"], { group: "a group" }, byGrant(way, grantPrincipal));
  const ofPerson = Uint8Array.from(people, stateOf);
  const ofGrant = Uint8Array.from(
    grantAccount,
    (account, grant) =>
      (isUsable(accounts[account]) ? 0 : 16) | (access[grantAccess[grant]][2] === "IAM_ROLE" ? 32 : 0),
  );
  facets.state = {
    values: Object.keys(STATES),
    label: (value) => STATES[value],
    of: (row) => ofPerson[rowPerson[row]] | ofGrant[rowGrant[row]],
    has: Array.from({ length: 64 }, (_, code) => [0, 1, 2, 3, 4, 5].filter((bit) => code & (1 << bit))),
  };
  // If all rows are new, this is the first run and nothing is new since another one.
  const first = data.rowNew.every(Boolean);
  facets.new = plain(first ? [] : ["yes"], { yes: "new" }, (row) => (first ? 1 : 1 - data.rowNew[row]));
}

const stateOf = ([, , , , status, state]) =>
  (status === "DISABLED" ? 1 : 0) | (/NOT_FOUND/.test(state) ? 2 : 0) | (state === "EMPTY_GROUP" ? 4 : 0) |
  (["MEMBERS_NOT_READ", "NOT_READ", "MEMBERS_NOT_SHOWN"].includes(state) ? 8 : 0);

function plain(values, labels, of) {
  const has = values.map((_, code) => [code]);
  return { values, label: (value) => labels[value] ?? value, of, has: new Proxy(has, { get: getOrNone }) };
}
const getOrNone = (list, key) => list[key] ?? (/^\d+$/.test(String(key)) ? [] : undefined);

// Every OU also counts for the OUs that it is in; the root itself is left out.
function ouPaths(accounts) {
  const codes = new Map(), values = new Map(), has = [];
  const of = accounts.map(([, , , path]) => {
    if (!codes.has(path)) {
      codes.set(path, has.length);
      const parts = path === "NOT_READ" ? [] : path.split(/(?<!\\)\//).slice(1);
      has.push(parts.map((_, depth) => numbered(values, parts.slice(0, depth + 1).join("/"))));
    }
    return codes.get(path);
  });
  return [{ values: [...values.keys()], has }, of];
}

function numbered(values, key) {
  if (!values.has(key)) values.set(key, values.size);
  return values.get(key);
}

// Which codes of a facet a question allows: one of the wanted values, and none of the unwanted ones.
export function allowedCodes(facet, { some, not }) {
  if (!some.length && !not.length) return null;
  const wanted = new Set(some.map((value) => facet.values.indexOf(value)));
  const unwanted = new Set(not.map((value) => facet.values.indexOf(value)));
  return (code) => {
    const has = facet.has[code] ?? [];
    return (!some.length || has.some((value) => wanted.has(value))) &&
      !has.some((value) => unwanted.has(value));
  };
}

// Filters rows by all facets and counts, for each facet, what each of its values would give.
export function narrow(rows, question, passes) {
  const all = FACETS.map((name) => facets[name]);
  const size = FACETS.map((name) =>
    Math.max(facets[name].has.length || 0, facets[name].values.length, 2) + 1
  );
  const tallies = size.map((length) => new Uint32Array(length));
  const allowed = FACETS.map((name, at) => {
    const test = allowedCodes(facets[name], question.facets[name]);
    return test && Uint8Array.from({ length: size[at] }, (_, code) => (test(code) ? 1 : 0));
  });
  const codes = new Uint32Array(all.length), into = new Uint32Array(rows.length);
  let length = 0;
  for (const row of rows) {
    let failed = 0, which = -1;
    for (let at = 0; at < all.length && failed < 2; at++) {
      codes[at] = all[at].of(row);
      if (allowed[at] && !allowed[at][codes[at]]) {
        failed++;
        which = at;
      }
    }
    if (failed > 1 || !passes(row)) continue;
    if (failed) tallies[which][codes[which]]++;
    else {
      for (let at = 0; at < all.length; at++) tallies[at][codes[at]]++;
      into[length++] = row;
    }
  }
  return [
    into.subarray(0, length),
    Object.fromEntries(FACETS.map((name, at) => [name, valueCounts(name, tallies[at])])),
  ];
}

function valueCounts(name, tally) {
  const counts = new Uint32Array(facets[name].values.length);
  tally.forEach((number, code) => {
    if (number) { for (const value of facets[name].has[code] ?? []) counts[value] += number; }
  });
  return counts;
}
