// The data of the run: distinct people, accounts, access and principals; grants join them into rows, as numbers.
import { $, fold } from "./dom.js";

const firstKnown = (values) => values.find((value) => value && value !== "NOT_READ") ?? "";
export const nameOf = ([name, email, login, id]) => firstKnown([name, login, email, id]);
export const emailOf = ([, email, login, id]) => firstKnown([email, login, id]);
export const attributesOf = (person) => person.slice(7);
export const UNKNOWN = new Set(["MEMBERS_NOT_READ", "NOT_READ", "MEMBERS_NOT_SHOWN"]);
export const isUsable = (account) => ["ACTIVE", ""].includes(account[2]);

// A person is [name, email, login, id, status, state, last sign-in, ...attributes], an account [id, name, state,
// path], an access [name, ARN, type, level, reason, unread], a principal [type, id, group, members, new members].
export const data = {
  caveats: [],
  people: [],
  accounts: [],
  access: [],
  principals: [],
  idle: [],
  idleLeftOut: 0,
  organizations: [],
  sets: new Map(), // by ARN: description, session, policies, customer managed, inline, boundary, tags
  identities: [], // people with one address, across organizations
};

export function load() {
  data.caveats = JSON.parse($("caveat-data").textContent);
  const records = JSON.parse($("records").textContent);
  $("records").remove();
  data.organizations = records.map((record) => record.name);
  const grants = records.reduce((sum, record) => sum + record.grants.length / 3, 0);
  for (const name of ["grantAccount", "grantAccess", "grantPrincipal", "grantOrganization"]) {
    data[name] = new Uint32Array(grants);
  }
  data.grantNew = new Uint8Array(grants);
  data.personOrganization = [];
  let grant = 0;
  records.forEach((record, organization) => grant = addRecord(record, organization, grant));
  joinRows(grants);
  joinIdentities();
}

function addRecord(record, organization, first) {
  const { people, accounts, access, principals } = data;
  const [account0, access0, principal0, person0] = [accounts, access, principals, people].map((each) =>
    each.length
  );
  for (const account of record.accounts) accounts.push(account);
  for (const target of record.access) access.push(target);
  for (const person of record.people) {
    people.push(person);
    data.personOrganization.push(organization);
  }
  for (const principal of record.principals) {
    principal[3] = principal[3].map((person) => person + person0);
    principal[4] = new Set(principal[4].map((person) => person + person0));
    principals.push(principal);
  }
  for (const [arn, ...cells] of record.sets) data.sets.set(arn, cells);
  for (const entry of record.idle) data.idle.push([organization, ...entry]);
  data.idleLeftOut += record.idle_left_out;
  for (const number of record.new) data.grantNew[first + number] = 1;
  let grant = first;
  for (let at = 0; at < record.grants.length; at += 3, grant++) {
    data.grantAccount[grant] = record.grants[at] + account0;
    data.grantAccess[grant] = record.grants[at + 1] + access0;
    data.grantPrincipal[grant] = record.grants[at + 2] + principal0;
    data.grantOrganization[grant] = organization;
  }
  return grant;
}

function joinRows(grants) {
  const { principals, grantPrincipal } = data;
  let rows = 0, row = 0;
  for (let grant = 0; grant < grants; grant++) rows += principals[grantPrincipal[grant]][3].length;
  data.rowPerson = new Uint32Array(rows);
  data.rowGrant = new Uint32Array(rows);
  data.rowNew = new Uint8Array(rows);
  for (let grant = 0; grant < grants; grant++) {
    const [, , , members, joined] = principals[grantPrincipal[grant]];
    for (const person of members) {
      data.rowPerson[row] = person;
      data.rowNew[row] = data.grantNew[grant] || joined.has(person) ? 1 : 0;
      data.rowGrant[row++] = grant;
    }
  }
}

// One identity for all people with the same address: an address is the only thing that organizations share.
function joinIdentities() {
  const known = new Map();
  data.personIdentity = Uint32Array.from(data.people, (person, number) => {
    const key = identityKey(person, data.organizations[data.personOrganization[number]]);
    if (!known.has(key)) {
      known.set(key, data.identities.length);
      data.identities.push({ key, people: [] });
    }
    data.identities[known.get(key)].people.push(number);
    return known.get(key);
  });
}

function identityKey([, email, , id, , state], organization) {
  const address = email === "NOT_READ" ? "" : email.trim().normalize("NFC").toLowerCase();
  return address || `${organization}/${id || state}`;
}

export const searchTextOf = {
  who: (person) => fold([...person.slice(0, 4), ...attributesOf(person)].join(" ")),
  where: ([id, name, , path]) => fold(`${id} ${name} ${path}`),
  what: (target) => fold(target.slice(0, 2).join(" ")),
  through: ([type, id, group]) => fold(type === "USER" ? `directly ${id}` : `group ${group} ${id}`),
};
