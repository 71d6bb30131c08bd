// The WebSocket of a room, opened again whenever it closes.

const RETRY_AFTER_MS = 5_000;
const HANDSHAKE_LIMIT_MS = 10_000;
const SERVER_COOKIE = "wsmigrate_server";

/** Where the WebSockets are: what the page says, else its own host. */
export function socketBase(page = location) {
  const told = document.querySelector('meta[name="websocket-url"]').content;
  return told || `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}`;
}

/**
 * States, told to `onState` with a detail each:
 * "connecting", "open" (the server's name, or ""), "waiting" (milliseconds until the next try).
 * `onFrame` gets the text of each frame.
 */
export class RoomSocket {
  #url;
  #onState;
  #onFrame;
  #socket = null;
  #timer = null;
  #stopped = false;

  constructor(url, { onState, onFrame }) {
    this.#url = url;
    this.#onState = onState;
    this.#onFrame = onFrame;
  }

  /** Connect now, also while waiting for the next try. */
  connect() {
    if (this.#stopped || this.#socket !== null) return;
    clearTimeout(this.#timer);
    forgetServer();
    this.#onState("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    // A server that is stuck takes the connection and never answers the handshake.
    this.#timer = setTimeout(() => socket.close(), HANDSHAKE_LIMIT_MS);
    socket.addEventListener("open", () => this.#opened(socket));
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#onFrame(data);
    });
    socket.addEventListener("close", () => this.#closed(socket));
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
