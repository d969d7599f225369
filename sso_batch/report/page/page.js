"use strict";
// The explorer: joins grants and memberships into rows, filters and sorts them, and shows the visible ones.
(() => {
  const $ = (id) => document.getElementById(id);
  const PRINTED_ROWS = 2000;
  const LISTED_CAVEATS = 12;
  const LISTED_IDLE = 8;
  const COLUMNS = ["User", "Account", "Access", "Through", "Organization", "State"];
  const FIELDS = ["who", "where", "what", "through"];
  const STATES = {
    OK: "",
    EMPTY_GROUP: "empty group",
    NOT_FOUND: "deleted",
    MEMBER_NOT_FOUND: "deleted member",
    MEMBERS_NOT_READ: "members not read",
    NOT_READ: "not read",
    MEMBERS_NOT_SHOWN: "not on this page",
  };
  const firstKnown = (values) => values.find((value) => value && value !== "NOT_READ") ?? "";
  const nameOf = ([name, email, login, id]) => firstKnown([name, login, email, id]);
  const emailOf = ([, email, login, id]) => firstKnown([email, login, id]);
  const attributesOf = (person) => person.slice(6);
  const UNKNOWN = new Set(["MEMBERS_NOT_READ", "NOT_READ", "MEMBERS_NOT_SHOWN"]);
  const CHIPS = { ADMINISTRATOR: "admin", CAN_ESCALATE: "can escalate", MANAGES_ACCESS: "manages access" };
  const isUsable = (account) => ["ACTIVE", ""].includes(account[2]);
  const figure = (number) => number.toLocaleString("en");
  const count = (number, singular, plural) => `${figure(number)} ${number === 1 ? singular : plural}`;
  const withoutMarks = (text) => text.normalize("NFKD").replace(/\p{M}+/gu, "");
  const fold = (text) => (/[\u0080-\uffff]/.test(text) ? withoutMarks(text) : text).toLowerCase();
  const element = (name, text, properties) =>
    Object.assign(document.createElement(name), { textContent: text ?? "" }, properties);

  // The data. A person is [name, email, login, id, status, state, ...attributes], an account [id, name, state,
  // path], an access [name, ARN, type, level], a principal [type, id, group, members], and a grant three
  // numbers: account, access, principal.
  const caveats = JSON.parse($("caveat-data").textContent);
  const people = [], accounts = [], access = [], principals = [], idle = [];
  let idleLeftOut = 0;
  let rowPerson, rowGrant, grantAccount, grantAccess, grantPrincipal, grantOrganization, organizations;

  function load() {
    const records = JSON.parse($("records").textContent);
    $("records").remove();
    organizations = records.map((record) => record.name);
    const grants = records.reduce((sum, record) => sum + record.grants.length / 3, 0);
    [grantAccount, grantAccess, grantPrincipal, grantOrganization] = [0, 0, 0, 0].map(() =>
      new Uint32Array(grants)
    );
    let grant = 0, rows = 0;
    records.forEach((record, organization) => {
      const [firstAccount, firstAccess, firstPrincipal, firstPerson] = [accounts, access, principals, people]
        .map((table) => table.length);
      for (const account of record.accounts) accounts.push(account);
      for (const target of record.access) access.push(target);
      for (const person of record.people) people.push(person);
      for (const principal of record.principals) {
        principal[3] = principal[3].map((person) => person + firstPerson);
        principals.push(principal);
      }
      for (const entry of record.idle) idle.push([organization, ...entry]);
      idleLeftOut += record.idle_left_out;
      for (let at = 0; at < record.grants.length; at += 3, grant++) {
        grantAccount[grant] = record.grants[at] + firstAccount;
        grantAccess[grant] = record.grants[at + 1] + firstAccess;
        grantPrincipal[grant] = record.grants[at + 2] + firstPrincipal;
        grantOrganization[grant] = organization;
        rows += principals[grantPrincipal[grant]][3].length;
      }
    });
    joinRows(grants, rows);
  }

  function joinRows(grants, rows) {
    rowPerson = new Uint32Array(rows);
    rowGrant = new Uint32Array(rows);
    let row = 0;
    for (let grant = 0; grant < grants; grant++) {
      for (const person of principals[grantPrincipal[grant]][3]) {
        rowPerson[row] = person;
        rowGrant[row++] = grant;
      }
    }
    order = Uint32Array.from({ length: rows }, (_, number) => number);
    found = order;
  }

  // Searching: each distinct person, account, access and principal is matched once; rows are only numbers.
  const searchTexts = new Map();
  const words = (query) => fold(query).split(/\s+/).filter(Boolean);
  const searchable = {
    who: [people, (person) => [...person.slice(0, 4), ...attributesOf(person)]],
    where: [accounts, ([id, name, , path]) => [id, name, path]],
    what: [access, (target) => target.slice(0, 2)],
    through: [principals, ([type, id, group]) => (type === "USER" ? ["directly", id] : ["group", group, id])],
  };

  function matches(field) {
    const sought = words($(field).value);
    if (!sought.length) return null;
    const [table, text] = searchable[field];
    if (!searchTexts.has(field)) searchTexts.set(field, table.map((record) => fold(text(record).join(" "))));
    const contains = (text) => (sought.every((word) => text.includes(word)) ? 1 : 0);
    return Uint8Array.from(searchTexts.get(field), contains);
  }

  const needsAttention = (person, account) =>
    person[5] !== "OK" || person[4] === "DISABLED" || !isUsable(account);
  let order, found, possible;

  function search() {
    const [who, where, what, through] = FIELDS.map(matches);
    const chosen = $("organization").value ? organizations.indexOf($("organization").value) : null;
    const kind = $("kind").value, level = $("level").value;
    const into = new Uint32Array(order.length);
    let length = 0;
    possible = 0;
    for (const row of order) {
      const grant = rowGrant[row], person = people[rowPerson[row]];
      if (chosen !== null && grantOrganization[grant] !== chosen) continue;
      if (where && !where[grantAccount[grant]]) continue;
      if (what && !what[grantAccess[grant]]) continue;
      if (through && !through[grantPrincipal[grant]]) continue;
      if (level && access[grantAccess[grant]][3] !== level) continue;
      if (kind === "attention" && !needsAttention(person, accounts[grantAccount[grant]])) continue;
      if (kind === "unknown" && !UNKNOWN.has(person[5])) continue;
      if (kind === "IAM_ROLE" && access[grantAccess[grant]][2] !== "IAM_ROLE") continue;
      if (who && !who[rowPerson[row]]) {
        if (UNKNOWN.has(person[5])) possible++;
        continue;
      }
      into[length++] = row;
    }
    found = into.subarray(0, length);
    showAnswer();
    $("rows").scrollTop = 0;
    showRows();
  }

  // The answer, followed by what could make it incomplete.
  function showAnswer() {
    const chosen = $("organization").value;
    const scope = caveats.filter((caveat) => !chosen || caveat.name === chosen);
    const gaps = gapsOf(scope);
    const unexamined = [...new Set(scope.flatMap((caveat) => caveat.unexamined))];
    const sought = FIELDS.filter((field) => words($(field).value).length);
    let text = found.length ? summary() : emptyResult(gaps, unexamined);
    if (sought.length) text += withoutAccess(sought, chosen, gaps.length > 0);
    $("answer").textContent = text;
    $("answer").className = found.length ? "" : gaps.length ? "hole" : "nothing";
    $("caveats").replaceChildren(...caveatElements(gaps, unexamined));
  }

  function gapsOf(scope) {
    const gaps = scope.flatMap((caveat) => caveat.gaps.map((gap) => [caveat.name, gap]));
    if ($("level").value) {
      for (const { name, levels } of scope.filter((caveat) => caveat.levels.length)) {
        gaps.push([name, `what access amounts to is not known everywhere. Not read: ${levels.join("; ")}`]);
      }
    }
    if (possible) {
      const rows = count(possible, "row has an unknown user", "rows have unknown users");
      gaps.unshift(["", `${rows} and may match this search: select the rows “with unknown users”`]);
    }
    return gaps;
  }

  function summary() {
    const distinct = (of) => new Set(Array.from(found, of));
    const known = [...distinct((row) => rowPerson[row])]
      .filter((person) => people[person][3] && people[person][5] !== "MEMBERS_NOT_SHOWN").length;
    const reached = distinct((row) => grantAccount[rowGrant[row]]).size;
    const targets = distinct((row) => grantAccess[rowGrant[row]]).size;
    return `${count(found.length, "access path", "access paths")}: ${count(known, "user", "users")}, ${
      count(reached, "account", "accounts")
    }, ${count(targets, "permission set or role", "permission sets or roles")}.`;
  }

  function emptyResult(gaps, unexamined) {
    if (gaps.length) {
      return "No access path found in the data that was read. This does not prove that there is none.";
    }
    return unexamined.length
      ? "No access path in the data that was examined."
      : "No access path: everything was read.";
  }

  function caveatElements(gaps, unexamined) {
    const elements = [];
    if (gaps.length) {
      const list = element("ul");
      for (const [name, gap] of gaps.slice(0, LISTED_CAVEATS)) {
        const item = element("li");
        item.append(element("b", name), name ? ": " : "", gap);
        list.append(item);
      }
      if (gaps.length > LISTED_CAVEATS) {
        list.append(element("li", `and ${gaps.length - LISTED_CAVEATS} more`));
      }
      elements.push(element("p", "This result may be incomplete:"), list);
    }
    if (unexamined.length) {
      elements.push(element("p", `Not examined: ${unexamined.join("; ")}.`, { className: "soft" }));
    }
    return elements;
  }

  // Users, accounts and permission sets that match the search but have no access path.
  function withoutAccess(sought, chosen, uncertain) {
    const fields = { user: "who", account: "where", "permission set": "what" };
    const known = idle.filter(([organization, kind, name, terms]) =>
      sought.includes(fields[kind]) &&
      (!chosen || organizations[organization] === chosen) &&
      words($(fields[kind]).value).every((word) => fold(`${name} ${terms}`).includes(word))
    );
    if (known.length) {
      const names = known.slice(0, LISTED_IDLE).map(([, kind, name]) => `${name} (${kind})`).join(", ");
      const others = known.length > LISTED_IDLE ? ` and ${figure(known.length - LISTED_IDLE)} more` : "";
      return ` Known, but without access: ${names}${others}.`;
    }
    if (found.length || uncertain) return "";
    if (idleLeftOut) {
      return ` ${count(idleLeftOut, "more name", "more names")} without access ${
        idleLeftOut === 1 ? "is" : "are"
      } not listed on this page.`;
    }
    const isUnknown = (hits) => hits && !hits.includes(1);
    return sought.some((field) => isUnknown(matches(field))) ? " Nothing with this name is known." : "";
  }

  // Sorting: distinct values are ranked and rows are counting-sorted by rank. Equal rows keep their order.
  let sorted = null, descending = false;
  const keys = [
    [people, (person) => fold(nameOf(person) || "\uffff"), (row) => rowPerson[row]],
    [accounts, ([id, name]) => fold(name || id), (row) => grantAccount[rowGrant[row]]],
    [access, ([name]) => fold(name), (row) => grantAccess[rowGrant[row]]],
    [
      principals,
      ([type, id, group]) => (type === "USER" ? "" : fold(group || id)),
      (row) => grantPrincipal[rowGrant[row]],
    ],
    [null, null, (row) => grantOrganization[rowGrant[row]]],
    [
      people,
      (person) => person[5] === "OK" ? (person[4] === "DISABLED" ? "1" : "0") : person[5],
      (row) => rowPerson[row],
    ],
  ];

  function sort(column) {
    descending = sorted === column && !descending;
    sorted = column;
    const [table, key, of] = keys[column];
    const values = table ? table.map(key) : organizations.map(fold);
    const distinct = [...new Set(values)].sort();
    const ranks = new Map(
      distinct.map((value, rank) => [value, descending ? distinct.length - 1 - rank : rank]),
    );
    const rank = Uint32Array.from(values, (value) => ranks.get(value));
    const start = new Uint32Array(distinct.length + 1);
    for (let row = 0; row < order.length; row++) start[rank[of(row)] + 1]++;
    for (let at = 1; at < start.length; at++) start[at] += start[at - 1];
    const next = new Uint32Array(order.length);
    for (let row = 0; row < order.length; row++) next[start[rank[of(row)]]++] = row;
    order = next;
    const direction = descending ? "descending" : "ascending";
    [...$("headings").children].forEach((heading, at) => {
      heading.setAttribute("aria-sort", at === column ? direction : "none");
    });
    search();
  }

  // Showing: only visible rows are in the document, between two spacers with the height of all other rows.
  const SPARE_ROWS = 12;
  let shown = [-1, -1];
  const chip = (text) => element("span", text, { className: "chip" });

  function cell(role, field, value, title, small, ...chips) {
    const td = element(role === "rowheader" ? "th" : "td");
    td.setAttribute("role", role);
    if (role === "rowheader") td.scope = "row";
    if (field && value) {
      const button = element("button", title, {
        type: "button",
        title: `Search for ${value}`,
        className: "pick",
      });
      Object.assign(button.dataset, { field, value });
      td.append(button);
    } else {
      td.append(title);
    }
    if (small || chips.length) {
      td.append(element("small"));
      td.lastChild.append(...chips, small);
    }
    return td;
  }

  function line(at) {
    const row = found[at], grant = rowGrant[row], person = people[rowPerson[row]];
    const [account, target, principal] = [
      accounts[grantAccount[grant]],
      access[grantAccess[grant]],
      principals[grantPrincipal[grant]],
    ];
    const tr = element("tr", "");
    tr.setAttribute("role", "row");
    tr.setAttribute("aria-rowindex", at + 2);
    tr.dataset.row = row;
    const state = STATES[person[5]] ?? person[5];
    const [name, email] = [nameOf(person), emailOf(person)];
    const isRole = target[2] === "IAM_ROLE";
    const group = principal[0] === "USER" ? "" : principal[2] || principal[1];
    tr.append(
      cell(
        "rowheader",
        "who",
        person[5] === "MEMBERS_NOT_SHOWN" ? "" : email,
        name || (UNKNOWN.has(person[5]) ? "unknown" : "nobody"),
        email === name ? "" : email,
        ...(person[4] === "DISABLED" ? [chip("disabled")] : []),
      ),
      cell(
        "cell",
        "where",
        account[0],
        account[1] || account[0],
        account[3] ? ` · ${account[3]}` : "",
        element("span", account[0], { className: "id" }),
        ...(isUsable(account) ? [] : [chip(account[2].toLowerCase())]),
      ),
      cell(
        "cell",
        "what",
        isRole ? target[1] : target[0],
        target[0],
        isRole ? "IAM role" : "",
        ...(CHIPS[target[3]] ? [chip(CHIPS[target[3]])] : []),
      ),
      cell("cell", "through", group || "directly", group || "directly", group ? "group" : ""),
      cell("cell", "", "", organizations[grantOrganization[grant]]),
      cell("cell", "", "", state, state ? person[5] : ""),
    );
    if (attributesOf(person).length) tr.firstChild.title = attributesOf(person).join("\n");
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

  function visibleRange(view, height) {
    const top = Math.min(Math.floor(view.scrollTop / height), found.length - 1);
    const first = Math.max(0, top - SPARE_ROWS);
    const last = first + Math.ceil(view.clientHeight / height) + 2 * SPARE_ROWS;
    return [first, Math.min(found.length, last)];
  }

  function showRows(everything = false) {
    const height = rowHeight(), view = $("rows");
    const [first, last] = everything ? [0, Math.min(found.length, PRINTED_ROWS)] : visibleRange(view, height);
    const focused = document.activeElement?.closest?.("#body button");
    const focus = focused && [focused.closest("tr").dataset.row, focused.dataset.field];
    view.hidden = !found.length;
    view.firstElementChild.setAttribute("aria-rowcount", found.length + 1);
    $("body").replaceChildren(
      spacer(first, height),
      ...Array.from({ length: last - first }, (_, number) => line(first + number)),
      spacer(everything ? 0 : found.length - last, height),
    );
    shown = [first, last];
    if (focus) {
      const [row, field] = focus;
      const button = $("body").querySelector(`tr[data-row="${row}"] [data-field="${field}"]`);
      (button ?? view).focus({ preventScroll: true });
    }
  }

  function scrolled() {
    const height = rowHeight(), view = $("rows");
    const top = Math.floor(view.scrollTop / height);
    const bottom = Math.min(found.length, Math.ceil((view.scrollTop + view.clientHeight) / height));
    if (top < shown[0] || bottom > shown[1]) showRows();
  }

  // The tools in the header: color scheme and printing.
  function setUpTools() {
    const setTheme = (dark) => {
      document.documentElement.dataset.theme = dark ? "dark" : "light";
      $("theme").setAttribute("aria-pressed", dark);
    };
    setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
    $("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme !== "dark"));
    $("print").addEventListener("click", () => print());
    $("tools").hidden = false;
    const closed = [];
    addEventListener("beforeprint", () => {
      closed.push(...document.querySelectorAll("details:not([open], .screen)"));
      for (const details of closed) details.open = true;
      showRows(true);
      if (found.length > PRINTED_ROWS && !$("cut")) {
        const text = `Only the first ${figure(PRINTED_ROWS)} of ${
          figure(found.length)
        } rows are printed. Narrow the search, or use the CSV files.`;
        $("caveats").prepend(element("p", text, { id: "cut" }));
      }
    });
    addEventListener("afterprint", () => {
      for (const details of closed.splice(0)) details.open = false;
      $("cut")?.remove();
      showRows();
    });
  }

  function setUpHeadings() {
    COLUMNS.forEach((name, column) => {
      const heading = element("th", "", { scope: "col" });
      heading.setAttribute("role", "columnheader");
      heading.setAttribute("aria-sort", "none");
      heading.append(element("button", name, { type: "button" }));
      heading.firstChild.addEventListener("click", () => sort(column));
      $("headings").append(heading);
    });
    $("rows").firstElementChild.setAttribute("aria-colcount", COLUMNS.length);
  }

  function setUpSearch() {
    let timer;
    $("search").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, 100);
    });
    $("search").addEventListener("submit", (event) => {
      event.preventDefault();
      search();
    });
    $("search").addEventListener("reset", () => setTimeout(search));
    $("rows").addEventListener("scroll", scrolled, { passive: true });
    addEventListener("resize", () => showRows());
    $("body").addEventListener("click", (event) => {
      const { field, value } = event.target.dataset;
      if (field) {
        $(field).value = value;
        search();
        $(field).focus();
      }
    });
    document.addEventListener("click", (event) => {
      const name = event.target.closest("[data-explore]")?.dataset.explore;
      if (name) {
        $("organization").value = name;
        search();
      }
    });
    $("search").hidden = false;
  }

  function start() {
    load();
    setUpHeadings();
    setUpSearch();
    search();
    document.documentElement.dataset.ready = "yes";
    performance.mark("ready");
  }

  setUpTools();
  requestAnimationFrame(() => setTimeout(start));
})();
