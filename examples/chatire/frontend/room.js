// An open chat: its history, its socket, and the field for a message.

import { ApiError } from "./api.js";
import { element, showProblem } from "./dom.js";
import { Outgoing } from "./outgoing.js";
import { RoomSocket, socketBase, socketTakesMessages, socketWantsToken } from "./socket.js";
import { Timeline } from "./timeline.js";

const FRAME_OVERDUE_MS = 3_000;
const HISTORY_RETRY_MS = 5_000;

/**
 * Connects first and loads the history then, so that no message can fall between the two.
 * `onStranger` is called for a message of a user who is not known as a member yet.
 */
export class Room {
  #api;
  #chat;
  #thread;
  #own;
  #onStranger;
  #outgoing = new Outgoing();
  #timeline = new Timeline();
  #socket;
  #loading = null;
  #stale = false;
  #loaded = false;
  #left = false;
  #timers = new Set();

  constructor({ api, chat, own, thread, onStranger }) {
    this.#api = api;
    this.#chat = chat;
    this.#thread = thread;
    this.#own = own;
    this.#onStranger = onStranger;
    thread.clear(own);
    element("nothing-yet").hidden = true;
    element("by-socket-choice").hidden = !socketTakesMessages();
    this.#socket = new RoomSocket(`${socketBase()}/${chat.uri}`, {
      onState: (state, detail) => this.#connection(state, detail),
      onFrame: (text) => this.#frame(text),
      token: socketWantsToken() ? () => api.accessToken() : null,
    });
    this.#socket.connect();
  }

  get chat() {
    return this.#chat;
  }

  /** The chat as it is now, with members who joined meanwhile. */
  update(chat) {
    this.#chat = chat;
  }

  /** Try again at once, for instance because the network is back. */
  reconnect() {
    this.#socket.connect();
  }

  leave() {
    this.#left = true;
    this.#socket.stop();
    this.#outgoing.forget();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Send a message. It appears when it comes back over the socket. Raises ApiError. */
  async send(text) {
    const bySocket = socketTakesMessages() && element("by-socket").checked && this.#socket.isOpen;
    await (bySocket ? this.#sendBySocket(text) : this.#post(text));
  }

  async #sendBySocket(text) {
    const number = this.#socket.send(JSON.stringify({ message: text }));
    await this.#outgoing.sent(number, text);
  }

  async #post(text) {
    const expected = this.#timeline.items.length;
    try {
      await this.#api.send(this.#chat.uri, text);
    } catch (error) {
      if (error.status !== 503) throw error;
      // It is saved, only not delivered: the history has it, and it must not be sent again.
      await this.#load();
      return;
    }
    this.#later(FRAME_OVERDUE_MS, () => {
      if (this.#timeline.items.length === expected) this.#load();
    });
  }

  #connection(state, detail) {
    if (this.#left) return;
    showConnection(state, detail);
    if (state === "waiting") this.#outgoing.lost();
    // Also while there is no connection: the history is worth reading without one.
    if (state === "open" || (state === "waiting" && !this.#loaded)) this.#load();
  }

  #frame(text) {
    const item = parsedFrame(text);
    if (item?.error) {
      this.#outgoing.refused(item);
      return;
    }
    if (item === null) {
      console.warn("A frame was not understood, and is not shown.");
      return;
    }
    if (!this.#chat.members.some(({ id }) => id === item.user.id)) this.#onStranger(item.user);
    if (item.user.id === this.#own.id) this.#outgoing.came(item.message);
    if (!this.#timeline.receive(item)) {
      this.#load();
    } else if (this.#loaded) {
      this.#thread.append(item);
      element("nothing-yet").hidden = true;
    }
  }

  /** Load what the history has after what is known. One request at a time; whoever asks while one
   * is under way gets another one after it, for the first may have been too early for them. */
  #load() {
    if (this.#loading !== null) {
      this.#stale = true;
      return this.#loading;
    }
    this.#loading = this.#loadAll().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadAll() {
    do {
      this.#stale = false;
      const mark = this.#timeline.mark();
      try {
        const answer = await this.#api.messages(this.#chat.uri, this.#timeline.cursor);
        if (this.#left) return;
        const certain = this.#timeline.settle(answer.messages, answer.cursor, mark);
        if (!certain) this.#stale = true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (this.#left) return;
        showProblem(element("send-problem"), `Messages could not be loaded. ${error.message}`);
        this.#later(HISTORY_RETRY_MS, () => this.#load());
        return;
      }
      if (!this.#loaded) showProblem(element("send-problem"), "");
      this.#loaded = true;
      this.#thread.show(this.#timeline.items);
      element("nothing-yet").hidden = this.#timeline.items.length > 0;
    } while (this.#stale);
  }

  #later(delay, work) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delay);
    this.#timers.add(timer);
  }
}

/** The message in a frame, or the error of a message that was sent; null for anything else. */
function parsedFrame(text) {
  try {
    const item = JSON.parse(text);
    if (typeof item.error === "string" && item.user === undefined) return item;
    const whole = typeof item.message === "string" && typeof item.user.username === "string";
    return whole ? item : null;
  } catch {
    return null;
  }
}

const STATES = { connecting: "Connecting", open: "Connected", waiting: "Reconnecting in" };
let countdown = null;

function showConnection(state, detail) {
  clearInterval(countdown);
  element("connection").dataset.state = state;
  element("connection-text").textContent = STATES[state];
  const server = state === "open" ? detail : "";
  element("server").textContent = server && `via ${server}`;
  element("server").hidden = !server;
  element("countdown").textContent = "";
  if (state === "waiting") countDown(Math.round(detail / 1000));
}

/** For the eye only: a screen reader is told the state once, not every second. */
function countDown(seconds) {
  let left = seconds;
  const show = () => (element("countdown").textContent = ` ${Math.max(left--, 0)} s`);
  show();
  countdown = setInterval(show, 1000);
}
