// The field in which a message is written.

import { element, onSubmit, showProblem } from "./dom.js";

export class Composer {
  #draft = element("draft");
  #problem = element("send-problem");

  /** `send` takes the text, and raises an error with a message for the person. */
  constructor(send) {
    onSubmit(element("composer"), () => this.#submit(send));
    this.#draft.addEventListener("input", () => this.#fit());
    this.#draft.addEventListener("keydown", (event) => {
      // While a composition is open (Japanese, Chinese, …), Enter ends that, not the message.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      element("composer").requestSubmit();
    });
  }

  /** Begin anew, for instance in another chat. */
  clear() {
    this.#draft.value = "";
    showProblem(this.#problem, "");
    this.#fit();
    this.#draft.focus();
  }

  async #submit(send) {
    const text = this.#draft.value;
    if (!text.trim()) return;
    showProblem(this.#problem, "");
    this.#draft.value = "";
    this.#fit();
    try {
      await send(text);
    } catch (error) {
      showProblem(this.#problem, `Not sent. ${error.message}`);
      this.#draft.value = text + this.#draft.value; // with what was typed meanwhile
    }
    this.#fit();
    this.#draft.focus();
  }

  #fit() {
    this.#draft.style.height = "auto";
    this.#draft.style.height = `${this.#draft.scrollHeight + 2}px`;
  }
}
