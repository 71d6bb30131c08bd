// Messages on the page. Whatever a message holds is text: nothing here parses markup.

import { element, make } from "./dom.js";

const LONG_TEXT = 1_500; // characters
const LONG_LINES = 16;
const NEAR_THE_END = 80; // pixels

export class Thread {
  #list = element("messages");
  #scroller = element("scroller");
  #toEnd = element("to-end");
  #nodes = new WeakMap(); // by item
  #last = null;
  #own = null;

  constructor() {
    this.#toEnd.addEventListener("click", () => this.#scrollToEnd());
    this.#scroller.addEventListener("scroll", () => {
      if (this.#atEnd()) this.#toEnd.hidden = true;
    });
    // A field that grows, or a keyboard that opens, must not hide the newest message.
    let follows = true;
    this.#scroller.addEventListener("scroll", () => (follows = this.#atEnd()));
    new ResizeObserver(() => follows && this.#scrollToEnd()).observe(this.#scroller);
  }

  /** Empty the thread; `own` is the user whose messages stand on the right. */
  clear(own) {
    this.#own = own;
    this.#last = null;
    this.#list.replaceChildren();
    this.#list.setAttribute("aria-busy", "true"); // old messages are not to be read aloud
    this.#toEnd.hidden = true;
  }

  /** Add one message that has just come. */
  append(item) {
    const follow = this.#atEnd() || item.user.id === this.#own.id;
    this.#list.append(this.#node(item, this.#last));
    this.#last = item;
    this.#follow(follow);
  }

  /** Show exactly these messages, in this order. */
  show(items) {
    const follow = this.#atEnd();
    const before = this.#list.childElementCount;
    const wanted = items.map((item, index) => this.#node(item, items[index - 1] ?? null));
    const present = this.#list.children;
    const common = wanted.findIndex((node, index) => present[index] !== node);
    const kept = common < 0 ? wanted.length : common;
    while (present.length > kept) present[kept].remove();
    this.#list.append(...wanted.slice(kept));
    this.#last = items.at(-1) ?? null;
    this.#list.removeAttribute("aria-busy");
    if (wanted.length > before) this.#follow(follow);
  }

  #node(item, previous) {
    if (!this.#nodes.has(item)) this.#nodes.set(item, this.#newNode(item));
    const node = this.#nodes.get(item);
    node.classList.toggle("continued", previous?.user.id === item.user.id);
    return node;
  }

  #newNode({ user, message }) {
    const avatar = make("span", { className: "avatar", ariaHidden: "true" }, [...user.username][0]);
    avatar.dataset.hue = user.id % 8;
    const author = make("p", { className: "author" }, user.username);
    author.dataset.testid = "author";
    const text = make("p", { className: "text", dir: "auto" }, message);
    text.dataset.testid = "text";
    const bubble = make("div", { className: "bubble" }, text);
    const node = make("li", { className: "message" }, avatar, author, bubble);
    node.dataset.testid = "message";
    node.classList.toggle("mine", user.id === this.#own.id);
    if (isLong(message)) fold(bubble, message);
    return node;
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
  }

  #follow(follow) {
    if (follow) {
      this.#scrollToEnd();
    } else {
      this.#toEnd.hidden = false;
    }
  }

  #scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#toEnd.hidden = true;
  }
}

function isLong(message) {
  return message.length > LONG_TEXT || message.split("\n", LONG_LINES + 1).length > LONG_LINES;
}

/** Show the beginning of a long message; the rest is there, and one click away. */
function fold(bubble, message) {
  bubble.classList.add("long");
  const size = message.length.toLocaleString("en");
  const more = make("button", { type: "button", className: "more link" }, `Show all ${size} characters`);
  more.addEventListener("click", () => {
    bubble.classList.remove("long");
    more.remove();
  });
  bubble.append(more);
}
