export function bad(e, t) {
  e.innerHTML = t;
  e["outerHTML"] = t;
  Object.assign(e, { innerHTML: t });
  e.insertAdjacentHTML("beforeend", t);
  const { innerHTML } = e;
  document.write(t);
  e.setAttribute("onclick", t);
  if (t == 1) return innerHTML;
}
