// Messages that were sent over the socket, and did not come back yet.

import { ApiError } from "./api.js";

const ANSWER_LIMIT_MS = 15_000;

export class Outgoing {
  #waiting = new Map(); // by number

  /** A promise for the message of that number: it is kept when the message comes back. */
  sent(number, text) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(number, () => reject(problem("It did not come back in time."))),
        ANSWER_LIMIT_MS,
      );
      this.#waiting.set(number, { text, resolve, reject, timer });
    });
  }

  /** An own message has come. The server keeps the order: it is the first one of that text. */
  came(text) {
    for (const [number, entry] of this.#waiting) {
      if (entry.text !== text) continue;
      this.#settle(number, entry.resolve);
      return;
    }
  }

  /** The server has refused a message. */
  refused({ message_number: number, detail }) {
    const entry = this.#waiting.get(number);
    if (entry) this.#settle(number, () => entry.reject(problem(detail)));
  }

  /** The connection is gone, and with it the answers. */
  lost() {
    for (const [number, entry] of this.#waiting) {
      this.#settle(number, () => entry.reject(problem("The connection was lost. Look whether it arrived.")));
    }
  }

  /** Nobody waits any more. */
  forget() {
    for (const [number, entry] of this.#waiting) this.#settle(number, entry.resolve);
  }

  #settle(number, settle) {
    clearTimeout(this.#waiting.get(number)?.timer);
    this.#waiting.delete(number);
    settle();
  }
}

const problem = (detail) => new ApiError(0, { detail });
