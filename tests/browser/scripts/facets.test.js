import assert from "node:assert/strict";
import { facets, narrow } from "../../../sso_batch/report/page/scripts/facets.js";
import { parseQuestion } from "../../../sso_batch/report/page/scripts/question.js";
import { loadRun, ROWS } from "./made_up_run.js";

loadRun();

function answer(query, passes = () => true) {
  const [rows, counts] = narrow(ROWS, parseQuestion(`#access?${query}`), passes);
  const named = (name) =>
    Object.fromEntries(
      facets[name].values.map((value, at) => [value, counts[name][at]]).filter(([, number]) => number),
    );
  return { rows: [...rows], named };
}

Deno.test("without a question all rows are found, and every value is counted", () => {
  const { rows, named } = answer("");

  assert.deepEqual(rows, [0, 1, 2, 3, 4]);
  assert.deepEqual(named("level"), { ADMINISTRATOR: 3, READ: 2 });
  assert.deepEqual(named("organization"), { acme: 4, globex: 1 });
  assert.deepEqual(named("way"), { directly: 3, group: 2 });
  assert.deepEqual(named("state"), { disabled: 1, deleted: 1, closed: 1 });
  assert.deepEqual(named("new"), { yes: 2 });
});

Deno.test("an OU also counts for the OUs that it is in, and the root for none", () => {
  assert.deepEqual(answer("").named("ou"), { "Workloads": 4, "Workloads/Prod": 3, "Workloads/Dev": 1 });
  assert.deepEqual(answer("ou=Workloads").rows, [0, 1, 2, 4]);
});

Deno.test("values of one facet are alternatives, and facets are conditions together", () => {
  assert.deepEqual(answer("ou=Workloads/Prod&ou=Workloads/Dev").rows, [0, 1, 2, 4]);
  assert.deepEqual(answer("ou=Workloads/Prod&organization=acme").rows, [0, 1]);
  assert.deepEqual(answer("level=ADMINISTRATOR&way=directly").rows, [4]);
});

Deno.test("a value can be excluded, also from a wanted one", () => {
  assert.deepEqual(answer("not.level=ADMINISTRATOR").rows, [2, 3]);
  assert.deepEqual(answer("ou=Workloads&not.ou=Workloads/Prod").rows, [2]);
  assert.deepEqual(answer("not.state=disabled&not.state=deleted").rows, [0, 2, 4]);
});

Deno.test("a facet counts what each of its own values would give, within all other facets", () => {
  const { named } = answer("level=READ&organization=acme");

  assert.deepEqual(named("level"), { ADMINISTRATOR: 2, READ: 2 });
  assert.deepEqual(named("organization"), { acme: 2 });
  assert.deepEqual(named("way"), { directly: 2 });
});

Deno.test("rows that do not match the searched words are neither found nor counted", () => {
  const { rows, named } = answer("level=ADMINISTRATOR", (row) => row !== 1);

  assert.deepEqual(rows, [0, 4]);
  assert.deepEqual(named("state"), {});
});

Deno.test("an organization that was not read can be selected, and has no rows", () => {
  assert.ok(facets.organization.values.includes("initech"));
  assert.deepEqual(answer("organization=initech").rows, []);
  assert.deepEqual(answer("level=unknown value").rows, []);
});
