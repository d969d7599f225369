// A made-up run of two organizations, loaded as the page loads its data.
import { prepareFacets } from "../../../sso_batch/report/page/scripts/facets.js";
import { load } from "../../../sso_batch/report/page/scripts/records.js";

// A person is [name, email, login, id, status, state, last sign-in].
const acme = {
  name: "acme",
  people: [
    ["Ada", "ada@acme.example", "ada", "u-1", "ENABLED", "OK", ""],
    ["Béla", "bela@acme.example", "bela", "u-2", "DISABLED", "OK", ""],
    ["", "", "", "u-3", "", "NOT_FOUND", ""],
  ],
  accounts: [
    ["000000000001", "shop", "ACTIVE", "Root/Workloads/Prod"],
    ["000000000002", "lab", "ACTIVE", "Root/Workloads/Dev"],
    ["000000000003", "old", "SUSPENDED", "Root"],
  ],
  access: [
    ["Admin", "arn:admin", "PERMISSION_SET", "ADMINISTRATOR", "", ""],
    ["View", "arn:view", "PERMISSION_SET", "READ", "", ""],
  ],
  principals: [
    ["GROUP", "g-1", "admins", [0, 1], [1]],
    ["USER", "u-1", "", [0], []],
    ["USER", "u-3", "", [2], []],
  ],
  // Account, access and principal of each grant; groups have a row for each member.
  grants: [0, 0, 0, 1, 1, 1, 2, 1, 2],
  new: [1],
  sets: [],
  idle: [],
  idle_left_out: 0,
};
const globex = {
  ...acme,
  name: "globex",
  people: [["Ada L.", " ADA@acme.example", "ada", "u-9", "ENABLED", "OK", ""]],
  accounts: [["000000000009", "bank", "ACTIVE", "Root/Workloads/Prod"]],
  access: [["Admin", "arn:other", "PERMISSION_SET", "ADMINISTRATOR", "", ""]],
  principals: [["USER", "u-9", "", [0], []]],
  grants: [0, 0, 0],
  new: [],
};
const nothingRead = { name: "initech", gaps: ["nothing was read"], unexamined: [], levels: [] };

export function loadRun() {
  const texts = {
    "records": JSON.stringify([acme, globex]),
    "caveat-data": JSON.stringify([nothingRead]),
  };
  globalThis.document = { getElementById: (id) => ({ textContent: texts[id], remove() {} }) };
  load();
  prepareFacets();
}

// The rows in order: Ada and Béla as admins, Ada as viewer, the deleted user, Ada in globex.
export const ROWS = Uint32Array.of(0, 1, 2, 3, 4);
