import assert from "node:assert/strict";
import {
  emptyQuestion,
  FACETS,
  formatQuestion,
  isAsked,
  parseQuestion,
  withFacet,
} from "../../../sso_batch/report/page/scripts/question.js";

const ODD = "a&b=c#d?e%20f+g h/ü☃\u{1f600}\"'<>\\\n";

Deno.test("a question survives its address, whatever characters it has", () => {
  const question = {
    ...emptyQuestion("access"),
    who: ODD,
    through: ODD,
    profile: `person:${ODD}`,
    sort: "-2",
  };
  for (const name of FACETS) question.facets[name] = { some: [ODD, "x"], not: [`not.${ODD}`] };

  assert.deepEqual(parseQuestion(formatQuestion(question)), question);
});

Deno.test("an empty question is only its section", () => {
  assert.equal(formatQuestion(emptyQuestion("findings")), "#findings");
  assert.deepEqual(parseQuestion("#findings"), emptyQuestion("findings"));
  assert.deepEqual(parseQuestion(""), emptyQuestion());
});

Deno.test("unknown keys of an address are ignored", () => {
  assert.deepEqual(
    parseQuestion("#access?who=ada&__proto__=x&not.who=y&color=red&constructor=z"),
    { ...emptyQuestion("access"), who: "ada" },
  );
});

Deno.test("a facet has values that are wanted and values that are not", () => {
  const question = parseQuestion("#access?level=READ&level=WRITE&not.ou=Prod");

  assert.deepEqual(question.facets.level, { some: ["READ", "WRITE"], not: [] });
  assert.deepEqual(question.facets.ou, { some: [], not: ["Prod"] });
});

Deno.test("a value moves between wanted, unwanted and neither, and the old question stays", () => {
  const question = parseQuestion("#access?level=READ");
  const unwanted = withFacet(question, "level", "READ", "not");

  assert.deepEqual(unwanted.facets.level, { some: [], not: ["READ"] });
  assert.deepEqual(withFacet(unwanted, "level", "READ", "").facets.level, { some: [], not: [] });
  assert.deepEqual(question.facets.level, { some: ["READ"], not: [] });
});

Deno.test("only words and facets ask something", () => {
  assert.ok(!isAsked({ ...emptyQuestion("access"), who: "  ", by: "person", profile: "account:1" }));
  assert.ok(isAsked({ ...emptyQuestion("access"), where: "prod" }));
  assert.ok(isAsked(withFacet(emptyQuestion(), "ou", "Prod", "not")));
});
