import assert from "node:assert/strict";
import { toCsv } from "../../../sso_batch/report/page/scripts/exporting.js";

Deno.test("a cell that a spreadsheet would run as a formula starts with an apostrophe", () => {
  for (const first of ["=", "+", "-", "@", "\t", "＝", "＋", "－", "＠", "'"]) {
    assert.equal(toCsv([[`${first}1`]]), `'${first}1\r\n`);
  }
  assert.equal(toCsv([["\r=1"]]), `"'\r=1"\r\n`);
  assert.equal(toCsv([["1=1", "a@b", "10-2"]]), "1=1,a@b,10-2\r\n");
});

Deno.test("numbers stay numbers", () => {
  assert.equal(toCsv([[-1, 0, 1234567]]), "-1,0,1234567\r\n");
});

Deno.test("commas, quotes and line breaks are quoted", () => {
  assert.equal(
    toCsv([["a,b", 'say "x"', "two\nlines", "plain", ""]]),
    '"a,b","say ""x""","two\nlines",plain,\r\n',
  );
  assert.equal(toCsv([['=HYPERLINK("x","y")']]), `"'=HYPERLINK(""x"",""y"")"\r\n`);
});

Deno.test("every line has an end, and an empty list gives an empty text", () => {
  assert.equal(toCsv([["a"], ["b"]]), "a\r\nb\r\n");
  assert.equal(toCsv([]), "");
});
