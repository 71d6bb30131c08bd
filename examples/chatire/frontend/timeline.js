// The messages of a chat, merged from the history (REST) and the frames (WebSocket).
//
// A frame carries no id, and equal messages are common, so that a frame alone cannot tell whether
// the history has its message already. Two facts decide it. The site saves a message before it
// publishes it: a history that was asked for after a frame came has that frame's message. And the
// history gives its messages out in order after a cursor, each of them once.
//
// So a frame is shown at once, unless the history has an equal message for which no frame came
// yet. Then it is either that one, late, or a new one, and the caller asks the history again:
// what is new is in the answer, what was late is not. The same goes for a frame that came between
// a question and its answer, and has an equal in the answer.

/** A message as the site sends it: {user: {id, username, …}, message: text}. */
const keyOf = (item) => JSON.stringify([item.user.id, item.message]);

export class Timeline {
  #settled = []; // messages of the history up to the cursor
  #live = []; // frames that the history has not been asked about
  #awaited = new Map(); // by key: how many settled messages have had no frame
  #cursor = 0;

  /** All messages, in order. An item stays the same object as it goes from live to settled. */
  get items() {
    return [...this.#settled, ...this.#live];
  }

  /** Where the next piece of history begins. */
  get cursor() {
    return this.#cursor;
  }

  /** How many frames a history that is asked for now is sure to cover; see settle(). */
  mark() {
    return this.#live.length;
  }

  /** Take a frame. False means: not shown, ask the history. */
  receive(item) {
    const key = keyOf(item);
    const awaited = this.#awaited.get(key) ?? 0;
    if (awaited > 0) {
      this.#await(key, awaited - 1);
      return false;
    }
    this.#live.push(item);
    return true;
  }

  /**
   * Take the history after the cursor, asked for when mark() was `mark`. False means: ask again, for
   * a frame that came meanwhile may stand for another message than the equal one in this answer.
   */
  settle(messages, cursor, mark) {
    const frames = new Map();
    for (const frame of this.#live) {
      const key = keyOf(frame);
      if (!frames.has(key)) frames.set(key, []);
      frames.get(key).push(frame);
    }
    const matched = new Set();
    for (const message of messages) {
      const key = keyOf(message);
      const frame = frames.get(key)?.shift();
      if (frame === undefined) {
        this.#await(key, (this.#awaited.get(key) ?? 0) + 1);
        this.#settled.push(message);
      } else {
        matched.add(frame);
        this.#settled.push(frame);
      }
    }
    const meanwhile = this.#live.slice(mark);
    this.#live = meanwhile.filter((frame) => !matched.has(frame));
    this.#cursor = cursor;
    return this.#live.length === meanwhile.length;
  }

  #await(key, count) {
    if (count > 0) {
      this.#awaited.set(key, count);
    } else {
      this.#awaited.delete(key);
    }
  }
}
