"use strict";
// The explorer: puts rows together from grants and memberships, filters, sorts, and shows a window of them.
(() => {
  const $ = (id) => document.getElementById(id);
  const PRINTED = 2000;
  const COLUMNS = ["Person", "Account", "With", "Through", "Organization", "State"];
  const STATES = {
    OK: "", EMPTY_GROUP: "empty group", NOT_FOUND: "is gone", MEMBER_NOT_FOUND: "member is gone",
    MEMBERS_NOT_READ: "members not read", NOT_READ: "not read", MEMBERS_NOT_SHOWN: "not on this page",
  };
  const nameOf = ([name, email, login, id]) => [name, login, email, id].find((one) => one && one !== "NOT_READ") ?? "";
  const mailOf = ([, email, login, id]) => [email, login, id].find((one) => one && one !== "NOT_READ") ?? "";
  const UNKNOWN = new Set(["MEMBERS_NOT_READ", "NOT_READ", "MEMBERS_NOT_SHOWN"]);
  const figure = (number) => number.toLocaleString("en");
  const some = (number, one, more) => `${figure(number)} ${number === 1 ? one : more}`;
  const fold = (text) => (/[^\x00-\x7f]/.test(text) ? text.normalize("NFKD").replace(/\p{M}+/gu, "") : text).toLowerCase();
  const element = (name, text, properties) => Object.assign(document.createElement(name), { textContent: text ?? "" }, properties);

  // What is known. A record of people is [name, email, login, id, status, state], of accounts
  // [id, name, state, path], of access [name, ARN, type, administrative], of principals
  // [type, id, group, members]; a grant is three numbers: account, access, principal.
  const doubts = JSON.parse($("doubts").textContent);
  const people = [], accounts = [], access = [], principals = [], idle = [];
  let idleLeftOut = 0;
  let rowPerson, rowGrant, grantAccount, grantAccess, grantPrincipal, grantOrganization, organizations;

  function load() {
    const read = JSON.parse($("records").textContent);
    $("records").remove();
    organizations = read.map((one) => one.name);
    const grants = read.reduce((sum, one) => sum + one.grants.length / 3, 0);
    [grantAccount, grantAccess, grantPrincipal, grantOrganization] = [0, 0, 0, 0].map(() => new Uint32Array(grants));
    let grant = 0, rows = 0;
    read.forEach((one, organization) => {
      const [a, x, p, h] = [accounts, access, principals, people].map((table) => table.length);
      for (const [table, more] of [[accounts, one.accounts], [access, one.access], [people, one.people]]) for (const record of more) table.push(record);
      for (const record of one.principals) { record[3] = record[3].map((person) => person + h); principals.push(record); }
      for (const record of one.idle) idle.push([organization, ...record]);
      idleLeftOut += one.idle_left_out;
      for (let at = 0; at < one.grants.length; at += 3, grant++) {
        grantAccount[grant] = one.grants[at] + a;
        grantAccess[grant] = one.grants[at + 1] + x;
        grantPrincipal[grant] = one.grants[at + 2] + p;
        grantOrganization[grant] = organization;
        rows += principals[grantPrincipal[grant]][3].length;
      }
    });
    rowPerson = new Uint32Array(rows);
    rowGrant = new Uint32Array(rows);
    let row = 0;
    for (grant = 0; grant < grants; grant++) {
      for (const person of principals[grantPrincipal[grant]][3]) { rowPerson[row] = person; rowGrant[row++] = grant; }
    }
    order = Uint32Array.from({ length: rows }, (_, number) => number);
    found = order;
  }

  // Searching: each distinct person, account, set and group is looked at once; rows are only numbers.
  const hay = new Map();
  const words = (query) => fold(query).split(/\s+/).filter(Boolean);
  const texts = { who: [people, (one) => one.slice(0, 4)], where: [accounts, (one) => [one[0], one[1], one[3]]],
    what: [access, (one) => one.slice(0, 2)], through: [principals, (one) => (one[0] === "USER" ? ["directly", one[1]] : ["group", one[2], one[1]])] };

  function matches(field) {
    const sought = words($(field).value);
    if (!sought.length) return null;
    const [table, text] = texts[field];
    if (!hay.has(field)) hay.set(field, table.map((one) => fold(text(one).join(" "))));
    return Uint8Array.from(hay.get(field), (one) => (sought.every((word) => one.includes(word)) ? 1 : 0));
  }

  const needsLook = (person, account) => person[5] !== "OK" || person[4] === "DISABLED" || !["ACTIVE", ""].includes(account[2]);
  let order, found, possible;

  function search() {
    const [who, where, what, through] = ["who", "where", "what", "through"].map(matches);
    const chosen = $("organization").value ? organizations.indexOf($("organization").value) : null;
    const kind = $("kind").value, admin = $("admin").checked;
    const into = new Uint32Array(order.length);
    let length = 0;
    possible = 0;
    for (const row of order) {
      const grant = rowGrant[row], person = people[rowPerson[row]];
      if (chosen !== null && grantOrganization[grant] !== chosen) continue;
      if (where && !where[grantAccount[grant]]) continue;
      if (what && !what[grantAccess[grant]]) continue;
      if (through && !through[grantPrincipal[grant]]) continue;
      if (admin && !access[grantAccess[grant]][3]) continue;
      if (kind === "look" && !needsLook(person, accounts[grantAccount[grant]])) continue;
      if (kind === "unknown" && !UNKNOWN.has(person[5])) continue;
      if (kind === "IAM_ROLE" && access[grantAccess[grant]][2] !== "IAM_ROLE") continue;
      if (who && !who[rowPerson[row]]) { if (UNKNOWN.has(person[5])) possible++; continue; }
      into[length++] = row;
    }
    found = into.subarray(0, length);
    tell();
    $("rows").scrollTop = 0;
    show();
  }

  // The answer, and beside it whatever could make it wrong.
  function tell() {
    const sought = ["who", "where", "what", "through"].filter((field) => words($(field).value).length);
    const chosen = $("organization").value;
    const scope = doubts.filter((one) => !chosen || one.name === chosen);
    const holes = scope.flatMap((one) => one.holes.map((hole) => [one.name, hole]));
    if ($("admin").checked) holes.push(...scope.filter((one) => one.administrators.length).map((one) => [one.name, `somebody may be an administrator unseen. Not read: ${one.administrators.join("; ")}`]));
    const unexamined = [...new Set(scope.flatMap((one) => one.unexamined))];
    if (possible) holes.unshift(["", `${some(possible, "row stands", "rows stand")} for people who are not known here, and whoever you look for may be among them: choose the rows “whose people are not known”`]);
    const distinct = (of) => new Set(Array.from(found, of)).size;
    const known = new Set(Array.from(found, (row) => rowPerson[row]).filter((person) => people[person][3] && people[person][5] !== "MEMBERS_NOT_SHOWN")).size;
    let text = `${some(found.length, "way", "ways")}`;
    if (found.length) {
      text += `: ${some(known, "person", "people")}, ${some(distinct((row) => grantAccount[rowGrant[row]]), "account", "accounts")}, ${some(distinct((row) => grantAccess[rowGrant[row]]), "permission set or role", "permission sets or roles")}.`;
    } else {
      text = holes.length ? "No way found in what was read. This does not prove that there is none."
        : unexamined.length ? "No way in all that was examined." : "No way: everything was read.";
    }
    if (sought.length) text += without(sought, chosen, holes.length > 0);
    $("answer").textContent = text;
    $("answer").className = found.length ? "" : holes.length ? "hole" : "nothing";
    const list = element("ul");
    for (const [name, hole] of holes.slice(0, 12)) {
      const item = element("li");
      item.append(element("b", name), name ? ": " : "", hole);
      list.append(item);
    }
    if (holes.length > 12) list.append(element("li", `and in ${holes.length - 12} more`));
    $("caveats").replaceChildren(...(holes.length ? [element("p", "What may be missing from this answer:"), list] : []),
      ...(unexamined.length ? [element("p", `Not examined: ${unexamined.join("; ")}.`, { className: "soft" })] : []));
  }

  // Who and what is known, matches, and has no way at all.
  function without(sought, chosen, uncertain) {
    const kinds = { person: "who", account: "where", "permission set": "what" };
    const known = idle.filter(([organization, kind, name, more]) => sought.includes(kinds[kind])
      && (!chosen || organizations[organization] === chosen)
      && words($(kinds[kind]).value).every((word) => fold(`${name} ${more}`).includes(word)));
    const named = known.slice(0, 8).map(([, kind, name]) => `${name} (${kind})`).join(", ");
    if (known.length) return ` Known, but without any way: ${named}${known.length > 8 ? ` and ${figure(known.length - 8)} more` : ""}.`;
    if (found.length || uncertain) return "";
    if (idleLeftOut) return ` ${some(idleLeftOut, "more name", "more names")} without any way are not listed on this page.`;
    return sought.some((field) => { const hits = matches(field); return hits && !hits.includes(1); })
      ? " Nothing of that name is known." : "";
  }

  // Sorting: distinct values get a rank, rows are counted into place by it. Equal ones stay as they were.
  let sorted = null, descending = false;
  const keys = [
    [people, (one) => fold(nameOf(one) || "\uffff"), (row) => rowPerson[row]],
    [accounts, (one) => fold(one[1] || one[0]), (row) => grantAccount[rowGrant[row]]],
    [access, (one) => fold(one[0]), (row) => grantAccess[rowGrant[row]]],
    [principals, (one) => (one[0] === "USER" ? "" : fold(one[2] || one[1])), (row) => grantPrincipal[rowGrant[row]]],
    [null, null, (row) => grantOrganization[rowGrant[row]]],
    [people, (one) => one[5] === "OK" ? (one[4] === "DISABLED" ? "1" : "0") : one[5], (row) => rowPerson[row]],
  ];

  function sort(column) {
    descending = sorted === column && !descending;
    sorted = column;
    const [table, key, of] = keys[column];
    const values = (table ? table.map(key) : organizations.map(fold));
    const distinct = [...new Set(values)].sort();
    const ranks = new Map(distinct.map((value, rank) => [value, descending ? distinct.length - 1 - rank : rank]));
    const rank = Uint32Array.from(values, (value) => ranks.get(value));
    const start = new Uint32Array(distinct.length + 1);
    for (let row = 0; row < order.length; row++) start[rank[of(row)] + 1]++;
    for (let at = 1; at < start.length; at++) start[at] += start[at - 1];
    const next = new Uint32Array(order.length);
    for (let row = 0; row < order.length; row++) next[start[rank[of(row)]]++] = row;
    order = next;
    [...$("headings").children].forEach((heading, at) => heading.setAttribute("aria-sort", at !== column ? "none" : descending ? "descending" : "ascending"));
    search();
  }

  // Showing: only the rows in sight are in the document, between two rows as high as all the others.
  const SPARE = 12;
  let shown = [-1, -1];
  const chip = (text) => element("span", text, { className: "chip" });

  function cell(role, field, value, title, small, ...chips) {
    const td = element(role === "rowheader" ? "th" : "td");
    td.setAttribute("role", role);
    if (role === "rowheader") td.scope = "row";
    if (field && value) td.append(element("button", title, { type: "button", title: `Search for ${value}`, className: "pick" }));
    else td.append(title);
    if (field && value) Object.assign(td.firstChild.dataset, { field, value });
    if (small || chips.length) td.append(element("small"));
    if (small || chips.length) td.lastChild.append(...chips, small);
    return td;
  }

  function line(at) {
    const row = found[at], grant = rowGrant[row], person = people[rowPerson[row]];
    const [account, set, principal] = [accounts[grantAccount[grant]], access[grantAccess[grant]], principals[grantPrincipal[grant]]];
    const tr = element("tr", "");
    tr.setAttribute("role", "row");
    tr.setAttribute("aria-rowindex", at + 2);
    tr.dataset.row = row;
    const state = STATES[person[5]] ?? person[5];
    const [name, mail] = [nameOf(person), mailOf(person)];
    const group = principal[0] === "USER" ? "" : principal[2] || principal[1];
    tr.append(
      cell("rowheader", "who", person[5] === "MEMBERS_NOT_SHOWN" ? "" : mail, name || (UNKNOWN.has(person[5]) ? "not known" : "nobody"), mail === name ? "" : mail, ...(person[4] === "DISABLED" ? [chip("disabled")] : [])),
      cell("cell", "where", account[0], account[1] || account[0], account[3] ? ` · ${account[3]}` : "", element("span", account[0], { className: "id" }), ...(["ACTIVE", ""].includes(account[2]) ? [] : [chip(account[2].toLowerCase())])),
      cell("cell", "what", set[2] === "IAM_ROLE" ? set[1] : set[0], set[0], set[2] === "IAM_ROLE" ? "IAM role" : "", ...(set[3] ? [chip("admin")] : [])),
      cell("cell", "through", group || "directly", group || "directly", group ? "group" : ""),
      cell("cell", "", "", organizations[grantOrganization[grant]]),
      cell("cell", "", "", state, state ? person[5] : ""),
    );
    if (state) tr.className = "odd";
    return tr;
  }

  function spacer(rows, height) {
    const tr = element("tr", "", { className: "spacer", hidden: !rows });
    tr.setAttribute("aria-hidden", "true");
    const td = element("td", "", { colSpan: COLUMNS.length });
    td.style.height = tr.style.height = `${rows * height}px`;
    tr.append(td);
    return tr;
  }

  const rowHeight = () => parseFloat(getComputedStyle($("rows")).getPropertyValue("--row"));

  function show(everything = false) {
    const height = rowHeight(), view = $("rows");
    const first = everything ? 0 : Math.max(0, Math.min(Math.floor(view.scrollTop / height), found.length - 1) - SPARE);
    const last = everything ? Math.min(found.length, PRINTED) : Math.min(found.length, first + Math.ceil(view.clientHeight / height) + 2 * SPARE);
    const focus = document.activeElement?.closest?.("#body button");
    const at = focus && [focus.closest("tr").dataset.row, focus.dataset.field];
    view.hidden = !found.length;
    view.firstElementChild.setAttribute("aria-rowcount", found.length + 1);
    $("body").replaceChildren(spacer(first, height), ...Array.from({ length: last - first }, (_, number) => line(first + number)), spacer(everything ? 0 : found.length - last, height));
    shown = [first, last];
    if (at) ($("body").querySelector(`tr[data-row="${at[0]}"] [data-field="${at[1]}"]`) ?? view).focus({ preventScroll: true });
  }

  function scrolled() {
    const height = rowHeight(), view = $("rows");
    const top = Math.floor(view.scrollTop / height), bottom = Math.min(found.length, Math.ceil((view.scrollTop + view.clientHeight) / height));
    if (top < shown[0] || bottom > shown[1]) show();
  }

  // Around it: dark and light, printing, and what a click does.
  function dress() {
    const theme = (dark) => {
      document.documentElement.dataset.theme = dark ? "dark" : "light";
      $("theme").setAttribute("aria-pressed", dark);
    };
    theme(matchMedia("(prefers-color-scheme: dark)").matches);
    $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
    $("print").addEventListener("click", () => print());
    $("tools").hidden = false;
    const closed = [];
    addEventListener("beforeprint", () => {
      closed.push(...document.querySelectorAll("details:not([open], .screen)"));
      for (const one of closed) one.open = true;
      show(true);
      if (found.length > PRINTED && !$("cut")) $("caveats").prepend(element("p", `Printed are the first ${figure(PRINTED)} of ${some(found.length, "row", "rows")}; search for fewer, or take the CSV files.`, { id: "cut" }));
    });
    addEventListener("afterprint", () => {
      for (const one of closed.splice(0)) one.open = false;
      $("cut")?.remove();
      show();
    });
  }

  function begin() {
    load();
    COLUMNS.forEach((name, column) => {
      const heading = element("th", "", { scope: "col" });
      heading.setAttribute("role", "columnheader");
      heading.setAttribute("aria-sort", "none");
      heading.append(element("button", name, { type: "button" }));
      heading.firstChild.addEventListener("click", () => sort(column));
      $("headings").append(heading);
    });
    $("rows").firstElementChild.setAttribute("aria-colcount", COLUMNS.length);
    let waiting;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(search, 100); };
    $("search").addEventListener("input", soon);
    $("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
    $("search").addEventListener("reset", () => setTimeout(search));
    $("rows").addEventListener("scroll", scrolled, { passive: true });
    addEventListener("resize", () => show());
    $("body").addEventListener("click", (event) => {
      const { field, value } = event.target.dataset;
      if (field) { $(field).value = value; search(); $(field).focus(); }
    });
    document.addEventListener("click", (event) => {
      const name = event.target.closest("[data-explore]")?.dataset.explore;
      if (name) { $("organization").value = name; search(); }
    });
    $("search").hidden = false;
    search();
    document.documentElement.dataset.ready = "yes";
    performance.mark("ready");
  }

  dress();
  requestAnimationFrame(() => setTimeout(begin));
})();
