// A question is what the address says: a section, searched words, facets, a tab, an issue and a profile.

export const FIELDS = ["who", "where", "what", "through"];
export const FACETS = ["level", "ou", "organization", "way", "state", "new"];
const SINGLE = [...FIELDS, "by", "sort", "issue", "profile"];

export function emptyQuestion(section = "") {
  const facets = Object.fromEntries(FACETS.map((name) => [name, { some: [], not: [] }]));
  return {
    section,
    facets,
    who: "",
    where: "",
    what: "",
    through: "",
    by: "",
    sort: "",
    issue: "",
    profile: "",
  };
}

export function parseQuestion(hash) {
  const [section, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const question = emptyQuestion(section);
  for (const [key, value] of new URLSearchParams(query)) {
    const name = key.replace(/^not\./, "");
    if (SINGLE.includes(key)) question[key] = value;
    else if (FACETS.includes(name)) question.facets[name][key === name ? "some" : "not"].push(value);
  }
  return question;
}

export function formatQuestion(question) {
  const query = new URLSearchParams();
  for (const name of FACETS) {
    for (const value of question.facets[name].some) query.append(name, value);
    for (const value of question.facets[name].not) query.append(`not.${name}`, value);
  }
  for (const name of SINGLE) if (question[name]) query.append(name, question[name]);
  const text = query.toString();
  return `#${question.section}${text ? `?${text}` : ""}`;
}

export const isAsked = (question) =>
  FIELDS.some((name) => question[name].trim()) ||
  FACETS.some((name) => question.facets[name].some.length + question.facets[name].not.length);

// Moves a value of a facet through its three states: wanted, not wanted, no matter.
export function withFacet(question, name, value, state) {
  const next = structuredClone(question), facet = next.facets[name];
  for (const side of ["some", "not"]) facet[side] = facet[side].filter((other) => other !== value);
  if (state) facet[state].push(value);
  return next;
}
