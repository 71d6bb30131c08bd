// Small helpers around the document.

/** The element with this id, which the page has to have. */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

/** A new element; `children` that are texts stay texts, whatever markup they hold. */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Show what went wrong, and mark the input that it is about for assistive technology. */
export function showProblem(place, text, input = null) {
  place.textContent = text;
  if (input === null) return;
  if (text) {
    input.setAttribute("aria-invalid", "true");
  } else {
    input.removeAttribute("aria-invalid");
  }
}

/** Run a form's work once at a time, its buttons disabled meanwhile. */
export function onSubmit(form, work) {
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      await work();
    } finally {
      busy = false;
      for (const button of buttons) button.disabled = false;
    }
  });
}
