"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const MANY = 200; // changes whose groups are not unfolded by a filter
  const fields = [...form.querySelectorAll("input, select")];
  const groups = [...document.querySelectorAll(".group")].map((at) => ({
    at,
    open: at.open,
    hits: at.querySelector(".hits"),
    changes: [...at.querySelectorAll(".change")].map((at) => ({ at, text: "" })),
  }));
  const total = groups.reduce((n, group) => n + group.changes.length, 0);
  const number = (n) => n.toLocaleString("en-US");
  let on = false;

  // What the words of the filter are looked for in: all but the values.
  const textOf = (group, change) => {
    if (!change.text) {
      const parts = change.at.querySelectorAll("summary, .body > p, .evidence");
      change.text = [group.at.querySelector("h3"), ...parts].map((part) => part.textContent).join("\n").toLowerCase();
    }
    return change.text;
  };

  const apply = () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const words = values.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const was = on;
    on = fields.some((field) => field.value.trim() !== "");
    let shown = 0;
    for (const group of groups) {
      let n = 0;
      for (const change of group.changes) {
        const { kind, risk, state } = change.at.dataset;
        const hit = (!values.kind || values.kind === kind) && (!values.risk || values.risk === risk) &&
          (!values.state || values.state === state) && words.every((word) => textOf(group, change).includes(word));
        if (change.at.hidden === hit) change.at.hidden = !hit;
        if (hit) n++;
      }
      shown += n;
      group.at.hidden = n === 0;
      group.hits.textContent = on && n < group.changes.length ? `, ${number(n)} shown` : "";
    }
    for (const group of groups) {
      if (on && !was) group.open = group.at.open;
      if (on && shown <= MANY) group.at.open = true;
      if (!on && was) group.at.open = group.open;
    }
    form.querySelector("output").textContent = on ? `${number(shown)} of ${number(total)} changes` : `${number(total)} changes`;
  };

  // The filter is in the fragment of the address, so that it can be passed on.
  const remember = () => {
    const query = new URLSearchParams(fields.filter((field) => field.value).map((field) => [field.name, field.value]));
    try {
      history.replaceState(null, "", "#" + query);
    } catch {
      // Some viewers forbid it; the filter works without.
    }
  };
  const recall = () => {
    const fragment = location.hash.slice(1);
    if (fragment.includes("=")) {
      const query = new URLSearchParams(fragment);
      for (const field of fields) field.value = query.get(field.name) ?? "";
      apply();
      return;
    }
    const target = fragment && document.getElementById(fragment);
    if (!target) return;
    if (target.closest("[hidden]")) clear();
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  const clear = () => {
    for (const field of fields) field.value = "";
    apply();
  };

  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { apply(); remember(); }, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const fold = event.target.name;
    if (fold !== "fold" && fold !== "unfold") return;
    for (const group of groups) {
      if (group.at.hidden) continue;
      group.at.open = fold === "unfold";
      for (const change of group.changes) change.at.open = fold === "unfold";
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !event.target.closest("input, select")) {
      event.preventDefault();
      fields[0].focus();
    }
    if (event.key === "Escape" && on) {
      clear();
      remember();
    }
  });
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  apply();
  recall();
})();
