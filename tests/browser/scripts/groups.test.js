import assert from "node:assert/strict";
import {
  groupRows,
  headingsOf,
  profileOfPerson,
  sortLines,
} from "../../../sso_batch/report/page/scripts/groups.js";
import { loadRun, ROWS } from "./made_up_run.js";

loadRun();

const table = (by, rows = ROWS) =>
  groupRows(rows, by).map(({ title, second, numbers }) => [title, second, ...numbers]);

Deno.test("users with one address are one person, in any case and with any spaces around it", () => {
  assert.deepEqual(table("person"), [
    ["Ada", "directly, admins", 3, 2, 2],
    ["Béla", "admins", 1, 1, 1],
    ["u-3", "directly", 1, 1, 1],
  ]);
  assert.equal(profileOfPerson(0), profileOfPerson(4));
});

Deno.test("accounts count people and kinds of access", () => {
  assert.deepEqual(table("account"), [
    ["shop", "Root/Workloads/Prod", 2, 1, 1],
    ["lab", "Root/Workloads/Dev", 1, 1, 1],
    ["old", "Root", 1, 1, 1],
    ["bank", "Root/Workloads/Prod", 1, 1, 1],
  ]);
});

Deno.test("permission sets with one name are one line", () => {
  assert.deepEqual(table("set"), [
    ["Admin", "administrator", 2, 2, 2],
    ["View", "reads only", 2, 2, 1],
  ]);
});

Deno.test("what is assigned directly is one line among the groups", () => {
  assert.deepEqual(table("group").map(([title]) => title), ["admins", "directly"]);
});

Deno.test("only the rows that were found count", () => {
  assert.deepEqual(table("person", Uint32Array.of(2)), [["Ada", "directly", 1, 1, 1]]);
  assert.deepEqual(table("set", Uint32Array.of()), []);
});

Deno.test("each number has a heading", () => {
  for (const by of ["person", "account", "set", "group"]) {
    assert.equal(headingsOf(by).length, 2 + groupRows(ROWS, by)[0].numbers.length);
  }
});

Deno.test("text is sorted from A to Z and numbers from the highest; descending turns it round", () => {
  const titles = (column, descending) =>
    sortLines(groupRows(ROWS, "person"), column, descending).map(({ title }) => title);

  assert.deepEqual(titles(0, false), ["Ada", "Béla", "u-3"]);
  assert.deepEqual(titles(0, true), ["u-3", "Béla", "Ada"]);
  assert.equal(titles(2, false)[0], "Ada");
  assert.equal(titles(2, true).at(-1), "Ada");
});
