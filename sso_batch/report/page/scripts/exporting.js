// Takes answers out of the page: CSV files, tables and links for the clipboard.
import { element, say } from "./dom.js";

// A spreadsheet runs a cell that begins like a formula, so an apostrophe goes before it.
const inert = (text) => /^[=+\-@\t\r＝＋－＠']/.test(text) ? `'${text}` : text;

export const toCsv = (lines) =>
  lines.map((cells) =>
    cells.map((cell) => {
      const text = typeof cell === "number" ? String(cell) : inert(String(cell));
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    }).join(",") + "\r\n"
  ).join("");

export function download(name, text) {
  const link = element("a", "", {
    href: URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" })),
    download: name,
  });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", "", { value: text, className: "unseen" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${what} copied.`);
}

export const linkTo = (hash) => location.href.replace(/#.*$/s, "") + hash;

// The table of an issue as text with tabs, which spreadsheets and tickets take as a table.
export const tableText = (table) =>
  [...table.rows].map((row) =>
    [...row.cells].map((cell) => cell.innerText.replace(/\s+/g, " ").trim()).join("\t")
  ).join("\n");
