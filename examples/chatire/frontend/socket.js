// The WebSocket of a room, opened again whenever it closes.

const RETRY_AFTER_MS = 5_000;
const HANDSHAKE_LIMIT_MS = 10_000;
const SERVER_COOKIE = "wsmigrate_server";
const TOKEN_FOLLOWS = "access_token"; // the subprotocol after which the token stands

/** Where the WebSockets are: what the page says, else its own host. */
export function socketBase(page = location) {
  const told = document.querySelector('meta[name="websocket-url"]').content;
  return told || `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}`;
}

/** Whether the server of the WebSockets is to be told who is here. */
export function socketWantsToken() {
  return document.querySelector('meta[name="websocket-token"]').content === "subprotocol";
}

/** Whether messages may be sent over the socket. */
export function socketTakesMessages() {
  return document.querySelector('meta[name="websocket-takes"]').content === "messages";
}

/**
 * States, told to `onState` with a detail each:
 * "connecting", "open" (the server's name, or ""), "waiting" (milliseconds until the next try).
 * `onFrame` gets the text of each frame. `token`, if given, is asked for a token before each try.
 */
export class RoomSocket {
  #url;
  #onState;
  #onFrame;
  #token;
  #socket = null;
  #timer = null;
  #starting = false;
  #sent = 0;
  #stopped = false;

  constructor(url, { onState, onFrame, token = null }) {
    this.#url = url;
    this.#onState = onState;
    this.#onFrame = onFrame;
    this.#token = token;
  }

  /** Connect now, also while waiting for the next try. */
  connect() {
    if (this.#stopped || this.#starting || this.#socket !== null) return;
    clearTimeout(this.#timer);
    forgetServer();
    this.#onState("connecting");
    if (this.#token === null) {
      this.#open([]);
    } else {
      this.#starting = true;
      this.#token()
        .then((token) => [TOKEN_FOLLOWS, token])
        .finally(() => (this.#starting = false))
        .then((protocols) => this.#open(protocols), () => this.#wait());
    }
  }

  #open(protocols) {
    if (this.#stopped) return;
    const socket = new WebSocket(this.#url, protocols);
    this.#socket = socket;
    this.#sent = 0;
    // A server that is stuck takes the connection and never answers the handshake.
    this.#timer = setTimeout(() => socket.close(), HANDSHAKE_LIMIT_MS);
    socket.addEventListener("open", () => this.#opened(socket));
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#onFrame(data);
    });
    socket.addEventListener("close", () => this.#closed(socket));
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Send a text, and return its number: the server counts each connection's from 1. */
  send(text) {
    this.#socket.send(text);
    return ++this.#sent;
  }

  /** Close for good. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  #opened(socket) {
    if (this.#socket !== socket) return;
    clearTimeout(this.#timer);
    this.#onState("open", servedBy());
  }

  #closed(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#wait();
  }

  #wait() {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), RETRY_AFTER_MS);
    this.#onState("waiting", RETRY_AFTER_MS);
  }
}

/** The server that answered the last handshake, by the cookie that the front door sets with it. */
function servedBy() {
  for (const cookie of document.cookie.split("; ")) {
    const [name, value] = cookie.split("=");
    if (name === SERVER_COOKIE) return value;
  }
  return "";
}

/** Drop the cookie of an earlier handshake, which a server without a front door would not replace. */
function forgetServer() {
  document.cookie = `${SERVER_COOKIE}=; Max-Age=0; Path=/; SameSite=Lax`;
}
