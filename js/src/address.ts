// Where the page's execution is: beside the page, wherever a proxy may have put that, with the page's own token.

const PAGE = "/watch/";
const TOKENS = ["token", "execmon_token"];

export class Address {
  readonly id: string;
  readonly #origin: string;
  /** The server's root on that host; a proxy may have a path of its own before it. */
  readonly #root: string;
  readonly #query = new URLSearchParams();

  constructor(page: URL) {
    const at = page.pathname.lastIndexOf(PAGE);
    this.id = page.pathname.slice(at + PAGE.length);
    this.#origin = page.origin;
    this.#root = page.pathname.slice(0, at);
    for (const name of TOKENS) {
      const token = page.searchParams.get(name);
      if (token !== null) this.#query.set(name, token);
    }
  }

  /** The WebSocket; with a session to come back to. */
  socket(session?: string): string {
    const query = new URLSearchParams(this.#query);
    query.set("detail", "full");
    if (session) query.set("session", session);
    return `${this.#origin.replace(/^http/, "ws")}${this.#root}/ws/executions/${this.id}?${query}`;
  }

  /** The execution over HTTP, or a part of it. */
  execution(part = ""): string {
    return this.http(`/api/v1/executions/${this.id}${part}`);
  }

  /** The page of another execution. */
  page(id: string): string {
    return this.http(`${PAGE}${id}`);
  }

  /** A path of the server, for example a `screenshot_url`. */
  http(path: string): string {
    const joint = path.includes("?") ? "&" : "?";
    return `${this.#origin}${this.#root}${path}${this.#query.size ? `${joint}${this.#query}` : ""}`;
  }
}
