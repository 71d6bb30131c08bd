// Signing in and signing up.

import { element, onSubmit, showProblem } from "./dom.js";

const WORDS = {
  signIn: {
    title: "Sign in",
    question: "New here?",
    other: "Create an account",
    autocomplete: "current-password",
  },
  signUp: {
    title: "Create an account",
    question: "Have an account?",
    other: "Sign in",
    autocomplete: "new-password",
  },
};

export class Entrance {
  #api;
  #onEntered;
  #way = "signIn";
  #form = element("entrance-form");

  constructor(api, onEntered) {
    this.#api = api;
    this.#onEntered = onEntered;
    onSubmit(this.#form, () => this.#submit());
    element("entrance-switch").addEventListener("click", () => {
      this.#choose(this.#way === "signIn" ? "signUp" : "signIn");
      element("username").focus();
    });
  }

  /** Ask who it is; `note` says why, where that is not plain. */
  show(note = "") {
    this.#form.reset();
    this.#choose("signIn");
    element("entrance-note").textContent = note;
    element("entrance-note").hidden = !note;
    element("username").focus();
  }

  #choose(way) {
    this.#way = way;
    const words = WORDS[way];
    element("entrance-title").textContent = words.title;
    element("entrance-submit").textContent = words.title;
    element("entrance-question").textContent = words.question;
    element("entrance-switch").textContent = words.other;
    element("password").autocomplete = words.autocomplete;
    this.#showProblems({});
  }

  async #submit() {
    const username = element("username").value.trim();
    const password = element("password").value;
    this.#showProblems({});
    if (!username || !password) {
      this.#showProblems({
        username: username ? "" : "Enter a username.",
        password: password ? "" : "Enter a password.",
      });
      element(username ? "password" : "username").focus();
      return;
    }
    try {
      if (this.#way === "signUp") await this.#api.signUp(username, password);
      await this.#api.signIn(username, password);
    } catch (error) {
      this.#refused(error);
      return;
    }
    this.#form.reset();
    await this.#onEntered();
  }

  #refused(error) {
    if (error.status === 401) {
      this.#showProblems({ "": "That username and password do not belong together." });
    } else if (error.fields?.username || error.fields?.password) {
      this.#showProblems(error.fields);
    } else {
      this.#showProblems({ "": error.message });
    }
  }

  #showProblems(problems) {
    for (const place of this.#form.querySelectorAll("[data-problem]")) {
      const name = place.dataset.problem;
      showProblem(place, problems[name] ?? "", name ? element(name) : null);
    }
  }
}
