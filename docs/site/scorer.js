// Sphinx's scores, but whatever is called just as the query comes first: "Lemma 93", "ridge".
var Scorer = {
  score: ([, title, , , score]) => {
    const wanted = (new URLSearchParams(window.location.search).get("q") || "").trim().toLowerCase();
    const names = title.toLowerCase().split(/\s*,\s*|\s*>\s*/);
    return names.includes(wanted) || title.toLowerCase() === wanted ? score + 1000 : score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
