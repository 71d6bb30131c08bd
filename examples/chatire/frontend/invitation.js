// Bringing others in: the link to share, the members, and adding somebody by name.

import { element, make, onSubmit, showProblem } from "./dom.js";

/** The address that opens a chat, and joins it. */
export function linkOf(uri) {
  return `${location.origin}/#/${uri}`;
}

/** The uri in a link or a code that somebody pasted; "" if there is none. */
export function uriOf(address) {
  return /(?:^|\/)([A-Za-z0-9]{15})\/?$/.exec(address.trim())?.[1] ?? "";
}

export class Invitation {
  #dialog = element("invitation");

  /** `add` takes a username and answers with the problem, or ""; `refresh` loads the members. */
  constructor({ add, refresh }) {
    element("invite").addEventListener("click", () => {
      element("add-form").reset();
      showProblem(element("add-problem"), "");
      this.#dialog.showModal();
      refresh();
    });
    onSubmit(element("add-form"), async () => {
      const input = element("add-username");
      const username = input.value.trim();
      const problem = username ? await add(username) : "Enter a username.";
      showProblem(element("add-problem"), problem, input);
      if (!problem) input.value = "";
      input.focus();
    });
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", () => copy(button));
    }
  }

  /** Show the link and the members of a chat. */
  show(chat) {
    for (const input of document.querySelectorAll("[data-share]")) input.value = linkOf(chat.uri);
    const names = chat.members.map(({ username }) => make("li", {}, username));
    element("members").replaceChildren(...names);
  }

  close() {
    this.#dialog.close();
  }
}

async function copy(button) {
  const input = button.parentElement.querySelector("[data-share]");
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    // Browsers give no clipboard to pages without TLS; then the person copies what is selected.
    input.select();
    done = "Selected";
  }
  button.textContent = done;
  setTimeout(() => (button.textContent = "Copy"), 2000);
}
