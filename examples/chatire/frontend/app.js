// The page: who is here, which chats there are, and which one is open.
//
// The address says which chat is open (#/URI), so that a chat can be linked to.

import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { element, make, onSubmit, showProblem } from "./dom.js";
import { Entrance } from "./entrance.js";
import { Invitation, uriOf } from "./invitation.js";
import { Room } from "./room.js";
import { Thread } from "./thread.js";

class App {
  #api = new Api(() => this.#leave("Your session has ended. Sign in again."));
  #entrance = new Entrance(this.#api, () => this.#enter());
  #thread = new Thread();
  #composer = new Composer((text) => this.#room.send(text));
  #invitation = new Invitation({
    add: (username) => this.#add(username),
    refresh: () => this.#refreshMembers(),
  });
  #own = null;
  #chats = [];
  #room = null;
  #opening = 0;

  start() {
    element("sign-out").addEventListener("click", () => this.#leave());
    element("new-chat").addEventListener("click", () => this.#startChat());
    onSubmit(element("join-form"), () => this.#joinByAddress());
    window.addEventListener("hashchange", () => this.#own && this.#follow());
    window.addEventListener("online", () => this.#room?.reconnect());
    return this.#api.signedIn ? this.#enter() : this.#leave();
  }

  async #enter() {
    try {
      [this.#own, this.#chats] = await Promise.all([this.#api.me(), this.#api.chats()]);
    } catch (error) {
      this.#leave(error.message);
      return;
    }
    element("own-name").textContent = this.#own.username;
    element("entrance").hidden = true;
    element("shell").hidden = false;
    await this.#follow();
  }

  #leave(note = "") {
    this.#api.signOut();
    this.#closeRoom();
    this.#own = null;
    element("shell").hidden = true;
    element("entrance").hidden = false;
    document.body.dataset.screen = "entrance";
    this.#entrance.show(note);
  }

  /** Open the chat that the address names. */
  async #follow() {
    const uri = uriOf(location.hash);
    showProblem(element("join-problem"), "");
    if (uri && this.#room?.chat.uri === uri) return;
    const turn = ++this.#opening;
    this.#closeRoom();
    if (uri) await this.#open(uri, turn);
    this.#showChats();
  }

  async #open(uri, turn) {
    let chat;
    try {
      chat = await this.#api.join(uri, this.#own.username);
    } catch (error) {
      if (turn !== this.#opening || this.#own === null) return;
      const text = error.status === 404 ? "There is no chat with that link or code." : error.message;
      showProblem(element("join-problem"), text);
      history.replaceState(null, "", "#/");
      return;
    }
    if (turn !== this.#opening || this.#own === null) return;
    document.body.dataset.screen = "room";
    element("welcome").hidden = true;
    element("room").hidden = false;
    this.#room = new Room({
      api: this.#api,
      chat,
      own: this.#own,
      thread: this.#thread,
      onStranger: () => this.#refreshMembers(),
    });
    this.#learn(chat);
    this.#composer.clear();
  }

  #closeRoom() {
    this.#room?.leave();
    this.#room = null;
    this.#invitation.close();
    element("room").hidden = true;
    element("welcome").hidden = false;
    document.body.dataset.screen = "lobby";
  }

  async #startChat() {
    const button = element("new-chat");
    button.disabled = true;
    try {
      const chat = await this.#api.startChat();
      location.hash = `#/${chat.uri}`;
    } catch (error) {
      showProblem(element("join-problem"), error.message);
    } finally {
      button.disabled = false;
    }
  }

  async #joinByAddress() {
    const input = element("join-address");
    const uri = uriOf(input.value);
    showProblem(element("join-problem"), uri ? "" : "A code has 15 letters and digits.", input);
    if (!uri) return;
    input.value = "";
    if (location.hash === `#/${uri}`) await this.#follow();
    location.hash = `#/${uri}`;
  }

  async #add(username) {
    const room = this.#room;
    try {
      this.#learn(await this.#api.join(room.chat.uri, username));
    } catch (error) {
      return error.status === 404 ? "There is nobody of that name." : error.message;
    }
    return "";
  }

  async #refreshMembers() {
    const room = this.#room;
    try {
      const chat = await this.#api.chat(room.chat.uri);
      if (this.#room === room) this.#learn(chat);
    } catch (error) {
      console.warn(`The members could not be loaded. ${error.message}`);
    }
  }

  /** Take in what the site says about a chat now. */
  #learn(chat) {
    const known = this.#chats.findIndex(({ uri }) => uri === chat.uri);
    if (known < 0) {
      this.#chats.unshift(chat);
    } else {
      this.#chats[known] = chat;
    }
    if (this.#room?.chat.uri === chat.uri) {
      this.#room.update(chat);
      this.#invitation.show(chat);
      element("room-title").textContent = this.#titleOf(chat);
      element("room-uri").textContent = chat.uri;
    }
    this.#showChats();
  }

  #showChats() {
    const rows = this.#chats.map((chat) => {
      const title = make("span", { className: "title" }, this.#titleOf(chat));
      const link = make("a", { href: `#/${chat.uri}` }, title);
      link.append(make("span", { className: "code" }, chat.uri));
      if (this.#room?.chat.uri === chat.uri) link.setAttribute("aria-current", "page");
      return make("li", {}, link);
    });
    element("chats").replaceChildren(...rows);
    element("no-chats").hidden = rows.length > 0;
  }

  /** A chat is called by the others in it. */
  #titleOf(chat) {
    const others = chat.members.filter(({ id }) => id !== this.#own.id);
    return others.map(({ username }) => username).join(", ") || "Only you so far";
  }
}

await new App().start();
