// The REST API of the site.

const TIME_LIMIT_MS = 20_000;
const TOKENS = "chatire.tokens";
const ABOUT_TO_EXPIRE_S = 30;

/** A request that failed. `status` is 0 when no answer came; `fields` has texts by input name. */
export class ApiError extends Error {
  constructor(status, body) {
    const fields = {};
    for (const [name, texts] of Object.entries(body ?? {})) {
      if (Array.isArray(texts)) fields[name] = texts.join(" ");
    }
    super(body?.detail ?? Object.values(fields).join(" ") ?? "");
    this.message ||= `The site answered with ${status}.`;
    this.status = status;
    this.code = body?.code;
    this.fields = fields;
  }
}

/**
 * The API on behalf of one user. Access tokens are renewed as they run out; when that is refused,
 * `onSignedOut` is called.
 *
 * Tokens live in the tab's session storage: two tabs can be two people, and closing one signs out.
 */
export class Api {
  #tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");
  #renewal = null;
  #onSignedOut;

  constructor(onSignedOut) {
    this.#onSignedOut = onSignedOut;
  }

  get signedIn() {
    return this.#tokens !== null;
  }

  signUp(username, password) {
    return this.#fetch("POST", "/api/users/", { username, password });
  }

  async signIn(username, password) {
    this.#keep(await this.#fetch("POST", "/api/token/", { username, password }));
  }

  signOut() {
    this.#keep(null);
  }

  me() {
    return this.#call("GET", "/api/users/me/");
  }

  chats() {
    return this.#call("GET", "/api/chats/");
  }

  startChat() {
    return this.#call("POST", "/api/chats/", {});
  }

  chat(uri) {
    return this.#call("GET", `/api/chats/${encodeURIComponent(uri)}/`);
  }

  join(uri, username) {
    return this.#call("PATCH", `/api/chats/${encodeURIComponent(uri)}/`, { username });
  }

  messages(uri, after) {
    return this.#call("GET", `/api/chats/${encodeURIComponent(uri)}/messages/?after=${after}`);
  }

  send(uri, message) {
    return this.#call("POST", `/api/chats/${encodeURIComponent(uri)}/messages/`, { message });
  }

  /** An access token that is good for a while yet, renewed where needed. Raises ApiError. */
  async accessToken() {
    if (expiryOf(this.#tokens?.access) < Date.now() / 1000 + ABOUT_TO_EXPIRE_S) await this.#renew();
    return this.#tokens?.access;
  }

  /** A request with the access token, and once more with a new one if it was refused. */
  async #call(method, path, body) {
    const token = this.#tokens?.access;
    try {
      return await this.#fetch(method, path, body, token);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    if (this.#tokens?.access === token) await this.#renew();
    return this.#fetch(method, path, body, this.#tokens?.access);
  }

  /** Renew the access token: one request, however many calls need it at the same time. */
  #renew() {
    this.#renewal ??= this.#fetch("POST", "/api/token/refresh/", { refresh: this.#tokens?.refresh })
      .then((fresh) => this.#keep({ ...this.#tokens, ...fresh }))
      .catch((error) => {
        if (error.status === 400 || error.status === 401) {
          this.#keep(null);
          this.#onSignedOut();
        }
        throw error;
      })
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }

  async #fetch(method, path, body, token) {
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    let response;
    let answer;
    try {
      response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
      });
      answer = await response.text();
    } catch (error) {
      const reason = error.name === "TimeoutError" ? "did not answer in time" : "cannot be reached";
      throw new ApiError(0, { detail: `The site ${reason}.` });
    }
    const data = parsed(answer);
    if (!response.ok) throw new ApiError(response.status, data);
    return data;
  }

  #keep(tokens) {
    this.#tokens = tokens;
    if (tokens === null) {
      sessionStorage.removeItem(TOKENS);
    } else {
      sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
    }
  }
}

/** When a token expires, in seconds since the epoch; 0 for what is none. */
function expiryOf(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(claims)).exp ?? 0;
  } catch {
    return 0;
  }
}

/** The JSON of an answer; null for anything else, such as a proxy's error page. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
